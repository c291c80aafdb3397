// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package integration

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// A refused PUT is quoted, told of once, not repeated with each listing, and tried
// again when the Group changes or a person asks.
func TestRejectedUpdateIsQuotedAndNotRepeated(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		status int
	}{{"bad-request", 400}, {"forbidden", 403}, {"conflict", 409}, {"unprocessable", 422}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, simulator.Settings{})
			w.groups.owned("lobby", "bar")
			fault := w.remote.refuse("PUT", c.status, "the house rules forbid it")
			w.sim.ResetRequests()
			w.groups.edit("lobby", func(g *v1alpha1.Group) { g.Spec.Description = new("Loud.") })
			g := w.groups.awaitStalled("lobby", v1alpha1.ReasonRejected, "PUT", quoted(c.status, "the house rules forbid it"))
			if len(g.Status.Drift) != 1 || g.Status.Drift[0] != "description" {
				t.Errorf("status.drift is %v, want [description]", g.Status.Drift)
			}
			w.calls.nextListings(2)
			w.calls.want(map[string]int{"PUT": 1})
			w.groups.wantEvents("lobby", map[string]int{"Created": 1, "Rejected": 1})
			w.connection.await("True", v1alpha1.ReasonConnected)

			fault.Remove()
			w.groups.annotate("lobby", v1alpha1.AnnotationReconcileRequestedAt, "now, please")
			w.groups.awaitSynced("lobby")
			w.groups.wantEvents("lobby", map[string]int{"Created": 1, "Rejected": 1, "Updated": 1})
		})
	}
}

// A refused POST makes nothing and needs no recovery; a changed declaration is sent
// at once.
func TestRejectedCreateIsTriedAgainWhenTheGroupChanges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		status int
	}{{"bad-request", 400}, {"forbidden", 403}, {"unprocessable", 422}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, simulator.Settings{})
			w.sim.AddFault(simulator.Fault{
				Method: "POST", BodyRegexp: "The lobby", Action: simulator.Status, Status: c.status, Body: `{"error":"no lobby here"}`,
			})
			w.groups.create("lobby")
			w.groups.awaitStalled("lobby", v1alpha1.ReasonRejected, "POST", quoted(c.status, "no lobby here"))
			w.calls.nextListings(1)
			w.calls.want(map[string]int{"POST": 1})
			w.groups.edit("lobby", func(g *v1alpha1.Group) { g.Spec.Name = "Foyer" })
			w.groups.awaitSynced("lobby")
			w.calls.want(map[string]int{"POST": 2})
			w.remote.wantCount(1)
			w.groups.wantEvents("lobby", map[string]int{"Rejected": 1, "Created": 1})
		})
	}
}

// A 409 does not prove that a create made nothing, so that its group is looked for;
// the reason stands in the status meanwhile.
func TestConflictOfACreateIsQuotedAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{UniqueNames: true})
	w.remote.seed("The lobby")
	w.groups.create("lobby", allowDuplicate)
	w.groups.awaitStalled("lobby", v1alpha1.ReasonRejected, "POST", "409")
	w.calls.nextListings(1)
	w.calls.want(map[string]int{"POST": 1})
	w.remote.wantCount(1)
}

// An API that wants unique names counts archived groups too: the message says which has
// the name, and how to bind to it.
func TestANameOfAnArchivedGroupIsHadByBindingToIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{UniqueNames: true})
	id := w.remote.seed("The lobby", func(g *simulator.Group) { g.ArchivedAt = time.Now().Add(-time.Hour) })
	w.groups.owned("bar")
	w.calls.nextPasses(1)
	w.groups.create("lobby")
	w.groups.awaitStalled("lobby", v1alpha1.ReasonRejected, "409", id, "ByName", "groupID")
	w.groups.edit("bar", func(g *v1alpha1.Group) { g.Spec.Name = "The lobby" })
	w.groups.awaitStalled("bar", v1alpha1.ReasonRejected, "409", id, "rename that group")
	w.groups.edit("bar", func(g *v1alpha1.Group) { g.Spec.Name = "The bar" })
	w.groups.edit("lobby", func(g *v1alpha1.Group) { g.Spec.AdoptionPolicy = v1alpha1.AdoptByName })
	if g := w.groups.awaitSynced("lobby"); g.Status.ID != id {
		t.Errorf("it is bound to %s, not to %s", g.Status.ID, id)
	}
	w.remote.wantArchived(id, false)
	w.remote.wantCount(2)

	// So it is with what a Group left that is gone by now.
	w.groups.create("attic")
	left := w.groups.awaitSynced("attic").Status.ID
	w.groups.delete("attic")
	w.groups.awaitGone("attic")
	w.groups.create("attic")
	w.groups.awaitStalled("attic", v1alpha1.ReasonRejected, "409", left, "ByName")
}

// Once the name is free it is taken, without anybody's change of the Group.
func TestANameThatIsFreeByNowIsTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{UniqueNames: true})
	id := w.remote.seed("The lobby", func(g *simulator.Group) { g.ArchivedAt = time.Now().Add(-time.Hour) })
	w.groups.owned("bar")
	w.calls.nextPasses(1)
	w.groups.create("lobby")
	w.groups.edit("bar", func(g *v1alpha1.Group) { g.Spec.Name = "The lobby" })
	w.groups.awaitStalled("lobby", v1alpha1.ReasonRejected, id)
	w.groups.awaitStalled("bar", v1alpha1.ReasonRejected, id)
	w.groups.edit("bar", func(g *v1alpha1.Group) { g.Spec.Name = "The pool" })
	pool := w.remote.seed("The attic")
	w.groups.awaitSynced("bar")
	w.calls.nextPasses(1)
	w.groups.edit("bar", func(g *v1alpha1.Group) { g.Spec.Name = "The attic" })
	w.groups.awaitStalled("bar", v1alpha1.ReasonRejected, pool)
	w.sim.Remove(id)
	w.sim.Mutate(pool, func(g *simulator.Group) { g.Name = "The old attic" })
	w.groups.awaitSynced("bar")
	w.groups.awaitSynced("lobby")
	w.remote.wantCount(3)
}

// A refusal lasts for an hour also where each listing makes the Group read its own
// remote group, because the account cannot be listed completely.
func TestRejectedIsNotForgottenByARead(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{Paging: simulator.Incomplete, Order: simulator.OldestFirst})
	w.remote.crowd(120)
	for _, name := range []string{"lobby", "bar", "pool", "roof", "attic"} {
		w.groups.create(name, boundTo(w, w.remote.seed("The "+name)))
	}
	w.groups.awaitSynced("lobby")
	w.remote.refuse("PUT", 422, "no")
	w.groups.edit("lobby", func(g *v1alpha1.Group) { g.Spec.Description = new("Loud.") })
	w.groups.awaitStalled("lobby", v1alpha1.ReasonRejected, "no")
	w.sim.ResetRequests()
	eventually(w, func() string {
		if reads := w.sim.Counts()["GET one"]; reads < 10 {
			return fmt.Sprintf("waiting for two rounds of reads, have %d", reads)
		}
		return ""
	})
	if n := w.sim.Counts()["PUT"]; n != 0 {
		t.Errorf("a refused PUT was sent %d times more", n)
	}
}

// The API says yes and does something else: the Group says so, names the fields, and
// does not fight.
func TestNotAppliedNamesTheFields(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		settings simulator.Settings
		declare  func(*v1alpha1.Group)
		field    string
		differs  string
		fix      func(*v1alpha1.Group)
	}{{
		name:     "an unknown contact is dropped",
		settings: simulator.Settings{UnknownContacts: simulator.Drop, KnownContacts: []string{"Hector"}},
		declare:  func(g *v1alpha1.Group) { g.Spec.Contacts = contacts("Hector", "Nobody") }, field: "contacts", differs: "contacts: missing: Nobody",
		fix: func(g *v1alpha1.Group) { g.Spec.Contacts = contacts("Hector") },
	}, {
		name: "a text is trimmed", settings: simulator.Settings{Text: simulator.Trim},
		declare: func(g *v1alpha1.Group) { g.Spec.Description = new("  World-renowned.\n") }, field: "description",
		differs: `description: declared "  World-renowned.\n", shown "World-renowned."`,
		fix:     func(g *v1alpha1.Group) { g.Spec.Description = new("World-renowned.") },
	}, {
		name: "a text is escaped", settings: simulator.Settings{Text: simulator.EscapeHTML},
		declare: func(g *v1alpha1.Group) { g.Spec.Name = "Bed & Breakfast" }, field: "name",
		differs: `name: declared "Bed & Breakfast", shown "Bed &amp; Breakfast"`,
		fix:     func(g *v1alpha1.Group) { g.Spec.Name = "Bed and Breakfast" },
	}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, way := range []string{"created", "updated"} {
				t.Run(way, func(t *testing.T) {
					t.Parallel()
					w := newWorld(t, c.settings)
					events := map[string]int{"Created": 1, "NotApplied": 1}
					if way == "created" {
						w.groups.create("lobby", c.declare)
					} else {
						w.groups.owned("lobby")
						w.groups.edit("lobby", c.declare)
					}
					g := w.groups.awaitStalled("lobby", v1alpha1.ReasonNotApplied, c.differs, "declare what the API shows")
					if g.Status.ID == "" || len(g.Status.Drift) != 1 || g.Status.Drift[0] != c.field {
						t.Errorf("status.id is %q and status.drift is %v, want [%s]", g.Status.ID, g.Status.Drift, c.field)
					}
					w.sim.ResetRequests()
					w.calls.nextListings(1)
					w.calls.wantNoWrite()
					w.groups.wantEvents("lobby", events)
					w.groups.edit("lobby", c.fix)
					w.groups.awaitSynced("lobby")
					w.remote.wantCount(1)
				})
			}
		})
	}
}

// Where only one of several fields is not taken, the others are.
func TestNotAppliedDoesNotHoldBackTheOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{UnknownContacts: simulator.Drop})
	id := w.groups.owned("lobby")["lobby"]
	w.groups.edit("lobby", func(g *v1alpha1.Group) { g.Spec.Contacts, g.Spec.Description = contacts("Nobody"), new("Quiet.") })
	w.groups.awaitStalled("lobby", v1alpha1.ReasonNotApplied, "contacts")
	if have := *w.remote.get(id).Description; have != "Quiet." {
		t.Errorf("the description is %q", have)
	}
	w.sim.Mutate(id, func(g *simulator.Group) { g.Description = new("Loud.") })
	eventually(w, func() string {
		if have := *w.remote.get(id).Description; have != "Quiet." {
			return "the description is " + have
		}
		return ""
	})
}

// spec.groupID may come to name another group than the annotations of a restored
// Group do; neither is touched.
func TestGroupIDThatContradictsTheBoundGroupIsRejected(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	bound, named := w.remote.seed("The lobby"), w.remote.seed("The lobby")
	w.groups.create("lobby", boundTo(w, bound), func(g *v1alpha1.Group) { g.Spec.GroupID, g.Spec.Description = named, new("Mine.") })
	w.groups.awaitStalled("lobby", v1alpha1.ReasonRejected, bound, named, "Orphan")
	w.calls.nextListings(1)
	w.calls.wantNoWrite()
	w.groups.edit("lobby", func(g *v1alpha1.Group) { g.Spec.DeletionPolicy = v1alpha1.DeletionOrphan })
	w.groups.delete("lobby")
	w.groups.awaitGone("lobby")
	w.calls.wantNoWrite()
}

// quoted is what a message says of a refusal: the body of a 403 may quote the token.
func quoted(status int, text string) string {
	if status == http.StatusForbidden {
		return "403 Forbidden"
	}
	return text
}
