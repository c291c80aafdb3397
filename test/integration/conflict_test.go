// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package integration

import (
	"context"
	"fmt"
	"maps"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// A manifest copied with its annotations and finalizer: the copy is told, touches
// nothing, its deletion neither, and it takes over once the owner lets go.
func TestCopiedManifestEndsInIDConflict(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	w.groups.create("owner", func(g *v1alpha1.Group) { g.Spec.Description = new("Mine.") })
	owner := w.groups.awaitSynced("owner")
	copied := func(g *v1alpha1.Group) {
		g.Annotations, g.Finalizers = maps.Clone(owner.Annotations), owner.Finalizers
		g.Spec.Name, g.Spec.Description = owner.Spec.Name, new("The copy's.")
	}
	w.sim.ResetRequests()
	w.groups.create("copy", copied)
	w.groups.create("successor", copied)
	for _, name := range []string{"copy", "successor"} {
		g := w.groups.awaitStalled(name, v1alpha1.ReasonIDConflict, owner.Status.ID, w.namespace+"/owner", "delete one of the two", "takes over", "Orphan")
		if g.Status.ID != "" {
			t.Errorf("%s shows the id %s, which is not its own", name, g.Status.ID)
		}
	}
	w.groups.delete("copy")
	w.groups.awaitGone("copy")
	w.calls.nextListings(1)
	w.calls.wantNoWrite()
	w.groups.awaitSynced("owner")
	w.groups.wantEvents("copy", map[string]int{"IDConflict": 1})

	w.groups.delete("owner") // archives
	successor := w.groups.awaitSynced("successor")
	if successor.Status.ID != owner.Status.ID {
		t.Errorf("the successor is bound to %q, not %q", successor.Status.ID, owner.Status.ID)
	}
	if r := w.remote.get(owner.Status.ID); r.Archived() || *r.Description != "The copy's." {
		t.Errorf("taking over is an adoption: the group is %+v", r)
	}
	w.remote.wantCount(1)
	w.groups.wantEvents("successor", map[string]int{"IDConflict": 1, "Adopted": 1, "Unarchived": 1, "Updated": 1})
}

// A crash in the middle of a take-over leaves a Group that is known to own its
// group: status says so before anything is written remotely.
func TestATakeOverIsInStatusBeforeItIsRemote(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	w.groups.create("owner")
	owner := w.groups.awaitSynced("owner")
	w.groups.create("successor", func(g *v1alpha1.Group) {
		g.Annotations, g.Finalizers, g.Spec.Name = maps.Clone(owner.Annotations), owner.Finalizers, owner.Spec.Name
	})
	w.groups.awaitStalled("successor", v1alpha1.ReasonIDConflict, owner.Status.ID)
	unarchiving := w.sim.AddFault(simulator.Fault{Method: "PUT", BodyRegexp: "null", Action: simulator.Hang})
	w.groups.delete("owner")
	w.groups.awaitGone("owner")
	eventually(w, func() string {
		g := w.groups.get("successor")
		ready := meta.FindStatusCondition(g.Status.Conditions, v1alpha1.ConditionReady)
		if g.Status.ID != owner.Status.ID || ready.Reason != v1alpha1.ReasonIDConflict { // the PUT is still on its way
			return fmt.Sprintf("status.id is %q with reason %s", g.Status.ID, ready.Reason)
		}
		return ""
	})
	if !w.remote.get(owner.Status.ID).Archived() {
		t.Error("the remote group was written before status")
	}
	unarchiving.Remove()
}

// groupID of another Group's group: the same.
func TestGroupIDOfAnothersGroupIsAConflict(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	id := w.groups.owned("owner")["owner"]
	w.groups.create("second", func(g *v1alpha1.Group) { g.Spec.GroupID, g.Spec.Name = id, "Stolen" })
	w.groups.awaitStalled("second", v1alpha1.ReasonIDConflict, id, w.namespace+"/owner")
	w.calls.nextListings(1)
	w.calls.wantBodies("PUT")
	w.groups.edit("owner", func(g *v1alpha1.Group) { g.Spec.DeletionPolicy = v1alpha1.DeletionOrphan })
	w.groups.delete("owner")
	w.groups.awaitSynced("second")
	if r := w.remote.get(id); r.Name != "Stolen" {
		t.Errorf("the group is %+v", r)
	}
	w.groups.wantEvents("second", map[string]int{"IDConflict": 1, "Adopted": 1, "Updated": 1})
}

// Two Groups declare one groupID from the start: the older one owns it.
func TestOneGroupIDInTwoGroups(t *testing.T) {
	t.Parallel()
	w := prepareWorld(t, simulator.Settings{})
	id := w.remote.seed("Lobby")
	for _, name := range []string{"left", "right"} {
		w.groups.create(name, func(g *v1alpha1.Group) { g.Spec.GroupID, g.Spec.Name = id, "Lobby" })
	}
	w.start()
	eventually(w, func() string {
		reasons := reasonOf(w.groups.get("left")) + " " + reasonOf(w.groups.get("right"))
		if reasons != "Synced IDConflict" && reasons != "IDConflict Synced" {
			return "want one Synced and one IDConflict, have " + reasons
		}
		return ""
	})
	w.calls.wantNoWrite()
}

// A production namespace restored into another cluster, and deleted there, harms
// nothing, until the connection says that the groups shall be taken over.
func TestGroupOfAnotherClusterIsOnlyRead(t *testing.T) {
	t.Parallel()
	const production = "3b7f0c1e-0000-4000-8000-000000000001"
	w := newWorld(t, simulator.Settings{})
	id, other := w.remote.seed("Lobby", archivedOn(1)), w.remote.seed("Bar")
	restored := func(id string) func(*v1alpha1.Group) {
		return func(g *v1alpha1.Group) {
			boundBy(production, id)(g)
			g.Finalizers = []string{v1alpha1.FinalizerGroup}
			g.Spec.Name, g.Spec.DeletionPolicy = "Staging", v1alpha1.DeletionDelete
		}
	}
	w.connection.edit(func(c *v1alpha1.Connection) { c.Spec.AllowDelete = true })
	w.groups.create("lobby", restored(id))
	w.groups.create("bar", restored(other))
	w.groups.awaitStalled("lobby", v1alpha1.ReasonIDConflict, id, production, "take-over", "sim")
	g := w.groups.awaitStalled("bar", v1alpha1.ReasonIDConflict, other)
	if g.Annotations[v1alpha1.AnnotationGroupCluster] != production {
		t.Errorf("the annotation that names the other cluster has changed: %v", g.Annotations)
	}
	w.groups.delete("bar")
	w.groups.awaitGone("bar")
	w.calls.nextListings(1)
	w.calls.wantNoWrite()

	w.connection.edit(func(c *v1alpha1.Connection) {
		c.Annotations = map[string]string{v1alpha1.AnnotationTakeOver: production}
	})
	g = w.groups.awaitSynced("lobby")
	if g.Status.ID != id || g.Annotations[v1alpha1.AnnotationGroupCluster] != clusterUID(w) {
		t.Errorf("the group was not taken over: %q, %v", g.Status.ID, g.Annotations)
	}
	w.remote.wantArchived(id, false)
	w.groups.wantEvents("lobby", map[string]int{"IDConflict": 1, "Adopted": 1, "Unarchived": 1, "Updated": 1})
	w.remote.wantCount(2)
}

// A status restored with the Group from another cluster makes it no owner either.
func TestGroupOfAnotherClusterWithItsStatus(t *testing.T) {
	t.Parallel()
	w := prepareWorld(t, simulator.Settings{})
	id := w.remote.seed("The lobby")
	g := w.groups.create("lobby", boundBy("another-cluster", id))
	g.Status.ID = id
	if err := api.Status().Update(context.Background(), g); err != nil {
		t.Fatal(err)
	}
	w.groups.create("native", func(g *v1alpha1.Group) { g.Spec.GroupID, g.Spec.Name = id, "The lobby" })
	w.start()
	w.groups.await("native", metav1.ConditionTrue, v1alpha1.ReasonSynced)
	w.groups.awaitStalled("lobby", v1alpha1.ReasonIDConflict, "another-cluster")
	w.groups.delete("lobby")
	w.groups.awaitGone("lobby")
	w.calls.wantNoWrite()
}
