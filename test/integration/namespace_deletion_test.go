// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package integration

import (
	"fmt"
	"strings"
	"testing"
	"time"

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
	ids := w.ofEachPolicy()
	var rooms []string
	for i := range 20 {
		rooms = append(rooms, fmt.Sprintf("room-%d", i))
	}
	crowd := w.owned(rooms...)
	w.sim.ResetRequests()
	w.deleteNamespace()
	w.awaitNamespaceGone()

	w.wantArchived(ids["archive"], true)
	w.wantArchived(ids["orphan"], false)
	if _, ok := w.sim.Group(ids["delete"]); ok {
		t.Error("the remote group of policy Delete is still there")
	}
	for _, id := range crowd {
		w.wantArchived(id, true)
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
	ids := w.ofEachPolicy()
	outage := w.sim.AddFault(fault)
	w.awaitConnection(metav1.ConditionFalse, v1alpha1.ReasonUnavailable)
	w.deleteNamespace()
	w.awaitSecretGone()
	w.awaitDeleting("archive", "not ready", "deletionPolicy Orphan releases")
	w.awaitDeleting("delete", "not ready", "deletionPolicy Orphan releases")
	w.awaitGone("orphan")
	w.awaitAnotherLook()
	outage.Remove()
	w.awaitNamespaceGone()
	w.wantArchived(ids["archive"], true)
	w.wantArchived(ids["orphan"], false)
}

// A manager that starts after the Secret has gone has no token and gets none: the
// Groups say what would release them, and are released by it.
func TestNamespaceWhoseSecretIsGoneForGood(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{}, consentingToDeletion)
	ids := w.ofEachPolicy()
	w.stop()
	w.deleteNamespace()
	w.awaitSecretGone()
	w.sim.ResetRequests()
	w.start()
	for _, name := range []string{"archive", "delete"} {
		w.awaitDeleting(name, "conditions say why", "deletionPolicy Orphan releases")
		w.release(name)
	}
	w.awaitNamespaceGone()
	for _, id := range ids {
		w.wantArchived(id, false)
	}
	w.wantNoWrite()
}

// Somebody has taken the finalizer off a Connection in use, so that it is gone for
// good: a namespace that goes is not held for ever.
func TestConnectionThatIsGoneForGood(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{}, consentingToDeletion)
	ids := w.ofEachPolicy()
	w.awaitConnectionHeld()
	c := w.connection()
	worlds.Delete(t, api, c)
	w.awaitConnection(metav1.ConditionFalse, v1alpha1.ReasonTerminating)
	w.editConnection(func(c *v1alpha1.Connection) { c.Finalizers = nil })
	w.eventually(worlds.Gone(t, api, c))
	w.sim.ResetRequests()

	w.delete("archive")
	w.awaitDeleting("archive", "Connection sim does not exist", "deletionPolicy Orphan releases")
	w.release("archive")
	w.awaitGone("archive")

	w.deleteNamespace()
	w.awaitDeleting("delete", "Connection sim does not exist", "deletionPolicy Orphan releases")
	w.release("delete")
	w.awaitNamespaceGone()
	for _, id := range ids {
		w.wantArchived(id, false)
	}
	w.wantNoWrite()
}

// consentingToDeletion has the connection allow permanent deletion.
func consentingToDeletion(c *v1alpha1.Connection, _ *manager.Options) { c.Spec.AllowDelete = true }

// ofEachPolicy makes one Group of each deletion policy, named like it, and returns the
// remote ids.
func (w *world) ofEachPolicy() map[string]string {
	w.Helper()
	ids := map[string]string{}
	for _, policy := range []v1alpha1.DeletionPolicy{v1alpha1.DeletionArchive, v1alpha1.DeletionDelete, v1alpha1.DeletionOrphan} {
		name := strings.ToLower(string(policy))
		w.group(name, func(g *v1alpha1.Group) { g.Spec.DeletionPolicy = policy })
		ids[name] = w.awaitSynced(name).Status.ID
	}
	return ids
}

func (w *world) deleteNamespace() {
	w.Helper()
	worlds.Delete(w, api, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.namespace}})
}

func (w *world) awaitNamespaceGone() {
	w.Helper()
	w.eventually(worlds.Gone(w, api, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.namespace}}))
}

func (w *world) awaitSecretGone() {
	w.Helper()
	w.eventually(worlds.Gone(w, api, w.newSecret(nil)))
}

// awaitDeleting waits until a Group that goes says what it waits for, and what releases it.
func (w *world) awaitDeleting(name string, parts ...string) {
	w.Helper()
	w.eventually(func() string {
		g := w.get(name)
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

// release sets the policy that every message offers.
func (w *world) release(name string) {
	w.Helper()
	w.edit(name, func(g *v1alpha1.Group) { g.Spec.DeletionPolicy = v1alpha1.DeletionOrphan })
}

// awaitAnotherLook waits until the operator has looked at the Connection again, and for
// its Secret.
func (w *world) awaitAnotherLook() {
	w.Helper()
	w.editConnection(func(c *v1alpha1.Connection) { c.Spec.ResyncInterval.Duration += time.Second })
	w.eventually(func() string {
		if c := w.connection(); c.Status.ObservedGeneration != c.Generation {
			return "nobody has looked at the Connection since it was edited"
		}
		return ""
	})
}
