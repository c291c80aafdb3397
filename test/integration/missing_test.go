// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package integration

import (
	"net/http"
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// A Group that names a group which is not there never makes one, and binds when it
// appears.
func TestGroupIDThatIsMissingIsNeverCreated(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	w.groups.create("lobby", func(g *v1alpha1.Group) { g.Spec.GroupID = "l7cGNIBKZiNJ6wqF" })
	w.groups.awaitStalled("lobby", v1alpha1.ReasonRemoteMissing, "l7cGNIBKZiNJ6wqF", "never created")
	w.remote.seed("The lobby", func(g *simulator.Group) { g.ID = "l7cGNIBKZiNJ6wqF" })
	w.groups.awaitSynced("lobby")
	w.calls.wantNoWrite()
	w.groups.wantEvents("lobby", map[string]int{"Adopted": 1, "RemoteMissing": 1})
}

// The group of groupID, or one that is observed, is gone: not recreated, and found
// again when it is back.
func TestBoundGroupThatMustNotBeRecreated(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	w.groups.owned("one", "two", "three")
	named, observed := w.remote.seed("The named"), w.remote.seed("The observed")
	w.groups.create("named", func(g *v1alpha1.Group) { g.Spec.GroupID = named })
	w.groups.create("observed", observing, func(g *v1alpha1.Group) { g.Spec.AdoptionPolicy = v1alpha1.AdoptByName })
	w.groups.awaitSynced("named")
	w.groups.await("observed", "True", v1alpha1.ReasonObserved)
	w.sim.ResetRequests()
	w.sim.Remove(named)
	w.sim.Remove(observed)
	w.groups.awaitStalled("named", v1alpha1.ReasonRemoteMissing, named, "never created")
	w.groups.awaitStalled("observed", v1alpha1.ReasonRemoteMissing, observed, "never created")
	w.calls.nextListings(1)
	w.calls.wantNoWrite()
	w.remote.seed("The named", func(g *simulator.Group) { g.ID = named })
	w.remote.seed("The observed", func(g *simulator.Group) { g.ID = observed })
	w.groups.awaitSynced("named")
	w.groups.await("observed", "True", v1alpha1.ReasonObserved)
	w.calls.wantNoWrite()
}

// A group that somebody deleted is made again, once a GET and a complete listing both
// lack it, and only then.
func TestGroupThatIsReallyGoneIsRecreated(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	w.groups.owned("one", "two", "three")
	lost := w.remote.seed("The lobby", func(g *simulator.Group) { g.Description = new("World-renowned.") })
	w.groups.create("lobby", boundTo(w, lost), func(g *v1alpha1.Group) { g.Spec.Description = new("World-renowned.") })
	w.groups.awaitSynced("lobby")
	w.sim.ResetRequests()
	w.sim.Remove(lost)
	var g *v1alpha1.Group
	eventually(w, func() string {
		if g = w.groups.get("lobby"); g.Status.ID == lost || g.Status.ID == "" || reasonOf(g) != v1alpha1.ReasonSynced {
			return "still bound to " + g.Status.ID + ", " + reasonOf(g)
		}
		return ""
	})
	if r := w.remote.get(g.Status.ID); r.Name != "The lobby" || *r.Description != "World-renowned." || g.Status.ConversationID != r.ConversationID {
		t.Errorf("the new group is not as declared: %+v; %+v", r, g.Status)
	}
	if counts := w.sim.Counts(); counts["GET one"] == 0 || counts["POST"] != 1 || counts["PUT"] != 0 {
		t.Errorf("want it read, and made again once: %v", w.calls.writes())
	}
	w.remote.wantCount(4)
	w.groups.wantEvents("lobby", map[string]int{"Adopted": 1, "Recreated": 1})
}

// Where the account cannot be listed completely nothing proves that a group is gone.
func TestIncompleteListingNeverRecreates(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{Paging: simulator.Incomplete, Order: simulator.OldestFirst})
	w.remote.crowd(120)
	kept := w.remote.seed("The lobby")
	w.groups.create("lobby", boundTo(w, kept))
	w.groups.owned("one", "two", "three", "four")
	w.groups.awaitSynced("lobby")
	w.sim.Remove(kept)
	w.sim.ResetRequests()
	w.groups.awaitStalled("lobby", v1alpha1.ReasonRemoteMissing, kept, "cannot be listed completely")
	w.calls.wantNoWrite()
	w.remote.seed("The lobby", func(g *simulator.Group) { g.ID = kept })
	w.groups.awaitSynced("lobby")
	w.calls.wantNoWrite()
}

// Groups that report their remote groups as missing do not keep the account from the
// others, though they are all that it was known to hold.
func TestGroupsThatAreMissingForGoodHoldNobodyUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	for _, name := range []string{"first", "second"} {
		id := w.remote.seed("The " + name)
		w.groups.create(name, func(g *v1alpha1.Group) { g.Spec.GroupID = id })
		w.groups.awaitSynced(name)
	}
	w.connection.awaitConnected()
	for _, g := range w.sim.Groups() {
		w.sim.Remove(g.ID)
	}
	w.connection.await("False", v1alpha1.ReasonMassDisappearance)
	w.connection.acceptMissing(time.Now().UTC().Format(time.RFC3339))
	for _, name := range []string{"first", "second"} {
		w.groups.awaitStalled(name, v1alpha1.ReasonRemoteMissing, "404", "never created")
	}
	w.stop()
	w.connection.acceptMissing("")
	w.start()
	w.groups.create("new")
	w.groups.awaitSynced("new")
	w.connection.awaitConnected()
	w.calls.nextListings(1)
	w.connection.awaitConnected()
	w.connection.wantEvents(map[string]int{"MassDisappearance": 1})
}

// Two groups were gone for a while, and the account was restored: what was given up is
// bound again where no other was made yet, and is nobody's where one was.
func TestAGroupThatWasGivenUpAndShowsAgainIsBoundAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	w.groups.owned("one", "two", "three")
	long := func(g *simulator.Group) { g.CreatedAt = time.Now().Add(-24 * time.Hour) } // it cannot be what a create of ours has made
	lost := map[string]string{"lobby": w.remote.seed("The lobby", long), "lounge": w.remote.seed("The lounge", long)}
	for name, id := range lost {
		w.groups.create(name, boundTo(w, id), func(g *v1alpha1.Group) { g.Spec.AdoptionPolicy = v1alpha1.AdoptAllowDuplicate })
		w.groups.awaitSynced(name)
	}
	w.sim.AddFault(simulator.Fault{
		Method: http.MethodPost, BodyRegexp: "lobby", Action: simulator.Status, Status: http.StatusUnprocessableEntity, Body: `{"message":"full"}`,
	})
	w.sim.Remove(lost["lobby"])
	w.sim.Remove(lost["lounge"])
	w.groups.awaitStalled("lobby", v1alpha1.ReasonRejected, "full")
	if g := w.groups.get("lobby"); g.Status.ID != "" || g.Annotations[v1alpha1.AnnotationGroupID] != "" {
		t.Errorf("it is bound to %q still", g.Status.ID)
	}
	eventually(w, func() string {
		if id := w.groups.get("lounge").Status.ID; id == lost["lounge"] || id == "" {
			return "the lounge was not made again"
		}
		return ""
	})
	next := w.groups.awaitSynced("lounge").Status.ID
	w.sim.ResetRequests()
	w.remote.seed("The lobby", long, func(g *simulator.Group) { g.ID = lost["lobby"] })
	w.remote.seed("The lounge", long, func(g *simulator.Group) { g.ID = lost["lounge"] })
	if id := w.groups.awaitSynced("lobby").Status.ID; id != lost["lobby"] {
		t.Errorf("it is bound to %q, and not to %q again", id, lost["lobby"])
	}
	w.calls.nextListings(1)
	if id := w.groups.awaitSynced("lounge").Status.ID; id != next {
		t.Errorf("the lounge is bound to %q, and not to %q as before", id, next)
	}
	w.calls.wantNoWrite()
	w.remote.wantCount(6)
	w.groups.wantEvents("lounge", map[string]int{"Adopted": 1, "Recreated": 1})
}
