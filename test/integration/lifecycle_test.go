// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package integration

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// The life of a group: created with one POST and no GET of it, updated with one
// PUT of the changed field alone, healed, archived, unarchived, deleted.
func TestTheWayOfAGroup(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	w.groups.create("plaza", func(g *v1alpha1.Group) {
		g.Spec.Name = "Plaza Hotel"
		g.Spec.Description = new("World-renowned.")
		g.Spec.Contacts = contacts("Hector", "Cedric", "Hester", "Cliff")
	})
	g := w.groups.await("plaza", metav1.ConditionTrue, v1alpha1.ReasonSynced)
	remote := w.remote.get(g.Status.ID)
	if remote.Name != "Plaza Hotel" || *remote.Description != "World-renowned." || len(remote.Contacts) != 4 {
		t.Errorf("the remote group is not as declared: %+v", remote)
	}
	if g.Status.ConversationID != remote.ConversationID || *g.Status.ContactCount != 4 || g.Status.CreatedAt == nil {
		t.Errorf("the status does not show the remote group: %+v", g.Status)
	}
	w.groups.awaitEvent("plaza", "Created")
	w.calls.nextListings(1)
	w.calls.want(map[string]int{"POST": 1})

	w.sim.ResetRequests()
	w.groups.edit("plaza", func(g *v1alpha1.Group) { g.Spec.Description = new("The finest in New York.") })
	w.groups.await("plaza", metav1.ConditionTrue, v1alpha1.ReasonSynced)
	w.calls.want(map[string]int{"PUT": 1})
	if body := w.sim.Requests()[len(w.sim.Requests())-1].Body; body != `{"description":"The finest in New York."}` {
		t.Errorf("the PUT sends more than the changed field: %s", body)
	}
	w.groups.awaitEvent("plaza", "Updated")

	w.sim.Mutate(g.Status.ID, func(g *simulator.Group) { g.Description = new("Closed.") })
	w.groups.awaitEvent("plaza", "DriftCorrected")
	if remote := w.remote.get(g.Status.ID); *remote.Description != "The finest in New York." {
		t.Errorf("drift was not healed: %q", *remote.Description)
	}

	w.groups.edit("plaza", func(g *v1alpha1.Group) { g.Spec.Archived = new(true) })
	g = w.groups.await("plaza", metav1.ConditionTrue, v1alpha1.ReasonSynced)
	if !w.remote.get(g.Status.ID).Archived() || g.Status.ArchivedAt == nil {
		t.Error("the group was not archived")
	}
	w.groups.awaitEvent("plaza", "Archived")
	w.groups.edit("plaza", func(g *v1alpha1.Group) { g.Spec.Archived = new(false) })
	g = w.groups.await("plaza", metav1.ConditionTrue, v1alpha1.ReasonSynced)
	if w.remote.get(g.Status.ID).Archived() || g.Status.ArchivedAt != nil {
		t.Error("the group was not unarchived")
	}

	w.groups.delete("plaza")
	w.groups.awaitGone("plaza")
	if !w.remote.get(g.Status.ID).Archived() {
		t.Error("the deletion did not archive the group, which is the default")
	}
}
