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
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/account"
	"github.com/klink-cloud/klink-operator/internal/plan"
)

// look is one pass over one Group.
type look struct {
	*GroupReconciler

	group    *v1alpha1.Group // our copy; patches update it
	mem      *memory
	key      account.Key
	account  *account.Account // nil until the connection is set up
	endpoint string
	facts    plan.Facts
	missed   bool         // a write of this look did not find its group
	events   []occurrence // recorded at the end of the look
}

// look gathers what is known of a Group.
func (r *GroupReconciler) look(ctx context.Context, group *v1alpha1.Group) (*look, error) {
	now := time.Now()
	name := client.ObjectKeyFromObject(group)
	if previous := r.memories.last(name); previous != nil && previous.uid != group.UID {
		// Another Group had this name; what it left behind is settled first.
		if again := r.settleUnrecorded(ctx, previous); again > 0 {
			return nil, errStartOver
		}
		r.letGo(ctx, previous)
		r.memories.forget(name)
	}
	mem := r.memories.recall(name, group.UID, now)
	group = mem.overtaken.current(group)
	mem.at(group.Generation, group.Annotations[v1alpha1.AnnotationReconcileRequestedAt])
	l := &look{GroupReconciler: r, group: group, mem: mem, key: connectionOf(group)}
	l.account, l.endpoint = r.Accounts.Get(l.key), r.endpointOf(ctx, l.key)
	l.facts = plan.Facts{
		Now: now, Group: group, Declared: plan.DeclaredBy(&group.Spec), DryRun: r.DryRun,
		History: plan.History{
			FirstSeen: mem.firstSeen, Refused: mem.refused, NotApplied: mem.notApplied, Failed: mem.failed,
			Contested: mem.contested(now),
		},
	}
	if err := l.observe(ctx); err != nil {
		return nil, err
	}
	return l, nil
}

// observe fills in what lies around the Group: its connection, its identity, and
// what the mirror shows.
func (l *look) observe(ctx context.Context) error {
	f := &l.facts
	connection, err := l.observeConnection(ctx)
	if err != nil {
		return err
	}
	f.Connection = connection
	if !l.group.DeletionTimestamp.IsZero() {
		if f.CRDGone, err = l.crd.terminating(ctx, l.Live, l.Unserved, l.mem.seeDeletion(f.Now)); err != nil {
			return err
		}
	}
	if err := l.observeIdentity(ctx); err != nil {
		return err
	}
	return l.observeRemote(ctx)
}

// observeRemote asks the mirror for the wanted group, and for groups of its name
// where one is to be found or made.
func (l *look) observeRemote(ctx context.Context) error {
	f := &l.facts
	if l.account == nil {
		return nil
	}
	if id := l.wantedID(); id != "" && !f.Remote.Fresh {
		f.Remote = remoteOf(l.account.Lookup(id))
	}
	name := f.Declared.Name
	names := []string{name}
	if attempt := f.Identity.Attempt; attempt != nil && attempt.Name != name {
		name, names = attempt.Name, append(names, attempt.Name)
	}
	f.Evidence = evidenceOf(l.account.Evidence(names...))
	// In this order: a create that made what the evidence shows is in flight still,
	// or has claimed it.
	f.Identity.CreateInFlight = f.Identity.ID == "" && l.Accounts.Claims.Creating(l.endpoint, name)
	note := f.Identity.Attempt
	f.Evidence.OtherAccount = note != nil && note.Account != "" && note.Account != l.account.Fingerprint(note.Salt()) && f.Evidence.Trust != plan.TrustEarned
	return l.observeOwners(ctx)
}

// observeOwners finds out whose the candidates are, where one is to be chosen.
func (l *look) observeOwners(ctx context.Context) error {
	for i := range l.facts.Evidence.Candidates {
		c := &l.facts.Evidence.Candidates[i]
		c.MadeForOther = l.Accounts.Claims.MadeForOther(l.endpoint, c.Group.ID, string(l.group.UID))
		if l.facts.Identity.ID != "" {
			continue
		}
		others, err := l.claimants(ctx, c.Group.ID)
		if err != nil {
			return err
		}
		if owner, owned := plan.Owner(others); owned {
			c.OwnedBy = owner.Group
		}
	}
	return nil
}

func (l *look) wantedID() string {
	if id := l.facts.Identity.ID; id != "" {
		return id
	}
	return l.group.Spec.GroupID
}

// observeIdentity finds out what the Group is bound to, and by whom.
func (l *look) observeIdentity(ctx context.Context) error {
	id := &l.facts.Identity
	annotations := l.group.Annotations
	id.ID = l.identity()
	id.Seen = l.mem.see(id.ID, l.facts.Now)
	id.Unarchive = id.ID != "" && annotations[annotationUnarchive] == id.ID
	id.Recorded = l.recorded(id.ID)
	if cluster := annotations[v1alpha1.AnnotationGroupCluster]; id.ID != "" && cluster != "" && cluster != l.Cluster {
		id.ForeignCluster = cluster
	}
	id.WaitsForOwner = id.ID != "" && l.waits()
	if note, noted := annotations[v1alpha1.AnnotationCreateAttempt]; noted && id.ID == "" {
		l.mem.seeAttempt(note, l.facts.Now)
		id.AttemptSeen, id.AttemptEmpty = l.mem.attemptSeen, l.mem.attemptEmpty
		if attempt, err := plan.ParseAttempt(note); err != nil {
			id.AttemptUnreadable = true
		} else {
			id.Attempt = &attempt
		}
	}
	wanted := l.wantedID()
	if wanted == "" {
		return nil
	}
	others, err := l.claimants(ctx, wanted)
	if err != nil {
		return err
	}
	id.OtherOwner = l.otherOwner(wanted, others)
	return nil
}

// waits: status says that another owns the group that this one would have.
func (l *look) waits() bool {
	ready := meta.FindStatusCondition(l.group.Status.Conditions, v1alpha1.ConditionReady)
	return l.group.Status.ID == "" && ready != nil && ready.Reason == v1alpha1.ReasonIDConflict
}

// identity is the bound id: what this process has bound, where the cache may lag
// behind, else what the Group says.
func (l *look) identity() string {
	if l.mem.unrecorded != nil {
		return l.mem.unrecorded.group.ID
	}
	id := boundID(l.group)
	if id == l.mem.bound {
		l.mem.bound = ""
	}
	if l.mem.bound != "" || id == l.mem.dropped {
		return l.mem.bound
	}
	l.mem.dropped = ""
	return id
}

// recorded reports whether annotations and finalizer say what they should.
func (l *look) recorded(id string) bool {
	a := l.group.Annotations
	_, attempt := a[v1alpha1.AnnotationCreateAttempt]
	return l.mem.unrecorded == nil && !attempt && a[v1alpha1.AnnotationGroupID] == id && a[v1alpha1.AnnotationGroupCluster] != "" &&
		slices.Contains(l.group.Finalizers, v1alpha1.FinalizerGroup)
}

// claimants are the other Groups that name an id of this Group's account.
func (l *look) claimants(ctx context.Context, id string) ([]plan.Claimant, error) {
	groups, err := l.Groups.Naming(ctx, id)
	if err != nil {
		return nil, err
	}
	holder := l.Accounts.Claims.Owner(l.endpoint, id)
	var others []plan.Claimant
	for i := range groups {
		g := &groups[i]
		if g.UID == l.group.UID || l.foreign(g) || !l.sameAccount(ctx, g) {
			continue
		}
		others = append(others, claimantOf(g, id, holder))
		if string(g.UID) == holder {
			holder = ""
		}
	}
	if holder != "" && holder != string(l.group.UID) {
		others = append(others, plan.Claimant{UID: holder, Group: "that was just bound", Bound: true})
	}
	return others, nil
}

func claimantOf(g *v1alpha1.Group, id, holder string) plan.Claimant {
	return plan.Claimant{
		UID: string(g.UID), Group: g.Namespace + "/" + g.Name, Created: g.CreationTimestamp.Time,
		Bound: g.Status.ID == id || string(g.UID) == holder, Deleting: !g.DeletionTimestamp.IsZero(),
	}
}

// otherOwner names the other Group that owns the id, if one does.
func (l *look) otherOwner(id string, others []plan.Claimant) string {
	self := claimantOf(l.group, id, l.Accounts.Claims.Owner(l.endpoint, id))
	self.Bound = self.Bound || l.mem.bound == id
	owner, _ := plan.Owner(append(others, self))
	if owner.UID == self.UID || owner.UID == "" {
		return ""
	}
	return owner.Group
}

// foreign: another cluster bound it, so that it owns nothing here.
func (l *look) foreign(g *v1alpha1.Group) bool {
	cluster := g.Annotations[v1alpha1.AnnotationGroupCluster]
	return cluster != "" && cluster != l.Cluster
}

// sameAccount reports whether another Group's ids are of the same account, as
// far as the endpoints tell.
func (l *look) sameAccount(ctx context.Context, g *v1alpha1.Group) bool {
	key := connectionOf(g)
	if key == l.key {
		return true
	}
	endpoint := l.endpointOf(ctx, key)
	return endpoint != "" && account.NormalEndpoint(endpoint) == account.NormalEndpoint(l.endpoint)
}

// endpointOf is where a connection leads, also while this process has not looked
// at it yet: what its Groups own, they own from the start. It is empty for one
// that does not exist.
func (r *GroupReconciler) endpointOf(ctx context.Context, key account.Key) string {
	if a := r.Accounts.Get(key); a != nil && a.State().Endpoint != "" {
		return a.State().Endpoint
	}
	object, err := r.Groups.connection(ctx, key)
	if err != nil {
		return "" // it is not there, or the cache is gone, and so are we
	}
	return object.GetConnectionSpec().Endpoint
}

// observeConnection finds out what the connection allows.
func (l *look) observeConnection(ctx context.Context) (plan.Connection, error) {
	c := plan.Connection{Name: l.key.Kind + " " + l.key.Name}
	object, err := l.Groups.connection(ctx, l.key)
	if apierrors.IsNotFound(err) {
		if l.Groups.NamespacedOnly && l.key.Namespace == "" {
			c.Problem = "this manager has rights in namespaces alone, use a Connection"
		}
		return c, nil
	}
	if err != nil {
		return c, fmt.Errorf("reading %s: %w", c.Name, err)
	}
	c.Found, c.Terminating = true, !object.GetDeletionTimestamp().IsZero()
	c.AllowDelete = object.GetConnectionSpec().AllowDelete
	if c.Allowed, err = l.allowed.allows(ctx, l.Live, object.GetAllowedNamespaces(), l.group.Namespace); err != nil {
		return c, err
	}
	cluster := l.group.Annotations[v1alpha1.AnnotationGroupCluster]
	l.facts.Identity.TakeOver = cluster != "" && object.GetAnnotations()[v1alpha1.AnnotationTakeOver] == cluster
	if l.account == nil {
		c.Waiting = true
		return c, nil
	}
	state := l.account.State()
	c.Up, c.Problem, c.Complete = state.Up, state.Message, l.account.Complete()
	c.Waiting = !state.Up && state.Down == 0
	return c, nil
}
