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
	id := w.groups.owned("lobby")["lobby"]
	w.sim.ResetRequests()
	w.groups.delete("lobby")
	w.groups.awaitGone("lobby")
	w.remote.wantArchived(id, true)
	w.calls.want(map[string]int{"PUT": 1})
	w.groups.wantEvents("lobby", map[string]int{"Created": 1, "Archived": 1})
}

// What is archived or gone already is left so.
func TestDeletionOfWhatIsArchivedOrGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	w.groups.owned("one", "two")
	archived, gone := w.remote.seed("The archived", archivedOn(1)), w.remote.seed("The gone")
	earlier := w.remote.get(archived).ArchivedAt
	w.groups.create("archived", boundTo(w, archived))
	w.groups.create("gone", boundTo(w, gone))
	w.groups.awaitSynced("archived")
	w.groups.awaitSynced("gone")
	w.sim.ResetRequests()
	w.groups.edit("gone", func(g *v1alpha1.Group) { g.Spec.Suspend = true }) // or it would be made again
	w.groups.await("gone", metav1.ConditionTrue, v1alpha1.ReasonSuspended)
	w.sim.Remove(gone)
	w.groups.delete("gone")
	w.groups.edit("gone", func(g *v1alpha1.Group) { g.Spec.Suspend = false })
	w.groups.delete("archived")
	w.groups.awaitGone("archived")
	w.groups.awaitGone("gone")
	w.remote.wantCount(3)
	if n := w.sim.Counts()["POST"] + w.sim.Counts()["DELETE"]; n > 0 {
		t.Errorf("the calls: %v", w.calls.writes())
	}
	if have := w.remote.get(archived).ArchivedAt; !have.Equal(earlier) {
		t.Errorf("an archived group was archived again: %v", have)
	}
}

// Permanent deletion needs two consents.
func TestDeletionForGoodNeedsTwoConsents(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	ids := w.groups.owned("lobby", "bar", "pool")
	for name := range ids {
		w.groups.edit(name, func(g *v1alpha1.Group) { g.Spec.DeletionPolicy = v1alpha1.DeletionDelete })
	}
	w.sim.ResetRequests()
	w.groups.delete("lobby")
	w.groups.delete("bar")
	for _, name := range []string{"lobby", "bar"} {
		w.groups.awaitStalled(name, v1alpha1.ReasonDeleteNotAllowed, "Connection sim", "allowDelete", "Archive", "Orphan")
	}
	w.calls.nextListings(1)
	w.calls.wantNoWrite()

	w.groups.edit("bar", func(g *v1alpha1.Group) { g.Spec.DeletionPolicy = v1alpha1.DeletionArchive })
	w.groups.awaitGone("bar")
	w.remote.wantArchived(ids["bar"], true)

	w.connection.edit(func(c *v1alpha1.Connection) { c.Spec.AllowDelete = true })
	w.groups.awaitGone("lobby")
	w.groups.delete("pool")
	w.groups.awaitGone("pool")
	w.calls.want(map[string]int{"DELETE": 2, "GET one": 2, "PUT": 1}) // a GET says that each is gone
	w.remote.wantCount(1)
	w.groups.wantEvents("lobby", map[string]int{"Created": 1, "DeleteNotAllowed": 1, "Deleted": 1})
}

// Orphan always finishes: without a connection, and with a dead API. The others say
// what they wait for, and go on when it is there.
func TestOrphanAlwaysFinishes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	ids := w.groups.owned("orphan", "archived")
	w.groups.edit("orphan", func(g *v1alpha1.Group) { g.Spec.DeletionPolicy = v1alpha1.DeletionOrphan })
	w.sim.AddFault(simulator.Fault{Action: simulator.Reset})
	w.connection.await(metav1.ConditionFalse, v1alpha1.ReasonUnavailable)
	w.groups.delete("archived")
	w.groups.awaitBlocked("archived", v1alpha1.ReasonDeleting, "Connection sim", "not ready", "Orphan releases")
	w.groups.delete("orphan")
	w.groups.awaitGone("orphan")
	w.remote.wantArchived(ids["orphan"], false)
	w.groups.wantEvents("orphan", map[string]int{"Created": 1, "Orphaned": 1})

	w.sim.ClearFaults()
	w.groups.awaitGone("archived")
	w.remote.wantArchived(ids["archived"], true)
}

func TestDeletionWithoutAConnection(t *testing.T) {
	t.Parallel()
	w := prepareWorld(t, simulator.Settings{})
	id := w.remote.seed("The lobby")
	elsewhere := func(g *v1alpha1.Group) {
		g.Spec.ConnectionRef.Name = "nowhere"
		g.Finalizers = []string{v1alpha1.FinalizerGroup}
	}
	w.groups.create("bound", boundTo(w, id), elsewhere)
	w.groups.create("unbound", elsewhere)
	w.start()
	w.groups.awaitBlocked("bound", v1alpha1.ReasonConnectionNotFound, "Connection nowhere", "create it")
	w.groups.awaitBlocked("unbound", v1alpha1.ReasonConnectionNotFound)
	w.groups.delete("unbound")
	w.groups.awaitGone("unbound")
	w.groups.delete("bound")
	w.groups.awaitBlocked("bound", v1alpha1.ReasonDeleting, "Connection nowhere does not exist", "Orphan")
	w.groups.edit("bound", func(g *v1alpha1.Group) { g.Spec.DeletionPolicy = v1alpha1.DeletionOrphan })
	w.groups.awaitGone("bound")
	w.calls.wantNoWrite()
}

// A Group that goes and does not have our finalizer is not ours to hold, nor is its
// remote group.
func TestDeletionOfAGroupWithoutTheFinalizer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	w.groups.owned("lobby")
	w.groups.edit("lobby", func(g *v1alpha1.Group) {
		g.Spec.Suspend = true
		g.Finalizers = append(g.Finalizers, "example.com/hold")
	})
	w.groups.await("lobby", metav1.ConditionTrue, v1alpha1.ReasonSuspended)
	w.groups.delete("lobby")
	w.sim.ResetRequests()
	w.groups.edit("lobby", func(g *v1alpha1.Group) { g.Finalizers = []string{"example.com/hold"} })
	w.groups.edit("lobby", func(g *v1alpha1.Group) { g.Spec.Suspend = false })
	w.calls.nextListings(1)
	g := w.groups.get("lobby")
	if len(g.Finalizers) != 1 {
		t.Errorf("the finalizers are %v", g.Finalizers)
	}
	w.calls.wantNoWrite()
	w.groups.edit("lobby", func(g *v1alpha1.Group) { g.Finalizers = nil })
	w.groups.awaitGone("lobby")
	w.calls.wantNoWrite()
}

// A namespace that is deleted loses its Secret first: the token that still works
// serves until the last Group is gone.
func TestDeletionAfterTheSecretIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	ids := w.groups.owned("one", "two", "three")
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "klink-token"}}
	if err := api.Delete(context.Background(), secret); err != nil {
		t.Fatal(err)
	}
	w.connection.await(metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound)
	for name := range ids {
		w.groups.delete(name)
	}
	for name, id := range ids {
		w.groups.awaitGone(name)
		w.remote.wantArchived(id, true)
	}
}

// A deletion that the API refuses needs a person; one that fails goes on by itself.
func TestDeletionThatTheAPIRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	ids := w.groups.owned("refused", "failed")
	w.sim.AddFault(simulator.Fault{
		Method: "PUT", PathRegexp: ids["refused"], Action: simulator.Status, Status: 422, Body: `{"message":"it has guests"}`,
	})
	fault := w.sim.AddFault(simulator.Fault{Method: "PUT", PathRegexp: ids["failed"], Action: simulator.Status, Status: 500})
	w.groups.delete("refused")
	w.groups.delete("failed")
	w.groups.awaitStalled("refused", v1alpha1.ReasonRejected, "it has guests")
	w.groups.awaitBlocked("failed", v1alpha1.ReasonDeleting, "500", "Orphan")
	fault.Remove()
	w.groups.awaitGone("failed")
	w.remote.wantArchived(ids["failed"], true)
	w.sim.ClearFaults()
	w.groups.annotate("refused", v1alpha1.AnnotationReconcileRequestedAt, "again")
	w.groups.awaitGone("refused")
	w.remote.wantArchived(ids["refused"], true)
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
	ids := w.groups.owned(names...)
	w.sim.ResetRequests()
	if err := api.DeleteAllOf(context.Background(), &v1alpha1.Group{}, client.InNamespace(w.namespace)); err != nil {
		t.Fatal(err)
	}
	for name, id := range ids {
		w.groups.awaitGone(name)
		w.remote.wantArchived(id, true)
	}
	w.calls.want(map[string]int{"PUT": n})
}
