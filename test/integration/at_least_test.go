// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package integration

import (
	"slices"
	"testing"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// Adding one person to a group that others keep by hand removed all the others: the
// members are read just before they are written back with the added ones.
func TestAtLeastAddsMembersAndRemovesNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{}, rarelyListed)
	id := w.remote.seed("The lobby", func(g *simulator.Group) { g.Contacts = simulator.Contacts("Eve", "Hector") })
	w.groups.create("lobby", func(g *v1alpha1.Group) {
		g.Spec.GroupID, g.Spec.ContactsPolicy, g.Spec.Contacts = id, v1alpha1.ContactsAtLeast, contacts("Cliff", "Hector")
	})
	w.groups.awaitSynced("lobby")
	w.calls.wantBodies("PUT", `{"contacts":[{"username":"Eve"},{"username":"Hector"},{"username":"Cliff"}]}`)
	// Somebody adds a member whom the newest listing does not show.
	w.sim.Mutate(id, func(g *simulator.Group) { g.Contacts = simulator.Contacts("Eve", "Hector", "Cliff", "Abel") })
	w.groups.edit("lobby", func(g *v1alpha1.Group) { g.Spec.Contacts = contacts("Hester") })
	w.groups.awaitSynced("lobby")
	if have, want := usernames(w.remote.get(id)), []string{"Abel", "Cliff", "Eve", "Hector", "Hester"}; !slices.Equal(have, want) {
		t.Errorf("the members are %v, want %v", have, want)
	}
	w.groups.wantEvents("lobby", map[string]int{"Adopted": 1, "Updated": 2})
}
