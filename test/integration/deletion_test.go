// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package integration

import (
	"context"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// The default: the remote group is archived and loses nothing.
func TestDeletionArchives(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	id := w.owned("lobby")["lobby"]
	w.sim.ResetRequests()
	w.delete("lobby")
	w.awaitGone("lobby")
	w.wantArchived(id, true)
	w.wantCalls(map[string]int{"PUT": 1})
	w.wantEvents("lobby", map[string]int{"Created": 1, "Archived": 1})
}

// What is archived or gone already is left so.
func TestDeletionOfWhatIsArchivedOrGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	w.owned("one", "two")
	archived, gone := w.seed("The archived", archivedOn(1)), w.seed("The gone")
	earlier := w.remote(archived).ArchivedAt
	w.group("archived", w.boundTo(archived))
	w.group("gone", w.boundTo(gone))
	w.awaitSynced("archived")
	w.awaitSynced("gone")
	w.sim.ResetRequests()
	w.edit("gone", func(g *v1alpha1.Group) { g.Spec.Suspend = true }) // or it would be made again
	w.await("gone", metav1.ConditionTrue, v1alpha1.ReasonSuspended)
	w.sim.Remove(gone)
	w.delete("gone")
	w.edit("gone", func(g *v1alpha1.Group) { g.Spec.Suspend = false })
	w.delete("archived")
	w.awaitGone("archived")
	w.awaitGone("gone")
	w.wantRemotes(3)
	if n := w.sim.Counts()["POST"] + w.sim.Counts()["DELETE"]; n > 0 {
		t.Errorf("the calls: %v", w.writes())
	}
	if have := w.remote(archived).ArchivedAt; !have.Equal(earlier) {
		t.Errorf("an archived group was archived again: %v", have)
	}
}

// Permanent deletion needs two consents.
func TestDeletionForGoodNeedsTwoConsents(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	ids := w.owned("lobby", "bar", "pool")
	for name := range ids {
		w.edit(name, func(g *v1alpha1.Group) { g.Spec.DeletionPolicy = v1alpha1.DeletionDelete })
	}
	w.sim.ResetRequests()
	w.delete("lobby")
	w.delete("bar")
	for _, name := range []string{"lobby", "bar"} {
		w.awaitStalled(name, v1alpha1.ReasonDeleteNotAllowed, "Connection sim", "allowDelete", "Archive", "Orphan")
	}
	w.nextListings(1)
	w.wantNoWrite()

	w.edit("bar", func(g *v1alpha1.Group) { g.Spec.DeletionPolicy = v1alpha1.DeletionArchive })
	w.awaitGone("bar")
	w.wantArchived(ids["bar"], true)

	w.editConnection(func(c *v1alpha1.Connection) { c.Spec.AllowDelete = true })
	w.awaitGone("lobby")
	w.delete("pool")
	w.awaitGone("pool")
	w.wantCalls(map[string]int{"DELETE": 2, "GET one": 2, "PUT": 1}) // a GET says that each is gone
	w.wantRemotes(1)
	w.wantEvents("lobby", map[string]int{"Created": 1, "DeleteNotAllowed": 1, "Deleted": 1})
}

// Orphan always finishes: without a connection, and with a dead API. The others say
// what they wait for, and go on when it is there.
func TestOrphanAlwaysFinishes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	ids := w.owned("orphan", "archived")
	w.edit("orphan", func(g *v1alpha1.Group) { g.Spec.DeletionPolicy = v1alpha1.DeletionOrphan })
	w.sim.AddFault(simulator.Fault{Action: simulator.Reset})
	w.awaitConnection(metav1.ConditionFalse, v1alpha1.ReasonUnavailable)
	w.delete("archived")
	w.awaitBlocked("archived", v1alpha1.ReasonDeleting, "Connection sim", "not ready", "Orphan releases")
	w.delete("orphan")
	w.awaitGone("orphan")
	w.wantArchived(ids["orphan"], false)
	w.wantEvents("orphan", map[string]int{"Created": 1, "Orphaned": 1})

	w.sim.ClearFaults()
	w.awaitGone("archived")
	w.wantArchived(ids["archived"], true)
}

func TestDeletionWithoutAConnection(t *testing.T) {
	t.Parallel()
	w := prepareWorld(t, simulator.Settings{})
	id := w.seed("The lobby")
	elsewhere := func(g *v1alpha1.Group) {
		g.Spec.ConnectionRef.Name = "nowhere"
		g.Finalizers = []string{v1alpha1.FinalizerGroup}
	}
	w.group("bound", w.boundTo(id), elsewhere)
	w.group("unbound", elsewhere)
	w.start()
	w.awaitBlocked("bound", v1alpha1.ReasonConnectionNotFound, "Connection nowhere", "create it")
	w.awaitBlocked("unbound", v1alpha1.ReasonConnectionNotFound)
	w.delete("unbound")
	w.awaitGone("unbound")
	w.delete("bound")
	w.awaitBlocked("bound", v1alpha1.ReasonDeleting, "Connection nowhere does not exist", "Orphan")
	w.edit("bound", func(g *v1alpha1.Group) { g.Spec.DeletionPolicy = v1alpha1.DeletionOrphan })
	w.awaitGone("bound")
	w.wantNoWrite()
}

// A Group that goes and does not have our finalizer is not ours to hold, nor is its
// remote group.
func TestDeletionOfAGroupWithoutTheFinalizer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	w.owned("lobby")
	w.edit("lobby", func(g *v1alpha1.Group) {
		g.Spec.Suspend = true
		g.Finalizers = append(g.Finalizers, "example.com/hold")
	})
	w.await("lobby", metav1.ConditionTrue, v1alpha1.ReasonSuspended)
	w.delete("lobby")
	w.sim.ResetRequests()
	w.edit("lobby", func(g *v1alpha1.Group) { g.Finalizers = []string{"example.com/hold"} })
	w.edit("lobby", func(g *v1alpha1.Group) { g.Spec.Suspend = false })
	w.nextListings(1)
	g := w.get("lobby")
	if len(g.Finalizers) != 1 {
		t.Errorf("the finalizers are %v", g.Finalizers)
	}
	w.wantNoWrite()
	w.edit("lobby", func(g *v1alpha1.Group) { g.Finalizers = nil })
	w.awaitGone("lobby")
	w.wantNoWrite()
}

// A namespace that is deleted loses its Secret first: the token that still works
// serves until the last Group is gone.
func TestDeletionAfterTheSecretIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	ids := w.owned("one", "two", "three")
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "klink-token"}}
	if err := api.Delete(context.Background(), secret); err != nil {
		t.Fatal(err)
	}
	w.awaitConnection(metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound)
	for name := range ids {
		w.delete(name)
	}
	for name, id := range ids {
		w.awaitGone(name)
		w.wantArchived(id, true)
	}
}

// A deletion that the API refuses needs a person; one that fails goes on by itself.
func TestDeletionThatTheAPIRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	ids := w.owned("refused", "failed")
	w.sim.AddFault(simulator.Fault{
		Method: "PUT", PathRegexp: ids["refused"], Action: simulator.Status, Status: 422, Body: `{"message":"it has guests"}`,
	})
	fault := w.sim.AddFault(simulator.Fault{Method: "PUT", PathRegexp: ids["failed"], Action: simulator.Status, Status: 500})
	w.delete("refused")
	w.delete("failed")
	w.awaitStalled("refused", v1alpha1.ReasonRejected, "it has guests")
	w.awaitBlocked("failed", v1alpha1.ReasonDeleting, "500", "Orphan")
	fault.Remove()
	w.awaitGone("failed")
	w.wantArchived(ids["failed"], true)
	w.sim.ClearFaults()
	w.annotate("refused", v1alpha1.AnnotationReconcileRequestedAt, "again")
	w.awaitGone("refused")
	w.wantArchived(ids["refused"], true)
}

// Thirty Groups deleted at once: each is archived once.
func TestDeletionOfManyAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	const n = 30
	names := make([]string, 0, n)
	for i := range n {
		names = append(names, fmt.Sprintf("room-%d", i))
	}
	ids := w.owned(names...)
	w.sim.ResetRequests()
	if err := api.DeleteAllOf(context.Background(), &v1alpha1.Group{}, client.InNamespace(w.namespace)); err != nil {
		t.Fatal(err)
	}
	for name, id := range ids {
		w.awaitGone(name)
		w.wantArchived(id, true)
	}
	w.wantCalls(map[string]int{"PUT": n})
}
