// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package integration

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/manager"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// What a reply does not show is not empty: with each habit a Group is made, stays as it
// is while nobody changes anything, and a change of the spec gets through.
func TestHabitsOfAnAPIAreNoDrift(t *testing.T) {
	t.Parallel()
	for name, settings := range map[string]simulator.Settings{
		"lists of summaries":           {OmitInLists: []string{"description", "avatar_url", "contacts"}},
		"lists without archived_at":    {OmitInLists: []string{"archived_at"}},
		"lists of ids and names":       {OmitInLists: []string{"description", "avatar_url", "contacts", "conversation_id", "created_at", "archived_at"}},
		"replies without a body":       {WriteReply: simulator.WithoutBody},
		"a deletion that says so":      {DeleteReply: simulator.WithBody},
		"a cache before the API":       {Age: time.Second},
		"odd usernames of a stranger":  {NumericUsernames: true},
		"its own kind of an empty one": {Text: simulator.NullEmpty},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, settings)
			w.remote.seed("A stranger's", func(g *simulator.Group) { g.Contacts = simulator.Contacts("12345", "Eve") })
			w.groups.create("lobby", func(g *v1alpha1.Group) {
				g.Spec.Description, g.Spec.Contacts, g.Spec.Archived = new("Loud."), contacts("Hector"), new(true)
			})
			id := w.groups.awaitSynced("lobby").Status.ID
			watched := w.remote.seed("Watched", func(g *simulator.Group) { g.Description, g.Contacts = new("As found."), simulator.Contacts("Eve") })
			w.groups.create("watched", observing, func(g *v1alpha1.Group) {
				g.Spec.GroupID, g.Spec.Name, g.Spec.Description, g.Spec.Contacts, g.Spec.Archived = watched, "Watched", new("As found."), contacts("Eve"), new(false)
			})
			w.groups.await("watched", metav1.ConditionTrue, v1alpha1.ReasonObserved)
			before := w.groups.versions()
			w.sim.ResetRequests()
			w.calls.nextListings(3)
			w.calls.wantNoWrite()
			if now := w.groups.versions(); !maps.Equal(now, before) {
				t.Errorf("Groups that nobody changed were rewritten: %v, and before %v", now, before)
			}
			w.groups.edit("lobby", func(g *v1alpha1.Group) { g.Spec.Description = new("Quiet.") })
			w.groups.awaitSynced("lobby")
			w.calls.wantBodies("PUT", `{"description":"Quiet."}`)
			w.groups.await("watched", metav1.ConditionTrue, v1alpha1.ReasonObserved)
			w.remote.wantCount(3)
			if have := w.remote.get(id); textOf(have.Description) != "Quiet." || !have.Archived() || len(have.Contacts) != 1 {
				t.Errorf("the remote group is %+v", have)
			}
			if n := w.groups.events("lobby")["DriftCorrected"]; n != 0 {
				t.Errorf("%d events DriftCorrected, though nobody changed anything", n)
			}
		})
	}
}

// A PUT that resets what it does not send ends in a status that says so, and in no loop.
func TestAPutThatReplacesEndsInNotApplied(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{Put: simulator.Replace})
	w.groups.create("lobby", func(g *v1alpha1.Group) { g.Spec.Description, g.Spec.Contacts = new("Loud."), contacts("Hector") })
	w.groups.awaitSynced("lobby")
	w.sim.ResetRequests()
	w.groups.edit("lobby", func(g *v1alpha1.Group) { g.Spec.Description = new("Quiet.") })
	w.groups.awaitStalled("lobby", v1alpha1.ReasonNotApplied, "resets", "description", "contacts")
	w.calls.nextListings(2)
	if n := w.sim.Counts()["PUT"]; n > 4 {
		t.Errorf("%d PUTs: %s", n, strings.Join(w.calls.writes(), "\n"))
	}
}

// An avatar URL that changes at each read is never as it is declared: the status says what
// helps, and once the field is left out the changes cause no write, here or there.
func TestAnAvatarURLThatChangesAtEachReadIsToBeLeftOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{SignedAvatars: true})
	w.groups.create("lobby", func(g *v1alpha1.Group) { g.Spec.AvatarURL = new("https://example.com/p.png") })
	w.groups.awaitStalled("lobby", v1alpha1.ReasonNotApplied,
		`avatarURL: declared "https://example.com/p.png", shown "https://example.com/p.png?signature=`, "leave the field out", "avatar URL")
	w.groups.wantEvents("lobby", map[string]int{"Created": 1, "NotApplied": 1})
	w.groups.edit("lobby", func(g *v1alpha1.Group) { g.Spec.AvatarURL = nil })
	before := w.groups.awaitSynced("lobby").ResourceVersion
	w.sim.ResetRequests()
	w.calls.nextListings(2)
	w.calls.wantNoWrite()
	if now := w.groups.get("lobby").ResourceVersion; now != before {
		t.Error("a Group that does not declare the avatar was rewritten")
	}
}

// A login page in answer to DELETE deletes nothing, and no event claims that it did.
func TestALoginPageDeletesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{}, func(c *v1alpha1.Connection, _ *manager.Options) { c.Spec.AllowDelete = true })
	w.groups.create("lobby", func(g *v1alpha1.Group) { g.Spec.DeletionPolicy = v1alpha1.DeletionDelete })
	w.groups.awaitSynced("lobby")
	fault := w.sim.AddFault(simulator.Fault{Method: "DELETE", Action: simulator.Garbage})
	w.groups.delete("lobby")
	eventually(w, func() string {
		if fault.Hits() == 0 {
			return "no DELETE yet"
		}
		return ""
	})
	w.calls.nextListings(1)
	if w.groups.get("lobby") == nil || w.groups.events("lobby")["Deleted"] != 0 {
		t.Error("the Group is gone, or says that its remote group is")
	}
	w.remote.wantCount(1)
	fault.Remove()
	w.groups.awaitGone("lobby")
	w.remote.wantCount(0)
}

// What the API says under 200 stands in the status, and a create is not repeated without
// end.
func TestAnErrorUnder200IsQuoted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	fault := w.sim.AddFault(simulator.Fault{Method: "POST", Action: simulator.SaysError})
	w.groups.create("lobby")
	eventually(w, func() string {
		g := w.groups.get("lobby")
		if len(g.Status.Conditions) == 0 || !strings.Contains(message(g), "being maintained") {
			return fmt.Sprintf("the status does not quote it: %+v", g.Status.Conditions)
		}
		return ""
	})
	w.calls.nextListings(2)
	if fault.Hits() != 1 {
		t.Errorf("%d POSTs within the settle time", fault.Hits())
	}
}
