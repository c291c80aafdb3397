// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package integration

import (
	"context"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
)

// A connection that comes later is not too late.
func TestConnectionNotFoundUntilItIsThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	w.groups.create("lobby", func(g *v1alpha1.Group) { g.Spec.ConnectionRef.Name = "later" })
	w.groups.awaitBlocked("lobby", v1alpha1.ReasonConnectionNotFound, "Connection later", "create it", "connectionRef")
	w.groups.wantEvents("lobby", map[string]int{v1alpha1.ReasonConnectionNotFound: 1})
	c := w.connection.get()
	later := &v1alpha1.Connection{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "later"}, Spec: c.Spec}
	create(w, later)
	w.groups.awaitSynced("lobby")
	w.remote.wantCount(1)
}

// A connection that is not ready holds back what is new, and leaves alone what is in
// order.
func TestConnectionNotReadyConcernsOnlyThoseWithWork(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	w.groups.owned("idle", "changed")
	w.sim.AddFault(simulator.Fault{Action: simulator.Status, Status: 503, Body: `{"message":"down for the night"}`})
	w.connection.await(metav1.ConditionFalse, v1alpha1.ReasonUnavailable)
	idle := w.groups.get("idle")
	w.groups.edit("changed", func(g *v1alpha1.Group) { g.Spec.Description = new("Later.") })
	w.groups.create("new")
	for _, name := range []string{"changed", "new"} {
		w.groups.awaitBlocked(name, v1alpha1.ReasonConnectionNotReady, "Connection sim", "its conditions say why")
	}
	if have := w.groups.get("idle"); have.ResourceVersion != idle.ResourceVersion {
		t.Errorf("a Group without work was written to: %+v", have.Status)
	}
	w.sim.ClearFaults()
	w.groups.awaitSynced("changed")
	w.groups.awaitSynced("new")
	w.remote.wantCount(3)
	w.groups.wantEvents("changed", map[string]int{"Created": 1, "Updated": 1})
}

// A ClusterConnection serves the namespaces that it allows, and a Group of another one
// is told so; what such a Group has, it can still let go of.
//
// Every manager sees every ClusterConnection, so that this test runs alone.
func TestConnectionNotAllowed(t *testing.T) { //nolint:paralleltest // see above
	w := newWorld(t, simulator.Settings{})
	shared := &v1alpha1.ClusterConnection{ObjectMeta: metav1.ObjectMeta{Name: w.namespace}}
	shared.Spec.ConnectionSpec = w.connection.get().Spec
	shared.Spec.AllowedNamespaces = onFloor("2")
	createShared(w, shared)
	w.label("floor", "1")
	through := func(g *v1alpha1.Group) {
		g.Spec.ConnectionRef = v1alpha1.ConnectionReference{Kind: v1alpha1.KindClusterConnection, Name: shared.Name}
	}
	allow := func(rule v1alpha1.AllowedNamespaces) {
		editShared(w, shared, func(s *v1alpha1.ClusterConnectionSpec) { s.AllowedNamespaces = rule })
	}
	w.groups.create("lobby", through)
	w.groups.awaitStalled("lobby", v1alpha1.ReasonConnectionNotAllowed, "ClusterConnection "+shared.Name, w.namespace, "those labelled floor=2", "allowedNamespaces")
	w.calls.wantNoWrite()
	allow(onFloor("1"))
	id := w.groups.awaitSynced("lobby").Status.ID

	allow(onFloor("2"))
	w.groups.awaitStalled("lobby", v1alpha1.ReasonConnectionNotAllowed)
	w.groups.create("bar", through)
	w.groups.awaitStalled("bar", v1alpha1.ReasonConnectionNotAllowed)
	for _, name := range []string{"lobby", "bar"} {
		w.groups.delete(name)
		w.groups.awaitGone(name)
	}
	w.remote.wantArchived(id, true)
	w.remote.wantCount(1)

	allow(v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesFromAll})
	w.groups.create("pool", through)
	w.groups.awaitSynced("pool")
	w.groups.delete("pool")
	w.groups.awaitGone("pool")
}

func onFloor(floor string) v1alpha1.AllowedNamespaces {
	return v1alpha1.AllowedNamespaces{
		From: v1alpha1.NamespacesFromSelector, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"floor": floor}},
	}
}

// label labels the world's namespace.
func (w *world) label(key, value string) {
	w.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.namespace}}
	worlds.Edit(w, api, namespace, func() { namespace.Labels[key] = value })
}

// createShared creates a ClusterConnection, and removes it with the test.
func createShared(t testing.TB, c *v1alpha1.ClusterConnection) {
	t.Helper()
	create(t, c)
	t.Cleanup(func() {
		if err := api.Delete(context.Background(), c); err != nil {
			t.Error(err)
		}
		free := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"finalizers":null}}`))
		err := api.Patch(context.Background(), c, free)
		if client.IgnoreNotFound(err) != nil {
			t.Error(err)
		}
	})
}

func editShared(t testing.TB, c *v1alpha1.ClusterConnection, change func(*v1alpha1.ClusterConnectionSpec)) {
	t.Helper()
	worlds.Edit(t, api, c, func() { change(&c.Spec) })
}
