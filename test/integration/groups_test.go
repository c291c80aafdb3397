// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package integration

import (
	"context"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
)

// groups is what a person does with the Groups of a namespace, and waits to see on them. It
// touches the Kubernetes API alone.
type groups struct {
	*testing.T

	namespace string
}

// create creates a Group on the world's connection.
func (gs groups) create(name string, adjust ...func(*v1alpha1.Group)) *v1alpha1.Group {
	gs.Helper()
	g := worlds.Group(gs.namespace, name, "sim", adjust...)
	create(gs, g)
	return g
}

// createMany creates n Groups named prefix-0 and on, and returns the names.
func (gs groups) createMany(prefix string, n int, adjust ...func(*v1alpha1.Group)) []string {
	gs.Helper()
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("%s-%d", prefix, i))
		gs.create(names[i], adjust...)
	}
	return names
}

// named is an empty Group of this name, for the API to fill in or to delete.
func (gs groups) named(name string) *v1alpha1.Group {
	return &v1alpha1.Group{ObjectMeta: metav1.ObjectMeta{Namespace: gs.namespace, Name: name}}
}

// get reads a Group; nil if it is gone.
func (gs groups) get(name string) *v1alpha1.Group {
	gs.Helper()
	g := gs.named(name)
	if !worlds.Find(gs, api, g) {
		return nil
	}
	return g
}

// edit changes a Group as a person would.
func (gs groups) edit(name string, change func(*v1alpha1.Group)) {
	gs.Helper()
	g := gs.named(name)
	worlds.Edit(gs, api, g, func() { change(g) })
}

// delete deletes a Group and returns at once.
func (gs groups) delete(name string) {
	gs.Helper()
	worlds.Delete(gs, api, gs.named(name))
}

// annotate sets an annotation of a Group; "" removes it.
func (gs groups) annotate(name, annotation, value string) {
	gs.Helper()
	gs.edit(name, func(g *v1alpha1.Group) {
		metav1.SetMetaDataAnnotation(&g.ObjectMeta, annotation, value)
		if value == "" {
			delete(g.Annotations, annotation)
		}
	})
}

// request asks for a fresh look, and waits until the status says that it was taken.
func (gs groups) request(name, when string) {
	gs.Helper()
	gs.annotate(name, v1alpha1.AnnotationReconcileRequestedAt, when)
	eventually(gs, func() string {
		if have := gs.get(name).Status.LastHandledReconcileAt; have != when {
			return "status.lastHandledReconcileAt is " + have
		}
		return ""
	})
}

// release sets the policy that every message offers.
func (gs groups) release(name string) {
	gs.Helper()
	gs.edit(name, func(g *v1alpha1.Group) { g.Spec.DeletionPolicy = v1alpha1.DeletionOrphan })
}

// forceDelete makes a Group vanish at once, finalizer or not.
func (gs groups) forceDelete(name string) {
	gs.Helper()
	gs.edit(name, func(g *v1alpha1.Group) { g.Finalizers = nil })
	if err := client.IgnoreNotFound(api.Delete(gs.Context(), gs.named(name))); err != nil {
		gs.Fatal(err)
	}
	gs.awaitGone(name)
}

// await waits for a Group's Ready condition at its present generation.
func (gs groups) await(name string, status metav1.ConditionStatus, reason string) *v1alpha1.Group {
	gs.Helper()
	var g *v1alpha1.Group
	eventually(gs, func() string {
		if g = gs.get(name); g == nil {
			return "the Group is gone"
		}
		return lacks(g.Status.Conditions, g.Generation, status, reason)
	})
	wantShape(gs.T, g.Status.Conditions, g.Generation)
	return g
}

func (gs groups) awaitNotReady(name, reason string, help ...string) *v1alpha1.Group {
	gs.Helper()
	g := gs.await(name, metav1.ConditionFalse, reason)
	wantMessage(gs, g, help...)
	reconciling := meta.IsStatusConditionTrue(g.Status.Conditions, v1alpha1.ConditionReconciling)
	if want := reason == v1alpha1.ReasonCreating || reason == v1alpha1.ReasonUpdating; reconciling != want {
		gs.Errorf("%s has Reconciling=%t, want %t", reason, reconciling, want)
	}
	return g
}

// awaitStalled waits until a Group needs a person, and is told what to do.
func (gs groups) awaitStalled(name, reason string, help ...string) *v1alpha1.Group {
	gs.Helper()
	g := gs.awaitNotReady(name, reason, help...)
	if !isStalled(g) {
		gs.Errorf("%s is not Stalled, and needs a person", reason)
	}
	gs.awaitEvent(name, reason)
	return g
}

// awaitBlocked waits until a Group waits for something that needs nobody's hand on
// this Group, so that it is not Stalled.
func (gs groups) awaitBlocked(name, reason string, help ...string) {
	gs.Helper()
	g := gs.awaitNotReady(name, reason, help...)
	if isStalled(g) {
		gs.Errorf("%s is Stalled, and goes on by itself", reason)
	}
}

func (gs groups) awaitSynced(name string) *v1alpha1.Group {
	gs.Helper()
	g := gs.await(name, metav1.ConditionTrue, v1alpha1.ReasonSynced)
	if isStalled(g) || len(g.Status.Drift) > 0 {
		gs.Errorf("a synced Group has Stalled=%t, drift %v", isStalled(g), g.Status.Drift)
	}
	return g
}

func (gs groups) awaitGone(name string) {
	gs.Helper()
	eventually(gs, worlds.Gone(gs, api, gs.named(name)))
}

// awaitDeleting waits until a Group that goes says what it waits for, and what releases it.
func (gs groups) awaitDeleting(name string, parts ...string) {
	gs.Helper()
	eventually(gs, func() string {
		g := gs.get(name)
		if g == nil {
			return "the Group is gone"
		}
		if problem := worlds.Lacks(g.Status.Conditions, g.Generation, v1alpha1.ReasonDeleting); problem != "" {
			return problem
		}
		for _, part := range parts {
			if !strings.Contains(message(g), part) {
				return fmt.Sprintf("the message lacks %q: %s", part, message(g))
			}
		}
		return ""
	})
}

// awaitEvent waits for an event about a Group.
func (gs groups) awaitEvent(name, reason string) string {
	gs.Helper()
	var note string
	eventually(gs, func() string {
		var events eventsv1.EventList
		if err := api.List(context.Background(), &events, client.InNamespace(gs.namespace)); err != nil {
			return err.Error()
		}
		var reasons []string
		for _, e := range events.Items {
			if e.Regarding.Name == name {
				reasons = append(reasons, e.Reason)
				note = e.Note
				if e.Reason == reason {
					return ""
				}
			}
		}
		return fmt.Sprintf("want event %s, have %v", reason, reasons)
	})
	return note
}

func (gs groups) events(name string) map[string]int {
	gs.Helper()
	return eventsAbout(gs, gs.namespace, "Group", name)
}

// wantEvents waits until exactly these events stand there, each that often.
func (gs groups) wantEvents(name string, want map[string]int) {
	gs.Helper()
	eventually(gs, func() string {
		if have := gs.events(name); fmt.Sprint(have) != fmt.Sprint(want) {
			return fmt.Sprintf("want events %v about %s, have %v", want, name, have)
		}
		return ""
	})
}

// versions are the resource versions of all Groups, by name.
func (gs groups) versions() map[string]string {
	gs.Helper()
	var list v1alpha1.GroupList
	if err := api.List(context.Background(), &list, client.InNamespace(gs.namespace)); err != nil {
		gs.Fatal(err)
	}
	versions := map[string]string{}
	for _, g := range list.Items {
		versions[g.Name] = g.ResourceVersion
	}
	return versions
}

// owned makes a few Groups that are in order, so that the connection's trust
// survives the loss of one.
func (gs groups) owned(names ...string) map[string]string {
	gs.Helper()
	for _, name := range names {
		gs.create(name)
	}
	ids := map[string]string{}
	for _, name := range names {
		ids[name] = gs.awaitSynced(name).Status.ID
	}
	return ids
}

// ofEachPolicy makes one Group of each deletion policy, named like it, and returns the
// remote ids.
func (gs groups) ofEachPolicy() map[string]string {
	gs.Helper()
	ids := map[string]string{}
	for _, policy := range []v1alpha1.DeletionPolicy{v1alpha1.DeletionArchive, v1alpha1.DeletionDelete, v1alpha1.DeletionOrphan} {
		name := strings.ToLower(string(policy))
		gs.create(name, func(g *v1alpha1.Group) { g.Spec.DeletionPolicy = policy })
		ids[name] = gs.awaitSynced(name).Status.ID
	}
	return ids
}

// unmarked says what is missing of the marks that the Group lobby bears when bound.
func (gs groups) unmarked(id string) string {
	gs.Helper()
	g := gs.get("lobby")
	switch {
	case len(g.Finalizers) != 1 || g.Finalizers[0] != v1alpha1.FinalizerGroup:
		return "the finalizer is missing"
	case g.Annotations[v1alpha1.AnnotationGroupID] != id:
		return "the annotation group-id is missing"
	case g.Annotations[v1alpha1.AnnotationGroupCluster] != clusterUID(gs):
		return "the annotation group-cluster is missing"
	case g.Annotations[v1alpha1.AnnotationCreateAttempt] != "":
		return "the annotation create-attempt is still there"
	}
	return ""
}

// message is the message of a condition.
func message(g *v1alpha1.Group) string {
	return meta.FindStatusCondition(g.Status.Conditions, v1alpha1.ConditionReady).Message
}

func isStalled(g *v1alpha1.Group) bool {
	return meta.IsStatusConditionTrue(g.Status.Conditions, v1alpha1.ConditionStalled)
}

func wantMessage(t testing.TB, g *v1alpha1.Group, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(message(g), part) {
			t.Errorf("the Ready message lacks %q: %s", part, message(g))
		}
	}
}

// reasonOf is why a Group is ready or not; empty before anybody has looked at it.
func reasonOf(g *v1alpha1.Group) string {
	if ready := meta.FindStatusCondition(g.Status.Conditions, v1alpha1.ConditionReady); ready != nil {
		return ready.Reason
	}
	return ""
}

// boundTo annotates a Group as one that this cluster has bound.
func boundTo(t testing.TB, id string) func(*v1alpha1.Group) { return boundBy(clusterUID(t), id) }

func boundBy(cluster, id string) func(*v1alpha1.Group) {
	return func(g *v1alpha1.Group) {
		g.Annotations = map[string]string{v1alpha1.AnnotationGroupID: id, v1alpha1.AnnotationGroupCluster: cluster}
	}
}

// clusterUID is what names this cluster.
func clusterUID(t testing.TB) string {
	t.Helper()
	var namespace corev1.Namespace
	if err := api.Get(context.Background(), client.ObjectKey{Name: "kube-system"}, &namespace); err != nil {
		t.Fatal(err)
	}
	return string(namespace.UID)
}
