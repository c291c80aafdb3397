// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package namespaces

import (
	"fmt"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// What goes first is up to the namespace controller: the Secret has no finalizer, and
// is gone before the Groups are. Their policies are applied all the same.
func TestNamespaceGoesWithItsGroups(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared)
	w.start()
	ids := w.groups()
	crowd := map[string]string{}
	for i := range 20 {
		name := fmt.Sprintf("room-%d", i)
		crowd[name] = w.group(name, v1alpha1.DeletionArchive)
	}
	w.sim.ResetRequests()
	w.deleteNamespace()
	w.awaitNamespaceGone()

	w.wantArchived(ids[v1alpha1.DeletionArchive])
	w.wantUntouched(ids[v1alpha1.DeletionOrphan])
	if _, ok := w.sim.Group(ids[v1alpha1.DeletionDelete]); ok {
		t.Error("the remote group of policy Delete is still there")
	}
	for _, id := range crowd {
		w.wantArchived(id)
	}
	if counts := w.sim.Counts(); counts["POST"] != 0 || counts["PUT"] != 1+len(crowd) || counts["DELETE"] != 1 {
		t.Errorf("the calls are %v; want one for each Group", counts)
	}
}

// The API is down while the namespace goes, or an ingress says 404 in its place: it waits,
// and ends when the API is back, with the token that was read before the Secret went.
func TestNamespaceWaitsForAnAPIThatIsDown(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]simulator.Fault{"nobody answers": resetAll, "an ingress answers": {Action: simulator.NoBackend}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			namespaceWaits(t, fault)
		})
	}
}

func namespaceWaits(t *testing.T, fault simulator.Fault) {
	t.Helper()
	w := newWorld(t, shared)
	w.start()
	ids := w.groups()
	outage := w.sim.AddFault(fault)
	w.awaitConnection(v1alpha1.ReasonUnavailable)
	w.deleteNamespace()
	w.awaitSecretGone()
	w.await("archive", v1alpha1.ReasonDeleting, "not ready", "deletionPolicy Orphan releases")
	w.await("delete", v1alpha1.ReasonDeleting, "not ready", "deletionPolicy Orphan releases")
	w.awaitGone(w.named("orphan"))
	w.awaitAnotherLook()
	outage.Remove()
	w.awaitNamespaceGone()
	w.wantArchived(ids[v1alpha1.DeletionArchive])
	w.wantUntouched(ids[v1alpha1.DeletionOrphan])
}

// A manager that starts after the Secret has gone has no token and gets none: the
// Groups say what would release them, and are released by it.
func TestNamespaceWhoseSecretIsGoneForGood(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared)
	w.start()
	ids := w.groups()
	w.stop()
	w.deleteNamespace()
	w.awaitSecretGone()
	w.sim.ResetRequests()
	w.start()
	for _, name := range []string{"archive", "delete"} {
		w.await(name, v1alpha1.ReasonDeleting, "conditions say why", "deletionPolicy Orphan releases")
		w.release(name)
	}
	w.awaitNamespaceGone()
	for _, id := range ids {
		w.wantUntouched(id)
	}
	w.wantNoWrite()
}

// Somebody has taken the finalizer off a Connection in use, so that it is gone for
// good: a namespace that goes is not held for ever.
func TestConnectionThatIsGoneForGood(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared)
	w.start()
	ids := w.groups()
	var c v1alpha1.Connection
	w.eventually(func() string {
		if w.find("sim", &c); !slices.Contains(c.Finalizers, v1alpha1.FinalizerInUse) {
			return "the Connection is not held yet"
		}
		return ""
	})
	w.delete(&c)
	w.awaitConnection(v1alpha1.ReasonTerminating)
	w.edit("sim", &c, func() { c.Finalizers = nil })
	w.awaitGone(&c)
	w.sim.ResetRequests()

	w.delete(w.named("archive"))
	w.await("archive", v1alpha1.ReasonDeleting, "Connection sim does not exist", "deletionPolicy Orphan releases")
	w.release("archive")
	w.awaitGone(w.named("archive"))

	w.deleteNamespace()
	w.await("delete", v1alpha1.ReasonDeleting, "Connection sim does not exist", "deletionPolicy Orphan releases")
	w.release("delete")
	w.awaitNamespaceGone()
	for _, id := range ids {
		w.wantUntouched(id)
	}
	w.wantNoWrite()
}

func (w *world) named(name string) *v1alpha1.Group {
	return &v1alpha1.Group{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: name}}
}

func (w *world) deleteNamespace() {
	w.Helper()
	w.delete(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.namespace}})
}

func (w *world) awaitNamespaceGone() {
	w.Helper()
	w.awaitGone(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.namespace}})
}

func (w *world) awaitSecretGone() {
	w.Helper()
	w.awaitGone(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "klink-token"}})
}

// awaitAnotherLook waits until the operator has looked at the Connection again, and for
// its Secret.
func (w *world) awaitAnotherLook() {
	w.Helper()
	var c v1alpha1.Connection
	w.edit("sim", &c, func() { c.Spec.ResyncInterval.Duration += time.Second })
	w.eventually(func() string {
		if w.find("sim", &c); c.Status.ObservedGeneration != c.Generation {
			return "nobody has looked at the Connection since it was edited"
		}
		return ""
	})
}

// awaitConnection waits for the reason of the Connection's Ready condition.
func (w *world) awaitConnection(reason string) {
	w.Helper()
	w.eventually(func() string {
		var c v1alpha1.Connection
		w.find("sim", &c)
		for _, condition := range c.Status.Conditions {
			if condition.Type == v1alpha1.ConditionReady && condition.Reason == reason {
				return ""
			}
		}
		return fmt.Sprintf("want the Connection's reason %s, have %+v", reason, c.Status.Conditions)
	})
}
