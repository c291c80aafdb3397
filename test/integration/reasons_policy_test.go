// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package integration

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// Observe looks and never writes: not at adoption, not when it sees a difference,
// not at deletion.
func TestObserveWritesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	id := w.remote.seed("Lobby", func(g *simulator.Group) { g.Description = new("As found."); g.Contacts = simulator.Contacts("Hector") })
	archived := w.remote.seed("Archive", func(g *simulator.Group) { g.ArchivedAt = g.CreatedAt.AddDate(2000, 0, 0) })
	w.groups.create("lobby", observing, func(g *v1alpha1.Group) {
		g.Spec.Name, g.Spec.GroupID, g.Spec.Description = "Lobby", id, new("As found.")
	})
	w.groups.create("archive", observing, func(g *v1alpha1.Group) {
		g.Spec.Name, g.Spec.AdoptionPolicy, g.Spec.DeletionPolicy = "Archive", v1alpha1.AdoptByName, v1alpha1.DeletionDelete
	})

	g := w.groups.await("lobby", metav1.ConditionTrue, v1alpha1.ReasonObserved)
	if g.Status.ID != id || *g.Status.ContactCount != 1 || g.Status.RemoteName != "Lobby" || len(g.Status.Drift) > 0 {
		t.Errorf("the status does not show what is observed: %+v", g.Status)
	}
	if g = w.groups.await("archive", metav1.ConditionTrue, v1alpha1.ReasonObserved); g.Status.ID != archived || g.Status.ArchivedAt == nil {
		t.Errorf("the archived group is not observed as it is: %+v", g.Status)
	}

	w.sim.Mutate(id, func(g *simulator.Group) { g.Description = new("Changed."); g.Name = "Foyer" })
	g = w.groups.await("lobby", metav1.ConditionTrue, v1alpha1.ReasonDrifted)
	wantMessage(w, g, "only observed", "name: declared", "description: declared")
	if d := g.Status.Drift; len(d) != 2 || d[0] != "name" || d[1] != "description" {
		t.Errorf("status.drift is %v, want [name description]", d)
	}
	if g.Status.RemoteName != "Foyer" {
		t.Errorf("status.remoteName is %q", g.Status.RemoteName)
	}
	w.groups.edit("lobby", func(g *v1alpha1.Group) { g.Spec.Name, g.Spec.Description = "Foyer", new("Changed.") })
	w.groups.await("lobby", metav1.ConditionTrue, v1alpha1.ReasonObserved)

	for _, name := range []string{"lobby", "archive"} {
		w.groups.delete(name)
		w.groups.awaitGone(name)
		w.groups.wantEvents(name, map[string]int{"Adopted": 1, "Orphaned": 1})
	}
	w.calls.wantNoWrite()
	w.remote.wantArchived(id, false)
	w.remote.wantCount(2)
}

func observing(g *v1alpha1.Group) { g.Spec.ManagementPolicy = v1alpha1.ManagementObserve }

// What is observed and is gone is not created, and is found again by itself.
func TestObserveNeverCreates(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	w.groups.create("absent", observing, func(g *v1alpha1.Group) { g.Spec.AdoptionPolicy = v1alpha1.AdoptByName })
	w.groups.awaitStalled("absent", v1alpha1.ReasonRemoteMissing, "never created")
	w.remote.seed("The absent")
	w.groups.await("absent", metav1.ConditionTrue, v1alpha1.ReasonObserved)
	w.calls.wantNoWrite()
}

// suspend holds back every write, and the status still tells how things stand.
func TestSuspendHoldsBackEveryWrite(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	id := w.groups.owned("lobby")["lobby"]
	w.groups.create("new", func(g *v1alpha1.Group) { g.Spec.Suspend = true })
	w.groups.await("new", metav1.ConditionUnknown, v1alpha1.ReasonSuspended)

	w.groups.edit("lobby", func(g *v1alpha1.Group) { g.Spec.Suspend = true })
	wantMessage(w, w.groups.await("lobby", metav1.ConditionTrue, v1alpha1.ReasonSuspended), "shows the declared fields")
	w.sim.ResetRequests()
	w.groups.edit("lobby", func(g *v1alpha1.Group) { g.Spec.Description = new("Later.") })
	g := w.groups.await("lobby", metav1.ConditionUnknown, v1alpha1.ReasonSuspended)
	wantMessage(w, g, "suspended", "description")
	if len(g.Status.Drift) != 1 || g.Status.Drift[0] != "description" {
		t.Errorf("status.drift is %v, want [description]", g.Status.Drift)
	}
	if isStalled(g) {
		t.Error("a suspended Group is Stalled")
	}
	w.sim.Mutate(id, func(g *simulator.Group) { g.Description = new("Later.") })
	w.groups.await("lobby", metav1.ConditionTrue, v1alpha1.ReasonSuspended)
	w.sim.Mutate(id, func(g *simulator.Group) { g.Description = new("Never.") })
	w.groups.await("lobby", metav1.ConditionUnknown, v1alpha1.ReasonSuspended)

	w.groups.delete("lobby")
	wantMessage(w, w.groups.await("lobby", metav1.ConditionUnknown, v1alpha1.ReasonSuspended), "deletion waits", "Orphan")
	w.calls.nextListings(1)
	w.calls.wantNoWrite()
	w.groups.edit("lobby", func(g *v1alpha1.Group) { g.Spec.Suspend = false })
	w.groups.awaitGone("lobby")
	w.remote.wantArchived(id, true)
	if have := *w.remote.get(id).Description; have != "Never." {
		t.Errorf("a deletion changed more than archived_at: %q", have)
	}

	w.groups.edit("new", func(g *v1alpha1.Group) { g.Spec.Suspend = false })
	w.groups.awaitSynced("new")
}

// A suspended Group that goes as Orphan waits for nothing.
func TestSuspendDoesNotHoldAnOrphan(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	id := w.groups.owned("lobby")["lobby"]
	w.groups.edit("lobby", func(g *v1alpha1.Group) { g.Spec.Suspend = true })
	w.groups.await("lobby", metav1.ConditionTrue, v1alpha1.ReasonSuspended)
	w.groups.delete("lobby")
	w.groups.await("lobby", metav1.ConditionTrue, v1alpha1.ReasonSuspended)
	w.groups.edit("lobby", func(g *v1alpha1.Group) { g.Spec.DeletionPolicy = v1alpha1.DeletionOrphan })
	w.groups.awaitGone("lobby")
	w.remote.wantArchived(id, false)
	w.groups.wantEvents("lobby", map[string]int{"Created": 1, "Orphaned": 1})
}
