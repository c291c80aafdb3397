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
	id := w.seed("Lobby", func(g *simulator.Group) { g.Description = new("As found."); g.Contacts = simulator.Contacts("Hector") })
	archived := w.seed("Archive", func(g *simulator.Group) { g.ArchivedAt = g.CreatedAt.AddDate(2000, 0, 0) })
	w.group("lobby", observing, func(g *v1alpha1.Group) {
		g.Spec.Name, g.Spec.GroupID, g.Spec.Description = "Lobby", id, new("As found.")
	})
	w.group("archive", observing, func(g *v1alpha1.Group) {
		g.Spec.Name, g.Spec.AdoptionPolicy, g.Spec.DeletionPolicy = "Archive", v1alpha1.AdoptByName, v1alpha1.DeletionDelete
	})

	g := w.await("lobby", metav1.ConditionTrue, v1alpha1.ReasonObserved)
	if g.Status.ID != id || *g.Status.ContactCount != 1 || g.Status.RemoteName != "Lobby" || len(g.Status.Drift) > 0 {
		t.Errorf("the status does not show what is observed: %+v", g.Status)
	}
	if g = w.await("archive", metav1.ConditionTrue, v1alpha1.ReasonObserved); g.Status.ID != archived || g.Status.ArchivedAt == nil {
		t.Errorf("the archived group is not observed as it is: %+v", g.Status)
	}

	w.sim.Mutate(id, func(g *simulator.Group) { g.Description = new("Changed."); g.Name = "Foyer" })
	g = w.await("lobby", metav1.ConditionTrue, v1alpha1.ReasonDrifted)
	w.wantMessage(g, "only observed", "name: declared", "description: declared")
	if d := g.Status.Drift; len(d) != 2 || d[0] != "name" || d[1] != "description" {
		t.Errorf("status.drift is %v, want [name description]", d)
	}
	if g.Status.RemoteName != "Foyer" {
		t.Errorf("status.remoteName is %q", g.Status.RemoteName)
	}
	w.edit("lobby", func(g *v1alpha1.Group) { g.Spec.Name, g.Spec.Description = "Foyer", new("Changed.") })
	w.await("lobby", metav1.ConditionTrue, v1alpha1.ReasonObserved)

	for _, name := range []string{"lobby", "archive"} {
		w.delete(name)
		w.awaitGone(name)
		w.wantEvents(name, map[string]int{"Adopted": 1, "Orphaned": 1})
	}
	w.wantNoWrite()
	w.wantArchived(id, false)
	w.wantRemotes(2)
}

func observing(g *v1alpha1.Group) { g.Spec.ManagementPolicy = v1alpha1.ManagementObserve }

// What is observed and is gone is not created, and is found again by itself.
func TestObserveNeverCreates(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	w.group("absent", observing, func(g *v1alpha1.Group) { g.Spec.AdoptionPolicy = v1alpha1.AdoptByName })
	w.awaitStalled("absent", v1alpha1.ReasonRemoteMissing, "never created")
	w.seed("The absent")
	w.await("absent", metav1.ConditionTrue, v1alpha1.ReasonObserved)
	w.wantNoWrite()
}

// suspend holds back every write, and the status still tells how things stand.
func TestSuspendHoldsBackEveryWrite(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	id := w.owned("lobby")["lobby"]
	w.group("new", func(g *v1alpha1.Group) { g.Spec.Suspend = true })
	w.await("new", metav1.ConditionUnknown, v1alpha1.ReasonSuspended)

	w.edit("lobby", func(g *v1alpha1.Group) { g.Spec.Suspend = true })
	w.wantMessage(w.await("lobby", metav1.ConditionTrue, v1alpha1.ReasonSuspended), "shows the declared fields")
	w.sim.ResetRequests()
	w.edit("lobby", func(g *v1alpha1.Group) { g.Spec.Description = new("Later.") })
	g := w.await("lobby", metav1.ConditionUnknown, v1alpha1.ReasonSuspended)
	w.wantMessage(g, "suspended", "description")
	if len(g.Status.Drift) != 1 || g.Status.Drift[0] != "description" {
		t.Errorf("status.drift is %v, want [description]", g.Status.Drift)
	}
	if isStalled(g) {
		t.Error("a suspended Group is Stalled")
	}
	w.sim.Mutate(id, func(g *simulator.Group) { g.Description = new("Later.") })
	w.await("lobby", metav1.ConditionTrue, v1alpha1.ReasonSuspended)
	w.sim.Mutate(id, func(g *simulator.Group) { g.Description = new("Never.") })
	w.await("lobby", metav1.ConditionUnknown, v1alpha1.ReasonSuspended)

	w.delete("lobby")
	w.wantMessage(w.await("lobby", metav1.ConditionUnknown, v1alpha1.ReasonSuspended), "deletion waits", "Orphan")
	w.nextListings(1)
	w.wantNoWrite()
	w.edit("lobby", func(g *v1alpha1.Group) { g.Spec.Suspend = false })
	w.awaitGone("lobby")
	w.wantArchived(id, true)
	if have := *w.remote(id).Description; have != "Never." {
		t.Errorf("a deletion changed more than archived_at: %q", have)
	}

	w.edit("new", func(g *v1alpha1.Group) { g.Spec.Suspend = false })
	w.awaitSynced("new")
}

// A suspended Group that goes as Orphan waits for nothing.
func TestSuspendDoesNotHoldAnOrphan(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	id := w.owned("lobby")["lobby"]
	w.edit("lobby", func(g *v1alpha1.Group) { g.Spec.Suspend = true })
	w.await("lobby", metav1.ConditionTrue, v1alpha1.ReasonSuspended)
	w.delete("lobby")
	w.await("lobby", metav1.ConditionTrue, v1alpha1.ReasonSuspended)
	w.edit("lobby", func(g *v1alpha1.Group) { g.Spec.DeletionPolicy = v1alpha1.DeletionOrphan })
	w.awaitGone("lobby")
	w.wantArchived(id, false)
	w.wantEvents("lobby", map[string]int{"Created": 1, "Orphaned": 1})
}
