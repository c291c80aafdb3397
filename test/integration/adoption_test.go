// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package integration

import (
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// groupID binds to the one that is named, whatever its name is, makes it as
// declared, and leaves alone what is not declared.
func TestAdoptionByID(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	id := w.remote.seed("Old name", func(g *simulator.Group) {
		g.Description, g.Contacts = new("Old."), simulator.Contacts("Hector")
	})
	w.groups.create("lobby", func(g *v1alpha1.Group) { g.Spec.GroupID, g.Spec.Name = id, "Lobby" })
	g := w.groups.awaitSynced("lobby")
	if g.Status.ID != id || g.Annotations[v1alpha1.AnnotationGroupID] != id || g.Annotations[v1alpha1.AnnotationGroupCluster] != clusterUID(w) {
		t.Errorf("the Group is not bound: status.id %q, annotations %v", g.Status.ID, g.Annotations)
	}
	if r := w.remote.get(id); r.Name != "Lobby" || *r.Description != "Old." || len(r.Contacts) != 1 {
		t.Errorf("the remote group is %+v", r)
	}
	w.calls.wantBodies("PUT", `{"name":"Lobby"}`)
	w.calls.wantBodies("POST")
	w.groups.wantEvents("lobby", map[string]int{"Adopted": 1, "Updated": 1})
}

// Adopting an archived group unarchives it, unless that is declared otherwise.
func TestAdoptionUnarchives(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		archived *bool
		want     bool
		events   map[string]int
	}{
		{"unless declared", nil, false, map[string]int{"Adopted": 1, "Unarchived": 1}},
		{"archived is declared", new(true), true, map[string]int{"Adopted": 1}},
		{"not archived is declared", new(false), false, map[string]int{"Adopted": 1, "Unarchived": 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, simulator.Settings{})
			byID, byName := w.remote.seed("The old", archivedOn(1)), w.remote.seed("The known", archivedOn(1))
			w.groups.create("old", func(g *v1alpha1.Group) { g.Spec.GroupID, g.Spec.Archived = byID, c.archived })
			w.groups.create("known", byItsName, func(g *v1alpha1.Group) { g.Spec.Archived = c.archived })
			for name, id := range map[string]string{"old": byID, "known": byName} {
				if g := w.groups.awaitSynced(name); g.Status.ID != id {
					t.Errorf("%s is bound to %s, not %s", name, g.Status.ID, id)
				}
				w.remote.wantArchived(id, c.want)
				w.groups.wantEvents(name, c.events)
			}
			w.calls.wantBodies("POST")
		})
	}
}

// What was adopted under Observe is as it was, and stays so when it is managed: only the
// adoption unarchives.
func TestManagingWhatWasObservedUnarchivesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	id := w.remote.seed("The old", archivedOn(1))
	w.groups.create("old", observing, func(g *v1alpha1.Group) { g.Spec.GroupID = id })
	w.groups.await("old", "True", v1alpha1.ReasonObserved)
	w.groups.edit("old", func(g *v1alpha1.Group) {
		g.Spec.ManagementPolicy, g.Spec.Description = v1alpha1.ManagementManage, new("Managed.")
	})
	w.groups.awaitSynced("old")
	w.calls.nextListings(1)
	w.calls.wantBodies("PUT", `{"description":"Managed."}`)
	w.remote.wantArchived(id, true)
}

func byItsName(g *v1alpha1.Group) { g.Spec.AdoptionPolicy = v1alpha1.AdoptByName }

func archivedOn(day int) func(*simulator.Group) {
	return func(g *simulator.Group) {
		g.CreatedAt, g.ArchivedAt = longAgo, time.Date(2001, 1, day, 0, 0, 0, 0, time.UTC)
	}
}

// ByName takes the active group before archived ones, the one archived last before
// the others, and makes one only where there is none.
func TestAdoptionByNameChooses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{HideArchived: true})
	w.remote.seed("The active", archivedOn(9))
	active := w.remote.seed("The active")
	w.remote.seed("The archived", archivedOn(3))
	last := w.remote.seed("The archived", archivedOn(5))
	w.remote.seed("The archived", archivedOn(4))
	w.remote.seed("the new") // names are compared exactly

	w.groups.create("active", byItsName)
	w.groups.create("archived", byItsName)
	w.groups.create("new", byItsName)
	for name, id := range map[string]string{"active": active, "archived": last} {
		if g := w.groups.awaitSynced(name); g.Status.ID != id {
			t.Errorf("%s is bound to %s, not %s", name, g.Status.ID, id)
		}
	}
	w.groups.awaitSynced("new")
	w.calls.wantBodies("POST", `{"name":"The new"}`)
	w.remote.wantCount(7)
	w.groups.wantEvents("new", map[string]int{"Created": 1})
}

// Several active groups of the name: a person has to choose, and can do so in either
// place.
func TestAdoptionAmbiguousListsTheCandidates(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	first, second := w.remote.seed("The lobby"), w.remote.seed("The lobby")
	one, two := w.remote.seed("The bar"), w.remote.seed("The bar")
	for _, name := range []string{"lobby", "bar"} {
		w.groups.create(name, byItsName)
	}
	w.groups.awaitStalled("lobby", v1alpha1.ReasonAdoptionAmbiguous, first, second, "set groupID")
	w.groups.awaitStalled("bar", v1alpha1.ReasonAdoptionAmbiguous, one, two)
	w.calls.wantNoWrite()

	w.groups.edit("lobby", func(g *v1alpha1.Group) { g.Spec.AdoptionPolicy, g.Spec.GroupID = v1alpha1.AdoptNever, second })
	if g := w.groups.awaitSynced("lobby"); g.Status.ID != second {
		t.Errorf("bound to %s, not %s", g.Status.ID, second)
	}
	w.sim.Mutate(one, func(g *simulator.Group) { g.Name = "The old bar" })
	if g := w.groups.awaitSynced("bar"); g.Status.ID != two {
		t.Errorf("bound to %s, not %s", g.Status.ID, two)
	}
	w.calls.wantNoWrite()
	w.remote.wantCount(4)
}

// Two Groups of one name, both ByName: one adopts, the other waits.
func TestAdoptionByNameOfOneGroupByTwo(t *testing.T) {
	t.Parallel()
	w := prepareWorld(t, simulator.Settings{})
	w.remote.seed("Lobby")
	for _, name := range []string{"left", "right"} {
		w.groups.create(name, byItsName, func(g *v1alpha1.Group) { g.Spec.Name = "Lobby" })
	}
	w.start()
	eventually(w, func() string {
		reasons := reasonOf(w.groups.get("left")) + " " + reasonOf(w.groups.get("right"))
		if reasons != "Synced Creating" && reasons != "Creating Synced" {
			return "want one Synced and one that waits, have " + reasons
		}
		return ""
	})
	w.remote.wantCount(1)
	w.calls.wantNoWrite()
}

// A group that appeared after the last listing is found all the same: whether there is
// one to adopt is decided on a listing begun after the Group appeared.
func TestAdoptionByNameLooksAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{}, rarelyListed)
	w.groups.owned("bar")
	id := w.remote.seed("The lobby")
	w.sim.ResetRequests()
	w.groups.create("lobby", byItsName)
	if g := w.groups.awaitSynced("lobby"); g.Status.ID != id {
		t.Errorf("bound to %s, not %s", g.Status.ID, id)
	}
	w.calls.wantNoWrite()
}
