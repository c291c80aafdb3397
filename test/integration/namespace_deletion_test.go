// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package integration

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/manager"
	"github.com/klink-cloud/klink-operator/internal/simulator"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
)

// What goes first is up to the namespace controller: the Secret has no finalizer, and
// is gone before the Groups are. Their policies are applied all the same.
func TestNamespaceGoesWithItsGroups(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{}, consentingToDeletion)
	ids := w.groups.ofEachPolicy()
	var rooms []string
	for i := range 20 {
		rooms = append(rooms, fmt.Sprintf("room-%d", i))
	}
	crowd := w.groups.owned(rooms...)
	w.sim.ResetRequests()
	w.deleteNamespace()
	w.awaitNamespaceGone()

	w.remote.wantArchived(ids["archive"], true)
	w.remote.wantArchived(ids["orphan"], false)
	if _, ok := w.sim.Group(ids["delete"]); ok {
		t.Error("the remote group of policy Delete is still there")
	}
	for _, id := range crowd {
		w.remote.wantArchived(id, true)
	}
	if counts := w.sim.Counts(); counts["POST"] != 0 || counts["PUT"] != 1+len(crowd) || counts["DELETE"] != 1 {
		t.Errorf("the calls are %v; want one for each Group", counts)
	}
}

// The API is down while the namespace goes, or an ingress says 404 in its place: it waits,
// and ends when the API is back, with the token that was read before the Secret went.
func TestNamespaceWaitsForAnAPIThatIsDown(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]simulator.Fault{"nobody answers": {Action: simulator.Reset}, "an ingress answers": {Action: simulator.NoBackend}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			namespaceWaits(t, fault)
		})
	}
}

func namespaceWaits(t *testing.T, fault simulator.Fault) {
	t.Helper()
	w := newWorld(t, simulator.Settings{}, consentingToDeletion)
	ids := w.groups.ofEachPolicy()
	outage := w.sim.AddFault(fault)
	w.connection.await(metav1.ConditionFalse, v1alpha1.ReasonUnavailable)
	w.deleteNamespace()
	w.connection.awaitSecretGone()
	w.groups.awaitDeleting("archive", "not ready", "deletionPolicy Orphan releases")
	w.groups.awaitDeleting("delete", "not ready", "deletionPolicy Orphan releases")
	w.groups.awaitGone("orphan")
	w.connection.awaitAnotherLook()
	outage.Remove()
	w.awaitNamespaceGone()
	w.remote.wantArchived(ids["archive"], true)
	w.remote.wantArchived(ids["orphan"], false)
}

// A manager that starts after the Secret has gone has no token and gets none: the
// Groups say what would release them, and are released by it.
func TestNamespaceWhoseSecretIsGoneForGood(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{}, consentingToDeletion)
	ids := w.groups.ofEachPolicy()
	w.stop()
	w.deleteNamespace()
	w.connection.awaitSecretGone()
	w.sim.ResetRequests()
	w.start()
	for _, name := range []string{"archive", "delete"} {
		w.groups.awaitDeleting(name, "conditions say why", "deletionPolicy Orphan releases")
		w.groups.release(name)
	}
	w.awaitNamespaceGone()
	for _, id := range ids {
		w.remote.wantArchived(id, false)
	}
	w.calls.wantNoWrite()
}

// Somebody has taken the finalizer off a Connection in use, so that it is gone for
// good: a namespace that goes is not held for ever.
func TestConnectionThatIsGoneForGood(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{}, consentingToDeletion)
	ids := w.groups.ofEachPolicy()
	w.connection.awaitHeld()
	c := w.connection.get()
	worlds.Delete(t, api, c)
	w.connection.await(metav1.ConditionFalse, v1alpha1.ReasonTerminating)
	w.connection.edit(func(c *v1alpha1.Connection) { c.Finalizers = nil })
	eventually(w, worlds.Gone(t, api, c))
	w.sim.ResetRequests()

	w.groups.delete("archive")
	w.groups.awaitDeleting("archive", "Connection sim does not exist", "deletionPolicy Orphan releases")
	w.groups.release("archive")
	w.groups.awaitGone("archive")

	w.deleteNamespace()
	w.groups.awaitDeleting("delete", "Connection sim does not exist", "deletionPolicy Orphan releases")
	w.groups.release("delete")
	w.awaitNamespaceGone()
	for _, id := range ids {
		w.remote.wantArchived(id, false)
	}
	w.calls.wantNoWrite()
}

// consentingToDeletion has the connection allow permanent deletion.
func consentingToDeletion(c *v1alpha1.Connection, _ *manager.Options) { c.Spec.AllowDelete = true }

func (w *world) deleteNamespace() {
	w.Helper()
	worlds.Delete(w, api, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.namespace}})
}

func (w *world) awaitNamespaceGone() {
	w.Helper()
	eventually(w, worlds.Gone(w, api, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.namespace}}))
}
