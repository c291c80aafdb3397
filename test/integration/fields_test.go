// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package integration

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// What is not declared is neither sent nor reset, no matter who changes it, and still shows
// in the status.
func TestOmittedFieldsAreLeftAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	id := w.groups.owned("lobby")["lobby"]
	w.calls.wantBodies("POST", `{"name":"The lobby"}`)
	w.sim.Mutate(id, func(g *simulator.Group) {
		g.Description, g.AvatarURL = new("Somebody's."), new("https://example.com/somebodys.jpg")
		g.Contacts, g.ArchivedAt = simulator.Contacts("Hector", "Cedric"), g.CreatedAt
	})
	eventually(w, func() string {
		if g := w.groups.get("lobby"); *g.Status.ContactCount != 2 || g.Status.ArchivedAt == nil {
			return fmt.Sprintf("the status does not show the remote group: %+v", g.Status)
		}
		return ""
	})
	w.groups.awaitSynced("lobby")
	w.groups.edit("lobby", func(g *v1alpha1.Group) { g.Spec.Name = "Foyer" })
	w.groups.awaitSynced("lobby")
	w.calls.wantBodies("PUT", `{"name":"Foyer"}`)
	r := w.remote.get(id)
	if *r.Description != "Somebody's." || *r.AvatarURL != "https://example.com/somebodys.jpg" || len(r.Contacts) != 2 || !r.Archived() {
		t.Errorf("an undeclared field was changed: %+v", r)
	}
	w.groups.wantEvents("lobby", map[string]int{"Created": 1, "Updated": 1})
}

// A field that is no longer declared keeps its last value, and is nobody's from then on.
func TestFieldThatIsNoLongerDeclared(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	w.groups.create("lobby", func(g *v1alpha1.Group) { g.Spec.Description, g.Spec.Contacts = new("Mine."), contacts("Hector") })
	id := w.groups.awaitSynced("lobby").Status.ID
	w.sim.ResetRequests()
	w.groups.edit("lobby", func(g *v1alpha1.Group) { g.Spec.Description, g.Spec.Contacts = nil, nil })
	w.groups.awaitSynced("lobby")
	w.sim.Mutate(id, func(g *simulator.Group) { g.Description = new("Yours.") })
	w.calls.nextListings(2)
	w.calls.wantNoWrite()
	if r := w.remote.get(id); *r.Description != "Yours." || len(r.Contacts) != 1 {
		t.Errorf("the remote group is %+v", r)
	}
}

// An empty value is a declaration: "" clears a text, [] removes all members.
func TestEmptyValuesClear(t *testing.T) {
	t.Parallel()
	for _, text := range []simulator.Text{simulator.AsIs, simulator.NullEmpty} {
		t.Run(string(text), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, simulator.Settings{Text: text})
			w.groups.create("lobby", func(g *v1alpha1.Group) {
				g.Spec.Description, g.Spec.AvatarURL = new("World-renowned."), new("https://example.com/a.jpg")
				g.Spec.Contacts = contacts("Hector", "Cedric")
			})
			id := w.groups.awaitSynced("lobby").Status.ID
			w.groups.edit("lobby", func(g *v1alpha1.Group) {
				g.Spec.Description, g.Spec.AvatarURL, g.Spec.Contacts = new(""), new(""), []v1alpha1.Contact{}
			})
			g := w.groups.awaitSynced("lobby")
			if r := w.remote.get(id); textOf(r.Description) != "" || textOf(r.AvatarURL) != "" || len(r.Contacts) != 0 {
				t.Errorf("the remote group is not cleared: %+v", r)
			}
			if g.Status.ContactCount == nil || *g.Status.ContactCount != 0 {
				t.Errorf("status.contactCount is %v, want 0", g.Status.ContactCount)
			}
			w.calls.wantBodies("PUT", `{"avatar_url":"","contacts":[],"description":""}`)
			w.calls.nextListings(1)
			if n := len(w.calls.bodies("PUT")); n != 1 {
				t.Errorf("%d PUTs: null and \"\" are the same", n)
			}
			w.sim.Mutate(id, func(g *simulator.Group) { g.Contacts = simulator.Contacts("Nobody") })
			w.groups.awaitEvent("lobby", "DriftCorrected")
			if r := w.remote.get(id); len(r.Contacts) != 0 {
				t.Errorf("the members are %v", r.Contacts)
			}
		})
	}
}

// Members are a set: order and duplicates are no difference, on either side.
func TestContactsAreASet(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	w.groups.create("lobby", func(g *v1alpha1.Group) { g.Spec.Contacts = contacts("Hester", "Cedric", "Hester", "Hector", "Cedric") })
	g := w.groups.awaitSynced("lobby")
	if have := usernames(w.remote.get(g.Status.ID)); !slices.Equal(have, []string{"Cedric", "Hector", "Hester"}) || *g.Status.ContactCount != 3 {
		t.Errorf("the members are %v, status.contactCount %d", have, *g.Status.ContactCount)
	}
	w.sim.ResetRequests()
	w.sim.Mutate(g.Status.ID, func(g *simulator.Group) { g.Contacts = simulator.Contacts("Hester", "Hector", "Cedric") })
	w.groups.edit("lobby", func(g *v1alpha1.Group) { g.Spec.Contacts = contacts("Hector", "Hester", "Cedric", "Cedric") })
	w.groups.awaitSynced("lobby")
	w.calls.nextListings(1)
	w.calls.wantNoWrite()
	w.sim.Mutate(g.Status.ID, func(g *simulator.Group) { g.Contacts = simulator.Contacts("Hester", "hector", "Cedric") })
	w.groups.awaitEvent("lobby", "DriftCorrected")
	if have := usernames(w.remote.get(g.Status.ID)); !slices.Equal(have, []string{"Cedric", "Hector", "Hester"}) {
		t.Errorf("the members are %v: usernames are case-sensitive", have)
	}
}

// Text is sent and compared as it is declared, whatever is in it.
func TestTextIsSentAsItIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	name, description := "Café ☕ \"<b>\" \\ & co.", "  Two lines,\r\n\tboth <em>kept</em>   \u2028"
	w.groups.create("cafe", func(g *v1alpha1.Group) { g.Spec.Name, g.Spec.Description = name, &description })
	g := w.groups.awaitSynced("cafe")
	if r := w.remote.get(g.Status.ID); r.Name != name || *r.Description != description {
		t.Errorf("the remote group is %q: %q", r.Name, *r.Description)
	}
	var body map[string]any
	if err := json.Unmarshal([]byte(w.calls.bodies("POST")[0]), &body); err != nil || len(body) != 2 {
		t.Errorf("the POST was %s", w.calls.bodies("POST")[0])
	}
	w.calls.nextListings(1)
	w.calls.want(map[string]int{"POST": 1})
}

// A group that is declared archived is made and then archived: the API's create does
// not know archived_at.
func TestCreatedArchived(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{HideArchived: true})
	w.groups.create("lobby", func(g *v1alpha1.Group) { g.Spec.Archived = new(true) })
	g := w.groups.awaitSynced("lobby")
	w.remote.wantArchived(g.Status.ID, true)
	w.calls.nextListings(2)
	w.calls.want(map[string]int{"POST": 1, "PUT": 1})
	w.groups.wantEvents("lobby", map[string]int{"Created": 1, "Archived": 1})
}

// A group that is declared archived and that somebody restores is archived again.
func TestArchivedIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	id := w.remote.seed("The lobby", archivedOn(1))
	w.groups.create("lobby", boundTo(w, id), func(g *v1alpha1.Group) { g.Spec.Archived = new(true) })
	w.groups.awaitSynced("lobby")
	w.calls.wantNoWrite()
	w.sim.Mutate(id, unarchived)
	w.groups.wantEvents("lobby", map[string]int{"Adopted": 1, "DriftCorrected": 1})
	w.remote.wantArchived(id, true)
}

func unarchived(g *simulator.Group) { g.ArchivedAt = time.Time{} }

// A field that somebody else keeps changing back is given up for an hour, aloud; what
// else differs is still corrected, and a person's own change is not held back by it.
func TestContestedFieldIsGivenUpAloud(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	w.groups.create("lobby", func(g *v1alpha1.Group) { g.Spec.Description = new("Ours.") })
	id := w.groups.awaitSynced("lobby").Status.ID
	// A value that our write has just replaced would be taken for the API's lag.
	theirs := func(n int) func(*simulator.Group) {
		return func(g *simulator.Group) { g.Description = new(fmt.Sprintf("Theirs %d.", n)) }
	}
	for n := range 3 {
		w.sim.Mutate(id, theirs(n))
		eventually(w, func() string {
			if have := *w.remote.get(id).Description; have != "Ours." {
				return fmt.Sprintf("correction %d has not come: %s", n+1, have)
			}
			return ""
		})
		w.groups.awaitSynced("lobby")
	}
	for _, event := range []string{"Contested", "DriftCorrected"} {
		if note := w.groups.awaitEvent("lobby", event); !strings.Contains(note, `description: declared "Ours.", shown "Theirs `) {
			t.Errorf("the event %s does not say what differed: %s", event, note)
		}
	}
	w.sim.ResetRequests()
	w.sim.Mutate(id, theirs(3))
	g := w.groups.awaitNotReady("lobby", v1alpha1.ReasonUpdating, "somebody else", `description: declared "Ours.", shown "Theirs 3."`, "once an hour")
	if !slices.Equal(g.Status.Drift, []string{"description"}) {
		t.Errorf("status.drift is %v", g.Status.Drift)
	}
	if n := w.groups.events("lobby")["Contested"]; n != 1 {
		t.Errorf("%d events Contested", n)
	}
	w.sim.Mutate(id, func(g *simulator.Group) { g.Name = "Also theirs" })
	eventually(w, func() string {
		if r := w.remote.get(id); r.Name != "The lobby" || *r.Description != "Theirs 3." {
			return fmt.Sprintf("want the name corrected and the description left: %+v", r)
		}
		return ""
	})
	w.calls.wantBodies("PUT", `{"name":"The lobby"}`)

	w.groups.edit("lobby", func(g *v1alpha1.Group) { g.Spec.Description = new("Ours, again.") })
	w.groups.awaitSynced("lobby")
	if r := w.remote.get(id); *r.Description != "Ours, again." {
		t.Errorf("the description is %q", *r.Description)
	}
}

func textOf(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

// A Group of many contacts, which the cache leaves out, is made, kept and changed as any
// other, and is as it was after a restart.
func TestAGroupOfManyContacts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	contacts := func(n int) (all []v1alpha1.Contact) {
		for i := range n {
			all = append(all, v1alpha1.Contact{Username: fmt.Sprintf("guest-%04d", i)})
		}
		return all
	}
	w.groups.create("crowd", func(g *v1alpha1.Group) { g.Spec.Contacts = contacts(5000) })
	id := w.groups.awaitSynced("crowd").Status.ID
	w.groups.edit("crowd", func(g *v1alpha1.Group) { g.Spec.Contacts = contacts(4000) })
	w.groups.awaitSynced("crowd")
	if n := len(w.remote.get(id).Contacts); n != 4000 {
		t.Errorf("the remote group has %d members", n)
	}
	w.stop()
	w.sim.ResetRequests()
	w.start()
	w.calls.nextListings(2)
	if counts := w.sim.Counts(); counts["PUT"]+counts["POST"]+counts["GET one"] != 0 {
		t.Errorf("a restart called for it: %v", counts)
	}
	w.sim.Mutate(id, func(g *simulator.Group) { g.Contacts = nil })
	eventually(w, func() string {
		if n := len(w.remote.get(id).Contacts); n != 4000 {
			return fmt.Sprintf("the remote group has %d members", n)
		}
		return ""
	})
}
