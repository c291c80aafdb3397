// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package integration

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
	"github.com/klink-cloud/klink-operator/test/harness/checkout"
)

func allowDuplicate(g *v1alpha1.Group) { g.Spec.AdoptionPolicy = v1alpha1.AdoptAllowDuplicate }

func lobby(g *v1alpha1.Group) { g.Spec.Name = "Lobby" }

// The most common accident of GitOps: a cluster rebuilt from Git makes every group a
// second time. Never refuses beside a namesake that no Group owns.
func TestAClusterRebuiltFromGitDoublesNoGroup(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{}, atFullSpeed)
	const groups = 300
	ids := map[string]string{}
	for i := range groups {
		name := fmt.Sprintf("rebuilt-%d", i)
		ids[name] = w.remote.seed("The " + name)
	}
	for name := range ids {
		w.groups.create(name)
	}
	for name, id := range ids {
		w.groups.awaitStalled(name, v1alpha1.ReasonNameTaken, id, "groupID", "ByName", "AllowDuplicate")
	}
	w.calls.wantNoWrite()
	w.groups.wantEvents("rebuilt-0", map[string]int{"NameTaken": 1})
	// The command of the page, which patches all Groups that wait, here of one namespace.
	command := strings.Join(checkout.Commands(t, "docs/rebuild.md", "### With kubectl alone"), "\n")
	if !strings.Contains(command, " -A ") {
		t.Fatalf("the page says %q", command)
	}
	if said := shell(w, strings.Replace(command, " -A ", " -n "+w.namespace+" ", 1)); strings.Count(said, "patched\n") != groups {
		t.Fatal(said)
	}
	for name, id := range ids {
		if g := w.groups.awaitSynced(name); g.Status.ID != id {
			t.Errorf("%s is bound to %s, not %s", name, g.Status.ID, id)
		}
	}
	w.calls.wantNoWrite()
	w.remote.wantCount(groups)
}

// What does not stand in the way of a create: a namesake that is archived, one that a
// Group owns, and anything under AllowDuplicate. None of them costs a call more.
func TestNeverCreatesBesideWhatIsNotAnUnownedActiveNamesake(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	w.remote.seed("The old", archivedOn(1))
	w.remote.seed("The double")
	w.remote.seed("the case") // names are compared exactly
	w.groups.create("owner", lobby)
	w.groups.awaitSynced("owner")
	w.sim.ResetRequests()
	w.groups.create("old")
	w.groups.create("double", allowDuplicate)
	w.groups.create("case", func(g *v1alpha1.Group) { g.Spec.Name = "The case" })
	w.groups.create("second", lobby)
	for _, name := range []string{"old", "double", "case", "second"} {
		w.groups.awaitSynced(name)
	}
	w.calls.want(map[string]int{"POST": 4})
	w.remote.wantCount(8)
}

// Two new Groups of one name both create, each its own.
func TestTwoNewGroupsOfOneNameBothCreate(t *testing.T) {
	t.Parallel()
	w := prepareWorld(t, simulator.Settings{})
	w.groups.create("left", lobby)
	w.groups.create("right", lobby)
	w.start()
	if left, right := w.groups.awaitSynced("left"), w.groups.awaitSynced("right"); left.Status.ID == right.Status.ID {
		t.Errorf("both are bound to %s", left.Status.ID)
	}
	w.calls.want(map[string]int{"POST": 2})
}

// A candidate that the mirror still shows, but that is gone, renamed or archived by
// now, does not count: each is read before NameTaken is said.
func TestNameTakenIsNotSaidOfWhatTheListingShowedOnce(t *testing.T) {
	t.Parallel()
	for what, change := range map[string]func(*simulator.Instance, string){
		"gone": func(s *simulator.Instance, id string) { s.Remove(id) },
		"renamed": func(s *simulator.Instance, id string) {
			s.Mutate(id, func(g *simulator.Group) { g.Name = "Elsewhere" })
		},
		"archived": func(s *simulator.Instance, id string) {
			s.Mutate(id, func(g *simulator.Group) { g.ArchivedAt = longAgo })
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, simulator.Settings{}, rarelyListed)
			id := w.remote.seed("Lobby")
			w.groups.owned("bar")
			change(w.sim, id)
			w.groups.create("lobby", lobby)
			w.groups.awaitSynced("lobby")
			w.groups.wantEvents("lobby", map[string]int{"Created": 1})
		})
	}
}

// NameTaken is looked at again when the candidate changes.
func TestNameTakenEndsWhenTheNameIsFree(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	id := w.remote.seed("Lobby")
	w.groups.create("lobby", lobby)
	w.groups.awaitStalled("lobby", v1alpha1.ReasonNameTaken, id)
	w.sim.Mutate(id, func(g *simulator.Group) { g.Name = "The old lobby" })
	if g := w.groups.awaitSynced("lobby"); g.Status.ID == id {
		t.Error("it is bound to what it must not bind to")
	}
	w.remote.wantCount(2)
}

// That another Group has taken the candidate is no reason to create: the message says
// who. A changed name or adoptionPolicy is.
func TestNameTakenByAnotherGroupSinceIsNoReasonToCreate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	id := w.remote.seed("Lobby")
	w.groups.create("first", lobby)
	w.groups.awaitStalled("first", v1alpha1.ReasonNameTaken, id)
	w.groups.create("taker", func(g *v1alpha1.Group) { g.Spec.GroupID, g.Spec.Name = id, "Lobby" })
	w.groups.awaitSynced("taker")
	w.calls.nextPasses(2)
	w.groups.awaitStalled("first", v1alpha1.ReasonNameTaken, w.namespace+"/taker")
	w.calls.wantBodies("POST")
	w.groups.edit("first", allowDuplicate)
	w.groups.awaitSynced("first")
	w.remote.wantCount(2)
}

// ByName is decided on a listing begun after the name was first seen: not on the one
// from before a person made the group and edited the name.
func TestByNameAfterANewNameLooksAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{}, rarelyListed)
	first, second := w.remote.seed("Twice"), w.remote.seed("Twice")
	w.groups.create("lobby", byItsName, func(g *v1alpha1.Group) { g.Spec.Name = "Twice" })
	w.groups.awaitStalled("lobby", v1alpha1.ReasonAdoptionAmbiguous, first, second)
	once := w.remote.seed("Once")
	w.groups.edit("lobby", func(g *v1alpha1.Group) { g.Spec.Name = "Once" })
	if g := w.groups.awaitSynced("lobby"); g.Status.ID != once {
		t.Errorf("bound to %s, not to %s", g.Status.ID, once)
	}
	w.calls.wantNoWrite()
}

// The same where the policy is new: Never becomes ByName on a Group that is not bound.
func TestByNameAfterANewPolicyLooksAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{}, rarelyListed)
	w.groups.owned("bar")
	refusal := w.remote.refuse(http.MethodPost, http.StatusUnprocessableEntity, "not today")
	w.groups.create("lobby", lobby)
	w.groups.awaitStalled("lobby", v1alpha1.ReasonRejected, "not today")
	id := w.remote.seed("Lobby")
	refusal.Remove()
	w.groups.edit("lobby", byItsName)
	if g := w.groups.awaitSynced("lobby"); g.Status.ID != id {
		t.Errorf("bound to %s, not to %s", g.Status.ID, id)
	}
	w.remote.wantCount(2)
}

// One active group that a Group owns beside one that none does: a person has to say
// which is meant, and reads which of them is owned.
func TestByNameBesideAnOwnedNamesakeIsAmbiguous(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	w.groups.create("owner", lobby)
	owned := w.groups.awaitSynced("owner").Status.ID
	free := w.remote.seed("Lobby")
	w.groups.create("other", lobby, byItsName)
	w.groups.awaitStalled("other", v1alpha1.ReasonAdoptionAmbiguous, owned, free, w.namespace+"/owner")
	w.calls.wantBodies("PUT")
}

// Who would bind by name to what another Group owns waits for that Group, and neither shares
// its group nor makes another. It says so when it has waited for half a minute.
func TestByNameWaitsForTheOwnerOfTheOnlyNamesake(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	w.groups.create("owner", lobby)
	id := w.groups.awaitSynced("owner").Status.ID
	w.groups.create("next", lobby, byItsName)
	w.groups.awaitBlocked("next", v1alpha1.ReasonCreating, w.namespace+"/owner", id, "lets it go")
	w.groups.edit("owner", func(g *v1alpha1.Group) { g.Spec.DeletionPolicy = v1alpha1.DeletionOrphan })
	w.groups.delete("owner")
	if g := w.groups.awaitSynced("next"); g.Status.ID != id {
		t.Errorf("bound to %s, not %s", g.Status.ID, id)
	}
	w.remote.wantCount(1)
	w.groups.wantEvents("next", map[string]int{"Adopted": 1})
}

// What another Group's open create may have made is nobody's to take, and nothing to
// create beside: who meets it waits and names that Group.
func TestAnOpenCreateOfTheNameIsWaitedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{}, rarelyListed)
	w.connection.awaitListed()
	w.sim.AddFault(simulator.Fault{Method: http.MethodPost, BodyRegexp: "unclear", Times: 1, Action: simulator.ResetAfter})
	gets := w.sim.AddFault(simulator.Fault{Method: http.MethodGet, PathRegexp: "/groups$", Action: simulator.Status, Status: http.StatusBadGateway})
	w.groups.create("first", lobby, func(g *v1alpha1.Group) { g.Spec.Description = new("unclear") })
	w.calls.awaitPosts(1)
	w.groups.create("second", lobby)
	w.groups.create("third", lobby, byItsName)
	gets.Remove()
	first := w.groups.awaitSynced("first")
	second := w.groups.awaitSynced("second")
	if first.Status.ID == second.Status.ID {
		t.Errorf("both are bound to %s", first.Status.ID)
	}
	w.calls.want(map[string]int{"POST": 2, "GET one": w.sim.Counts()["GET one"]})
}
