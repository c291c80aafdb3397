// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/account"
	"github.com/klink-cloud/klink-operator/internal/facts"
	"github.com/klink-cloud/klink-operator/internal/plan"
)

// owners finds out which other Groups claim a remote id. It reads, from the cache or
// from the API server; who of them owns it, the plan decides.
type owners struct {
	groups     Groups
	live       client.Reader
	accounts   *account.Registry
	cluster    string
	namespaces []string
	states     *stateStore
	// pages has a place for the one page of Groups that is read at a time.
	pages chan struct{}
	// since is when this manager began to work.
	since func() time.Time
}

// cached are the claimants that the cache and this process know of.
func (o *owners) cached(ctx context.Context, s *scope, id string) ([]plan.Claimant, error) {
	groups, err := o.groups.Naming(id)
	if err != nil {
		return nil, err
	}
	holder := o.accounts.Claims.Owner(s.endpoint, id)
	others, err := o.claimants(ctx, s, groups, id, holder)
	if err != nil {
		return nil, err
	}
	for i := range others {
		if others[i].UID == holder {
			holder = ""
		}
	}
	if holder != "" && holder != s.uid() {
		others = append(others, plan.Claimant{UID: holder, Group: plan.OwnerNotCached, Bound: true})
	}
	return others, nil
}

// openCreates are the other Groups of these names whose create is open, by the cache.
// Not those over another connection that shows none of the candidates: what they make, they
// make in another account.
func (o *owners) openCreates(ctx context.Context, s *scope, names []string, candidates []plan.Candidate) ([]plan.Claimant, error) {
	var open []plan.Claimant
	for _, key := range nameKeys(names) {
		groups, err := o.groups.Named(key)
		if err != nil {
			return nil, err
		}
		groups = slices.DeleteFunc(groups, func(g *v1alpha1.Group) bool { return o.isElsewhere(s, g, candidates) })
		others, err := o.claimants(ctx, s, groups, "", "")
		if err != nil {
			return nil, err
		}
		open = append(open, slices.DeleteFunc(others, func(c plan.Claimant) bool { return c.Attempt == nil })...)
	}
	return open, nil
}

// before are the claimants to be looked at before a Group is bound, as the API
// server has them: the cache may lag behind another manager's last writes. Just
// after a hand-over these are all Groups: the manager before may still be creating
// for one that the cache does not show yet.
func (o *owners) before(ctx context.Context, s *scope, id string) ([]plan.Claimant, error) {
	if time.Since(o.since()) >= handOver {
		return o.suspects(ctx, s, id)
	}
	return o.everyone(ctx, s, id)
}

// everyone are the claimants among all Groups, as the API server has them.
func (o *owners) everyone(ctx context.Context, s *scope, id string) (all []plan.Claimant, _ error) {
	err := o.eachPage(ctx, func(groups []*v1alpha1.Group) error {
		some, err := o.claimants(ctx, s, groups, id, "")
		all = append(all, some...)
		return err
	})
	return all, err
}

// after are those to be looked at once more, after the binding was written. Between
// two adoptions the cache has had time to show both Groups; a recovery can be of a
// Group made a moment ago.
func (o *owners) after(ctx context.Context, s *scope, step plan.Step) ([]plan.Claimant, error) {
	if step.Origin == plan.OriginRecovered {
		return o.before(ctx, s, step.ID)
	}
	return o.suspects(ctx, s, step.ID)
}

// handOver is for how long a manager that lost the lease may still end a POST and
// record its id, and some more.
const handOver = postTimeout + recordTimeout + 15*time.Second

// suspects are the Groups whose status has the id, which is selectable, and those of
// its name without an id in the cache that may use its account, which are read one by one.
// Anybody may have thousands of the name, and those who have, would have it read as often.
func (o *owners) suspects(ctx context.Context, s *scope, id string) ([]plan.Claimant, error) {
	var groups []*v1alpha1.Group
	err := o.eachPage(ctx, func(page []*v1alpha1.Group) error { groups = append(groups, page...); return nil },
		client.MatchingFieldsSelector{Selector: fields.OneTermEqualSelector("status.id", id)})
	if err != nil {
		return nil, err
	}
	named, err := o.groups.Named(s.account.Lookup(id).Group.Name)
	if err != nil {
		return nil, err
	}
	named = slices.DeleteFunc(named, func(g *v1alpha1.Group) bool { return g.Status.ID != "" || g.UID == s.group.UID })
	if named, err = o.competing(ctx, s, named, id); err != nil {
		return nil, err
	}
	if len(named) > mostNamesakes {
		return o.everyone(ctx, s, id)
	}
	for _, cached := range named {
		g := &v1alpha1.Group{}
		err := o.live.Get(ctx, client.ObjectKeyFromObject(cached), g)
		switch {
		case err == nil:
			groups = append(groups, g)
		case !apierrors.IsNotFound(err):
			return nil, fmt.Errorf("reading a Group of the same name: %w", err)
		}
	}
	return o.claimants(ctx, s, groups, id, "")
}

// competing are those of the Groups that may use the account of the one that is looked at.
// What they may bind to, and what they say, is for the API server to tell.
func (o *owners) competing(ctx context.Context, s *scope, groups []*v1alpha1.Group, id string) (kept []*v1alpha1.Group, _ error) {
	for _, g := range groups {
		same, err := o.sameAccount(ctx, s, g)
		if err != nil {
			return nil, err
		}
		if !same {
			continue
		}
		use, _, err := o.may(ctx, s, g, id)
		if err != nil {
			return nil, err
		}
		if use {
			kept = append(kept, g)
		}
	}
	return kept, nil
}

// claimants leaves out the Group itself, those of other accounts, those that another
// cluster bound, which own nothing here, and those whose word does not count.
func (o *owners) claimants(ctx context.Context, s *scope, groups []*v1alpha1.Group, id, holder string) ([]plan.Claimant, error) {
	var others []plan.Claimant
	for _, g := range groups {
		if g.UID == s.group.UID || facts.IsForeign(g, o.cluster) {
			continue
		}
		same, err := o.sameAccount(ctx, s, g)
		if err != nil {
			return nil, err
		}
		if !same {
			continue
		}
		c := facts.Claimant(g, id, holder)
		if o.hides(s, g, id) {
			c.Attempt = nil
		}
		use, bind, err := o.may(ctx, s, g, id)
		if err != nil {
			return nil, err
		}
		c.MayBind = bind
		c.Resting = g.Spec.Suspend && !o.states.noted(g)
		if use || c.Bound {
			others = append(others, c)
		}
	}
	return others, nil
}

// may tells whether a Group may use its connection, which has worked, and whether what
// it says of the id in annotation or spec counts.
func (o *owners) may(ctx context.Context, s *scope, g *v1alpha1.Group, id string) (use, bind bool, _ error) {
	key := connectionOf(g)
	object, err := o.groups.connection(ctx, key)
	if apierrors.IsNotFound(err) {
		return false, false, nil
	}
	if err != nil {
		return false, false, fmt.Errorf("reading %s: %w", key, err)
	}
	r, err := o.groups.labels.of(ctx, object, g.Namespace, lookupTTL)
	if err != nil || !r.use || !o.worked(key, object) {
		return false, false, err
	}
	ready := meta.FindStatusCondition(g.Status.Conditions, v1alpha1.ConditionReady)
	if ready != nil && ready.Reason == v1alpha1.ReasonRemoteMissing || o.hides(s, g, id) {
		return true, false, nil // its own connection does not show it
	}
	cluster := g.Annotations[v1alpha1.AnnotationGroupCluster]
	consent := cluster != "" && object.GetAnnotations()[v1alpha1.AnnotationTakeOver] == cluster
	made := s.account != nil && g.Annotations[v1alpha1.AnnotationGroupID] == id &&
		plan.MadeSince(s.account.Lookup(id).Group, g.CreationTimestamp.Time)
	return true, r.adopt || consent || made, nil
}

// worked reports whether a connection has been answered under its present settings: in
// this process, or, as its status says, in one before.
func (o *owners) worked(key account.Key, object connectionObject) bool {
	if a := o.accounts.Get(key); a != nil {
		if state := a.State(); state.Up || !state.Listed.IsZero() {
			return true
		}
	}
	ready := meta.FindStatusCondition(object.GetConditions(), v1alpha1.ConditionReady)
	return ready != nil && ready.Status == metav1.ConditionTrue && ready.ObservedGeneration == object.GetGeneration()
}

// hides reports whether another connection's account is proven to lack a group that one of
// its Groups claims. Other accounts may be at the same endpoint, and who has one could claim
// the ids of all. A create that this process has noted hides nothing.
func (o *owners) hides(s *scope, g *v1alpha1.Group, id string) bool {
	key := connectionOf(g)
	a := o.accounts.Get(key)
	return a != nil && key != s.key && id != "" && !o.states.noted(g) && disproves(a.Lookup(id), g, id)
}

// disproves reports whether what is known of an id shows that a Group's annotations claim it
// in vain: a complete listing lacks it that is newer than the claim, and than what an open
// create may still bring. An id in status is no such claim.
func disproves(known account.Remote, g *v1alpha1.Group, id string) bool {
	since := g.CreationTimestamp.Time
	if attempt, err := plan.ParseAttempt(g.Annotations[v1alpha1.AnnotationCreateAttempt]); err == nil {
		since = attempt.Time.Add(plan.SettleTime)
	}
	return g.Status.ID != id && known.Presence == account.Unlisted && known.Absent.After(since)
}

// isElsewhere reports whether a Group's connection shows none of the candidates: what it
// makes, it makes in another account.
func (o *owners) isElsewhere(s *scope, g *v1alpha1.Group, candidates []plan.Candidate) bool {
	return len(candidates) > 0 && !slices.ContainsFunc(candidates, func(c plan.Candidate) bool { return !o.hides(s, g, c.Group.ID) })
}

// mayCreate reads the labels of the Group's namespace, unless they were just read. A
// connection that is being deleted takes nothing new.
func (o *owners) mayCreate(ctx context.Context, s *scope) (bool, error) {
	object, err := o.groups.connection(ctx, s.key)
	if err != nil {
		return false, fmt.Errorf("reading %s: %w", s.key, err)
	}
	r, err := o.groups.labels.of(ctx, object, s.group.Namespace, createTTL)
	return r.use && object.GetDeletionTimestamp().IsZero(), err
}

// sameAccount reports whether another Group's ids are of the same account, as
// far as the endpoints tell.
func (o *owners) sameAccount(ctx context.Context, s *scope, g *v1alpha1.Group) (bool, error) {
	key := connectionOf(g)
	if key == s.key {
		return true, nil
	}
	endpoint, err := o.endpoint(ctx, key)
	return endpoint != "" && account.NormalEndpoint(endpoint) == account.NormalEndpoint(s.endpoint), err
}

// endpoint is where a connection leads, also while this process has not looked at
// it yet: what its Groups own, they own from the start. It is empty for one that
// does not exist; that it could not be read is an error, and no other account.
func (o *owners) endpoint(ctx context.Context, key account.Key) (string, error) {
	if a := o.accounts.Get(key); a != nil && a.State().Endpoint != "" {
		return a.State().Endpoint, nil
	}
	object, err := o.groups.connection(ctx, key)
	if apierrors.IsNotFound(err) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", key, err)
	}
	return object.GetConnectionSpec().Endpoint, nil
}
