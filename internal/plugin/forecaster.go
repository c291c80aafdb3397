// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/facts"
	"github.com/klink-cloud/klink-operator/internal/forecast"
	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/plan"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

// forecaster says what the operator would do, from the same facts: objects, a listing,
// and the memory of a process that has long seen them.
type forecaster struct {
	*plugin
	*access
	*cluster

	groups      []v1alpha1.Group
	connections []v1alpha1.ConnectionObject
	uid         string
	accounts    map[v1alpha1.ConnectionObject]*listed
}

// listed is what was found out about the account behind a connection.
type listed struct {
	*reader

	listing klink.Listing
	took    time.Duration
	claims  claims
	// err is why nothing is known of it.
	err error
}

func (p *plugin) forecaster(ctx context.Context, a *access) (*forecaster, error) {
	f := &forecaster{plugin: p, access: a, accounts: map[v1alpha1.ConnectionObject]*listed{}}
	var err error
	if f.cluster, err = p.cluster(); err != nil {
		return nil, err
	}
	if f.groups, f.connections, err = p.everywhere(ctx, f.cluster); err != nil {
		return nil, err
	}
	var system corev1.Namespace
	err = f.Get(ctx, client.ObjectKey{Name: metav1.NamespaceSystem}, &system)
	f.uid = string(system.UID)
	if apierrors.IsForbidden(err) {
		err = nil
	}
	return f, err
}

// find is the connection of a Group; nil where it does not exist.
func (f *forecaster) find(g *v1alpha1.Group) v1alpha1.ConnectionObject {
	ref := connectionOf(g)
	for _, c := range f.connections {
		cluster := c.GetNamespace() == ""
		if c.GetName() == ref.Name && cluster == (ref.Kind == v1alpha1.KindClusterConnection) && (cluster || c.GetNamespace() == g.Namespace) {
			return c
		}
	}
	return nil
}

// account lists the account behind a connection, once.
func (f *forecaster) account(ctx context.Context, object v1alpha1.ConnectionObject) *listed {
	if known := f.accounts[object]; known != nil {
		return known
	}
	l := &listed{claims: claimsOf(f.groups, f.connections, object.GetConnectionSpec().Endpoint)}
	f.accounts[object] = l
	if l.reader, l.err = f.through(ctx, f.cluster, object, f.access); l.err == nil {
		l.listing, l.err = l.list(ctx)
		l.took = time.Since(l.listing.Begun)
	}
	return l
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
	object := f.find(g)
	if object == nil {
		return forecast.Of(ctx, facts.Of(in), nil)
	}
	l := f.account(ctx, object)
	if errors.Is(l.err, errNoToken) || ctx.Err() != nil {
		return forecast.Forecast{}, l.err
	}
	if err := f.allowed(ctx, &in, object); err != nil {
		return forecast.Forecast{}, err
	}
	in.TakeOver = object.GetAnnotations()[v1alpha1.AnnotationTakeOver]
	c := &in.Connection
	c.Found, c.Terminating, c.AllowDelete = true, !object.GetDeletionTimestamp().IsZero(), object.GetConnectionSpec().AllowDelete
	if l.err != nil {
		c.Problem = l.err.Error()
		return forecast.Of(ctx, facts.Of(in), nil)
	}
	c.Up, c.Complete = true, l.listing.Complete
	l.show(&in, f.uid)
	return forecast.Of(ctx, facts.Of(in), l.read)
}

// allowed finds out whether the Group's namespace may use the connection, and adopt over it.
func (f *forecaster) allowed(ctx context.Context, in *facts.Input, object v1alpha1.ConnectionObject) error {
	c := &in.Connection
	c.Allowed, c.MayAdopt = true, true
	use, adopt := object.GetAllowedNamespaces(), object.GetAllowedAdoptionNamespaces()
	var err error
	if use != nil && use.From == v1alpha1.NamespacesFromSelector {
		c.Allowed, err = f.matches(ctx, in.Group.Namespace, use.Selector)
	}
	if adopt == nil || err != nil {
		return err
	}
	switch adopt.From {
	case v1alpha1.AdoptionNamespacesFromAll:
	case v1alpha1.AdoptionNamespacesFromNone:
		c.MayAdopt = false
	case v1alpha1.AdoptionNamespacesFromSelector:
		c.MayAdopt, err = f.matches(ctx, in.Group.Namespace, adopt.Selector)
	}
	return err
}

// matches reports whether a namespace has the labels. Whose may not be read is taken to.
func (f *forecaster) matches(ctx context.Context, name string, wanted *metav1.LabelSelector) (bool, error) {
	selector, err := metav1.LabelSelectorAsSelector(wanted)
	if err != nil {
		return false, err
	}
	var namespace corev1.Namespace
	err = f.Get(ctx, client.ObjectKey{Name: name}, &namespace)
	if apierrors.IsForbidden(err) {
		fmt.Fprintf(f.ErrOut, "warning: you may not read the labels of namespace %s; they are taken to match\n", name)
		return true, nil
	}
	return selector.Matches(labels.Set(namespace.Labels)), err
}

// show puts into the facts what the listing shows of a Group's id and names.
func (l *listed) show(in *facts.Input, uid string) {
	names, wanted := facts.Names(in.Group, in.Memory), facts.WantedID(in.Group, in.Memory)
	in.Remote.State = plan.RemoteUnlisted
	in.Evidence = plan.Evidence{Mirrored: true, Listed: l.listing.Begun, Newest: l.listing.Begun, ListedFor: l.took, Complete: l.listing.Complete, Trust: l.trust()}
	in.SeenAt = map[string]time.Time{}
	ids := []string{wanted}
	for _, g := range l.listing.Groups {
		if g.ID == wanted {
			in.Remote = plan.Remote{State: plan.RemotePresent, Group: g, AsOf: l.listing.Begun}
		}
		if slices.Contains(names, g.Name) {
			in.Evidence.Candidates = append(in.Evidence.Candidates, plan.Candidate{Group: g})
			in.SeenAt[g.ID] = l.listing.Begun
			ids = append(ids, g.ID)
		}
	}
	if in.Remote.State == plan.RemoteUnlisted && l.listing.Complete {
		in.Remote.Absent = l.listing.Begun
	}
	for _, id := range ids {
		var others []plan.Claimant
		for _, other := range l.claims[id] {
			same := other.Namespace == in.Group.Namespace && other.Name == in.Group.Name
			if !same && (uid == "" || !facts.IsForeign(other, uid)) {
				others = append(others, facts.Claimant(other, id, ""))
			}
		}
		in.Claims[id] = facts.Claims{Others: others}
	}
}

// trust judges whether this is the account that the Groups live in, as the operator does
// at its first listing.
func (l *listed) trust() plan.Trust {
	shown := map[string]bool{}
	for _, g := range l.listing.Groups {
		shown[g.ID] = true
	}
	owned, missing := 0, 0
	for id, groups := range l.claims {
		if slices.ContainsFunc(groups, func(g *v1alpha1.Group) bool { return g.Status.ID == id }) {
			owned++
			if !shown[id] {
				missing++
			}
		}
	}
	switch {
	case owned == 0:
		return plan.TrustProvisional
	case missing == owned, missing > 10 && missing*5 > owned:
		return plan.TrustLost
	default:
		return plan.TrustEarned
	}
}

func (l *listed) read(ctx context.Context, id string) (remote.Group, bool, error) {
	group, err := l.get(ctx, id)
	if klink.KindOf(err) == klink.KindNotFound {
		return remote.Group{}, false, nil
	}
	return group, err == nil, err
}
