// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"context"
	"fmt"
	"io"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/facts"
	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/plan"
)

// claimants are those of some Groups that the operator counts where it asks whose an id is,
// or, without an id, whose create is open.
func (f *forecaster) claimants(ctx context.Context, l *listed, self *v1alpha1.Group, groups []*v1alpha1.Group, id string) ([]plan.Claimant, error) {
	var others []plan.Claimant
	for _, g := range groups {
		if g.Namespace == self.Namespace && g.Name == self.Name || f.uid != "" && facts.IsForeign(g, f.uid) {
			continue
		}
		c := facts.Claimant(g, id, "")
		use, bind, err := f.may(ctx, l, g, id)
		if err != nil {
			return nil, err
		}
		c.MayBind, c.Resting = bind, g.Spec.Suspend
		if use || c.Bound {
			others = append(others, c)
		}
	}
	return others, nil
}

// may tells whether a Group may use its connection, which has worked, and whether what it
// says of an id in annotation or spec counts.
func (f *forecaster) may(ctx context.Context, l *listed, g *v1alpha1.Group, id string) (use, bind bool, _ error) {
	reason := viewOf("", g.Status.Conditions, g.Generation, g.Status.ObservedGeneration).Reason
	object, err := f.find(ctx, g)
	switch {
	case isUnreadable(err): // the operator's word stands in
		return reason != v1alpha1.ReasonConnectionNotAllowed, reason != v1alpha1.ReasonAdoptionNotAllowed && reason != v1alpha1.ReasonRemoteMissing, nil
	case err != nil || object == nil:
		return false, false, err
	}
	use, adopt, err := f.rules.of(ctx, object, g.Namespace)
	if err != nil || !use || object != l.through && !worked(object) {
		return false, false, err
	}
	if reason == v1alpha1.ReasonRemoteMissing {
		return true, false, nil // its own connection does not show it
	}
	cluster := g.Annotations[v1alpha1.AnnotationGroupCluster]
	consent := cluster != "" && object.GetAnnotations()[v1alpha1.AnnotationTakeOver] == cluster
	return true, adopt || consent || l.mayHaveMade(g, id), nil
}

// mayHaveMade: the Group's annotation names a group that was made after it.
func (l *listed) mayHaveMade(g *v1alpha1.Group, id string) bool {
	return g.Annotations[v1alpha1.AnnotationGroupID] == id && slices.ContainsFunc(l.listing.Groups, func(shown klink.Group) bool {
		return shown.ID == id && plan.MadeSince(shown, g.CreationTimestamp.Time)
	})
}

// elsewhere says what cannot be known of a Group's account.
const elsewhere = "Groups of other namespaces, which you may not list, may own groups of its account"

// mayBeElsewhere reports whether what a Group would bind to, or make, depends on Groups that
// this person may not list.
func (f *forecaster) mayBeElsewhere(g *v1alpha1.Group) bool {
	return f.known.partial && g.Status.ID == "" && connectionOf(g).Kind == v1alpha1.KindClusterConnection
}

// declare has these Groups count as they are here, in the place of those in the cluster:
// manifests may claim what another one claims, or give up what one of the cluster has.
func (f *forecaster) declare(groups []v1alpha1.Group) {
	at := map[client.ObjectKey]int{}
	for i := range f.known.groups {
		at[client.ObjectKeyFromObject(&f.known.groups[i])] = i
	}
	for i := range groups {
		if n, there := at[client.ObjectKeyFromObject(&groups[i])]; there {
			f.known.groups[n] = groups[i]
			continue
		}
		f.known.groups = append(f.known.groups, groups[i])
	}
}

// worked reports whether a connection has been answered, by its status.
func worked(object v1alpha1.ConnectionObject) bool {
	ready := meta.FindStatusCondition(object.GetConditions(), v1alpha1.ConditionReady)
	return ready != nil && ready.Status == metav1.ConditionTrue && ready.ObservedGeneration == object.GetGeneration()
}

// refused says why the operator does not use a connection whose account this person may well
// read: it allows Connections only some endpoints.
func refused(object v1alpha1.ConnectionObject) string {
	ready := meta.FindStatusCondition(object.GetConditions(), v1alpha1.ConditionReady)
	if ready == nil || ready.Reason != v1alpha1.ReasonEndpointNotAllowed || ready.ObservedGeneration != object.GetGeneration() {
		return ""
	}
	return ready.Reason + ": " + ready.Message
}

// rules tell what connections allow a namespace.
type rules struct {
	cluster *cluster
	// warn is where it is said what may not be read.
	warn io.Writer
	// namespaces are those whose labels were asked for; nil where they may not be read.
	namespaces map[string]*corev1.Namespace
}

// of are whether a namespace may use a connection, and adopt over it.
func (r *rules) of(ctx context.Context, object v1alpha1.ConnectionObject, namespace string) (use, adopt bool, err error) {
	use, adopt = true, true
	if rule := object.GetAllowedNamespaces(); rule != nil && rule.From == v1alpha1.NamespacesFromSelector {
		use, err = r.matches(ctx, namespace, rule.Selector)
	}
	rule := object.GetAllowedAdoptionNamespaces()
	if rule == nil || err != nil {
		return use, adopt, err
	}
	switch rule.From {
	case v1alpha1.AdoptionNamespacesFromAll:
	case v1alpha1.AdoptionNamespacesFromNone:
		adopt = false
	case v1alpha1.AdoptionNamespacesFromSelector:
		adopt, err = r.matches(ctx, namespace, rule.Selector)
	}
	return use, adopt, err
}

// matches reports whether a namespace has the labels. Whose may not be read is taken to.
func (r *rules) matches(ctx context.Context, name string, wanted *metav1.LabelSelector) (bool, error) {
	selector, err := metav1.LabelSelectorAsSelector(wanted)
	if err != nil {
		return false, err
	}
	namespace, read := r.namespaces[name]
	if !read {
		namespace = &corev1.Namespace{}
		if err := r.cluster.Get(ctx, client.ObjectKey{Name: name}, namespace); apierrors.IsForbidden(err) {
			fmt.Fprintf(r.warn, "warning: you may not read the labels of namespace %s; they are taken to match\n", name)
			namespace = nil
		} else if err != nil {
			return false, err
		}
		r.namespaces[name] = namespace
	}
	return namespace == nil || selector.Matches(labels.Set(namespace.Labels)), nil
}
