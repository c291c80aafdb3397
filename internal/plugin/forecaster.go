// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/account"
	"github.com/klink-cloud/klink-operator/internal/facts"
	"github.com/klink-cloud/klink-operator/internal/forecast"
	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/plan"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

// forecaster says what the operator would do, from the same facts: objects, a listing,
// and the memory of a process that has long seen them.
type forecaster struct {
	*terminal

	access  *access
	cluster *cluster
	known   known
	rules   rules

	uid      string
	lookups  map[string]lookup
	accounts map[v1alpha1.ConnectionObject]*listed
}

// lookup is what looking for one connection came to.
type lookup struct {
	object v1alpha1.ConnectionObject
	err    error
}

// listed is what was found out about the account behind a connection.
type listed struct {
	*reader

	through v1alpha1.ConnectionObject
	listing klink.Listing
	took    time.Duration
	claims  claims
	// creating are the Groups that note a create, and have no id.
	creating []*v1alpha1.Group
	trust    account.Trust
	// err is why nothing is known of it.
	err error
}

func newForecaster(ctx context.Context, t *terminal, c *cluster, a *access) (*forecaster, error) {
	f := &forecaster{
		terminal: t, access: a, cluster: c, rules: rules{cluster: c, warn: t.ErrOut, namespaces: map[string]*corev1.Namespace{}},
		lookups: map[string]lookup{}, accounts: map[v1alpha1.ConnectionObject]*listed{},
	}
	var err error
	if f.known, err = everywhere(ctx, c, t.ErrOut); err != nil {
		return nil, err
	}
	var system corev1.Namespace
	err = c.Get(ctx, client.ObjectKey{Name: metav1.NamespaceSystem}, &system)
	f.uid = string(system.UID)
	if apierrors.IsForbidden(err) {
		err = nil
	}
	return f, err
}

// find is the connection of a Group; nil where it does not exist. Where it may not be read,
// and an endpoint is given, that is taken for the one that it leads to.
func (f *forecaster) find(ctx context.Context, g *v1alpha1.Group) (v1alpha1.ConnectionObject, error) {
	ref := connectionOf(g)
	for _, c := range f.known.connections {
		if refers(g, c) {
			return c, nil
		}
	}
	key := g.Namespace + " " + refName(ref)
	if ref.Kind == v1alpha1.KindClusterConnection {
		key = refName(ref)
	}
	if s, known := f.lookups[key]; known {
		return s.object, s.err
	}
	object, err := f.cluster.connection(ctx, ref, g.Namespace)
	switch {
	case apierrors.IsNotFound(err):
		object, err = nil, nil
	case isUnreadable(err) && f.access.endpoint != "":
		fmt.Fprintf(f.ErrOut, "warning: you may not read %s: it is taken to lead to --endpoint, to be open to your namespace, and not to allow deleting for good\n", refName(ref))
		object.GetConnectionSpec().Endpoint, err = f.access.endpoint, nil
	case err != nil:
		object = nil
	}
	f.lookups[key] = lookup{object, err}
	return object, err
}

// account lists the account behind a connection, once.
func (f *forecaster) account(ctx context.Context, object v1alpha1.ConnectionObject) *listed {
	if known := f.accounts[object]; known != nil {
		return known
	}
	groups := f.known.ofAccount(object.GetConnectionSpec().Endpoint)
	l := &listed{through: object, claims: claimsOf(groups)}
	f.accounts[object] = l
	for _, g := range groups {
		if _, noted := g.Annotations[v1alpha1.AnnotationCreateAttempt]; noted && facts.NamedID(g) == "" {
			l.creating = append(l.creating, g)
		}
	}
	if l.reader, l.err = f.access.through(ctx, f.cluster, object); l.err == nil {
		l.listing, l.err = l.list(ctx)
		l.took = time.Since(l.listing.Begun)
	}
	if l.err == nil {
		l.trust, l.err = f.judge(ctx, l)
	}
	if l.err != nil && !isUnreadable(l.err) {
		// What the API refuses now is no word about the Groups, whatever the operator does meanwhile.
		l.err = &unreadable{fmt.Sprintf("the account behind %s cannot be read: %v", kindName(object), l.err)}
	}
	return l
}

// judge is whether this is the account that the Groups live in, as the operator has it after
// its first listing.
func (f *forecaster) judge(ctx context.Context, l *listed) (account.Trust, error) {
	shown := map[string]bool{}
	for _, g := range l.listing.Groups {
		shown[g.ID] = true
	}
	owned, missing := 0, 0
	for id, groups := range l.claims {
		if !l.listing.Complete && !shown[id] {
			continue // each is asked for, by itself
		}
		bound, err := f.bound(ctx, l, id, groups)
		if err != nil {
			return 0, err
		}
		if bound {
			owned++
			if !shown[id] {
				missing++
			}
		}
	}
	return account.FirstTrust(owned, missing), nil
}

// bound reports whether one of these Groups, which may use its connection, is bound to the id.
func (f *forecaster) bound(ctx context.Context, l *listed, id string, groups []*v1alpha1.Group) (bool, error) {
	for _, g := range groups {
		if g.Status.ID != id || f.uid != "" && facts.IsForeign(g, f.uid) {
			continue
		}
		if use, _, err := f.may(ctx, l, g, id); use || err != nil {
			return use, err
		}
	}
	return false, nil
}

// forecast says what would happen to a Group.
func (f *forecaster) forecast(ctx context.Context, g *v1alpha1.Group) (forecast.Forecast, error) {
	in := facts.Input{Now: time.Now(), Group: g, Cluster: f.uid, Claims: map[string]facts.Claims{}}
	if f.uid == "" {
		in.Cluster = g.Annotations[v1alpha1.AnnotationGroupCluster] // who may not read it takes the Group's word
	}
	// A process that has seen all this long before the listing has nothing to wait for.
	in.Memory.See(g, in.Now.Add(-2*plan.SettleTime))
	in.Connection.Name = string(connectionOf(g).Kind) + " " + connectionOf(g).Name
	object, err := f.find(ctx, g)
	if err != nil {
		return forecast.Forecast{}, err
	}
	if object == nil {
		return forecast.Of(ctx, facts.Of(in), nil)
	}
	c := &in.Connection
	if c.Allowed, c.MayAdopt, err = f.rules.of(ctx, object, g.Namespace); err != nil {
		return forecast.Forecast{}, err
	}
	in.TakeOver = object.GetAnnotations()[v1alpha1.AnnotationTakeOver]
	if rule := object.GetAllowedNamespaces(); rule != nil && rule.From == v1alpha1.NamespacesFromSelector {
		c.Selector = metav1.FormatLabelSelector(rule.Selector)
	}
	c.Found, c.Terminating, c.AllowDelete = true, !object.GetDeletionTimestamp().IsZero(), object.GetConnectionSpec().AllowDelete
	if c.Problem = refused(object); c.Problem != "" {
		return forecast.Of(ctx, facts.Of(in), nil)
	}
	l := f.account(ctx, object)
	if ctx.Err() != nil || l.err != nil {
		return forecast.Forecast{}, cmp.Or(ctx.Err(), l.err)
	}
	c.Up, c.Complete = true, l.listing.Complete
	if err := f.show(ctx, l, &in); err != nil {
		return forecast.Forecast{}, err
	}
	return forecast.Of(ctx, facts.Of(in), l.read)
}

// show puts into the facts what the listing shows of a Group's id and names, and who claims
// what, by the functions by which the operator does.
func (f *forecaster) show(ctx context.Context, l *listed, in *facts.Input) error {
	names, wanted := facts.Names(in.Group, in.Memory), facts.WantedID(in.Group, in.Memory)
	shown := account.Evidence{
		Mirrored: true, Listed: l.listing.Begun, Newest: l.listing.Begun, ListedFor: l.took, Complete: l.listing.Complete, Trust: l.trust,
	}
	shown.Named, shown.Unnamed = account.Named(l.listing.Groups, names...)
	in.Evidence, in.SeenAt = facts.Evidence(shown), map[string]time.Time{}
	in.Remote.State = plan.RemoteUnlisted
	if at := slices.IndexFunc(l.listing.Groups, func(g klink.Group) bool { return g.ID == wanted }); at >= 0 {
		in.Remote = plan.Remote{State: plan.RemotePresent, Group: l.listing.Groups[at], AsOf: l.listing.Begun}
	} else if l.listing.Complete {
		in.Remote.Absent = l.listing.Begun
	}
	ids := []string{wanted}
	for _, c := range in.Evidence.Candidates {
		in.SeenAt[c.Group.ID] = l.listing.Begun
		ids = append(ids, c.Group.ID)
	}
	note, _ := facts.Note(in.Group, in.Memory)
	if attempt, err := plan.ParseAttempt(note); err == nil {
		in.Fingerprint = l.fingerprint(attempt.Salt())
	}
	for _, id := range ids {
		others, err := f.claimants(ctx, l, in.Group, l.claims[id], id)
		if err != nil {
			return err
		}
		in.Claims[id] = facts.Claims{Others: others}
	}
	var err error
	in.OpenCreates, err = f.claimants(ctx, l, in.Group, l.creating, "")
	return err
}

func (l *listed) read(ctx context.Context, id string) (remote.Group, bool, error) {
	defer l.progress.clear()
	l.progress.say("reading group %s", id)
	group, err := l.get(ctx, id)
	if klink.KindOf(err) == klink.KindNotFound {
		return remote.Group{}, false, nil
	}
	return group, err == nil, err
}
