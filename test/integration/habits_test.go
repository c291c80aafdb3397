// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package integration

import (
	"context"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// What our own write set within the last hour is read before it is corrected: a cache in
// front of the API blames nobody. What we have never set costs no read.
func TestACorrectionOfOurOwnWriteIsPrecededByARead(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	id := w.groups.owned("lobby")["lobby"]
	w.sim.ResetRequests()
	w.sim.Mutate(id, func(g *simulator.Group) { g.Name = "Theirs" })
	w.groups.wantEvents("lobby", map[string]int{"Created": 1, "DriftCorrected": 1})
	w.calls.want(map[string]int{"GET one": 1, "PUT": 1})

	adopted := w.remote.seed("The bar")
	w.groups.create("bar", boundTo(w, adopted))
	w.groups.awaitSynced("bar")
	w.sim.ResetRequests()
	w.sim.Mutate(adopted, func(g *simulator.Group) { g.Name = "Theirs" })
	w.groups.wantEvents("bar", map[string]int{"Adopted": 1, "DriftCorrected": 1})
	w.calls.want(map[string]int{"PUT": 1})
}

// Where lists cut a text, that is no drift: it is read before anybody is blamed, and before
// anything is said to differ. So for a group that was read before any list showed it, and
// after a restart, when nothing is known but what lists show.
func TestACutTextIsNoDrift(t *testing.T) {
	t.Parallel()
	w := prepareWorld(t, simulator.Settings{CutInLists: 2})
	w.start()
	w.calls.nextListings(2)
	watched := w.remote.seed("The bar", func(g *simulator.Group) { g.Description = new("Theirs.") })
	described := func(text string) func(*v1alpha1.Group) {
		return func(g *v1alpha1.Group) { g.Spec.Description = new(text) }
	}
	w.groups.create("lobby", described("Ours."))
	w.groups.create("bar", described("Theirs."), func(g *v1alpha1.Group) {
		g.Spec.GroupID, g.Spec.ManagementPolicy = watched, v1alpha1.ManagementObserve
	})
	w.groups.awaitSynced("lobby")
	w.groups.await("bar", metav1.ConditionTrue, v1alpha1.ReasonObserved)
	w.calls.nextListings(2)
	w.groups.await("bar", metav1.ConditionTrue, v1alpha1.ReasonObserved)
	w.stop()
	before := []string{w.groups.get("lobby").ResourceVersion, w.groups.get("bar").ResourceVersion}
	w.sim.ResetRequests()
	w.start()
	w.calls.nextListings(2)
	w.calls.wantNoWrite()
	if after := []string{w.groups.get("lobby").ResourceVersion, w.groups.get("bar").ResourceVersion}; !slices.Equal(before, after) {
		t.Errorf("a Group was written to: versions %v, then %v", before, after)
	}
	w.groups.wantEvents("lobby", map[string]int{"Created": 1})
}

// One member who is no more (422) holds back neither name nor description, neither of a
// group that is made nor of one that is changed; and nothing is sent over and over.
func TestOneUnknownMemberHoldsBackNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{UnknownContacts: simulator.Reject, KnownContacts: []string{"Hector"}})
	declare := func(g *v1alpha1.Group) {
		g.Spec.Description, g.Spec.Contacts = new("Loud."), contacts("Hector", "Departed")
	}
	w.groups.create("made", declare)
	made := w.groups.awaitStalled("made", v1alpha1.ReasonRejected, "422", "Departed")
	id := w.groups.owned("changed")["changed"]
	w.sim.ResetRequests()
	w.groups.edit("changed", func(g *v1alpha1.Group) { declare(g); g.Spec.Name = "Bar" })
	changed := w.groups.awaitStalled("changed", v1alpha1.ReasonRejected, "422", "Departed")
	for _, g := range []*v1alpha1.Group{made, changed} {
		if !slices.Equal(g.Status.Drift, []string{"contacts"}) {
			t.Errorf("status.drift of %s is %v, want [contacts]", g.Name, g.Status.Drift)
		}
		if r := w.remote.get(g.Status.ID); textOf(r.Description) != "Loud." {
			t.Errorf("the description of %s is %q", g.Name, textOf(r.Description))
		}
	}
	if name := w.remote.get(id).Name; name != "Bar" {
		t.Errorf("the name is %q", name)
	}
	w.calls.nextListings(2)
	w.calls.want(map[string]int{"PUT": 2})
	w.groups.wantEvents("made", map[string]int{"Created": 1, "Rejected": 1})
	w.groups.wantEvents("changed", map[string]int{"Created": 1, "Rejected": 1, "Updated": 1})

	w.groups.edit("made", func(g *v1alpha1.Group) { g.Spec.Contacts = contacts("Hector") })
	w.groups.awaitSynced("made")
	w.remote.wantCount(2)
}

// Contacts are sent as they are declared, not sorted.
func TestContactsAreSentInTheDeclaredOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	w.groups.create("lobby", func(g *v1alpha1.Group) { g.Spec.Contacts = contacts("Zoe", "Adam", "Zoe", "Mia") })
	w.groups.awaitSynced("lobby")
	w.groups.edit("lobby", func(g *v1alpha1.Group) { g.Spec.Contacts = contacts("Mia", "Zoe", "Bob") })
	w.groups.awaitSynced("lobby")
	w.calls.wantBodies("POST", `{"contacts":[{"username":"Zoe"},{"username":"Adam"},{"username":"Mia"}],"name":"The lobby"}`)
	w.calls.wantBodies("PUT", `{"contacts":[{"username":"Mia"},{"username":"Zoe"},{"username":"Bob"}]}`)
}

// What somebody writes into a status is put right by the next look, from what this
// process, the annotation and the API say; no event claims that anything was made, and
// nothing is written to the group whose id stood there.
func TestAStatusThatSomebodyEditedIsPutRight(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(s *v1alpha1.GroupStatus, other string){
		"emptied":       func(s *v1alpha1.GroupStatus, _ string) { *s = v1alpha1.GroupStatus{} },
		"a strangers":   func(s *v1alpha1.GroupStatus, other string) { s.ID = other },
		"no id":         func(s *v1alpha1.GroupStatus, _ string) { s.ID = "made-up" },
		"without an id": func(s *v1alpha1.GroupStatus, _ string) { s.ID = "" },
		"other fields": func(s *v1alpha1.GroupStatus, _ string) {
			s.ConversationID, s.RemoteName, s.ContactCount, s.Drift = "none", "none", new(int32(7)), []string{"name"}
			meta.RemoveStatusCondition(&s.Conditions, v1alpha1.ConditionReady)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, simulator.Settings{})
			w.groups.create("lobby", func(g *v1alpha1.Group) { g.Spec.Description = new("Ours.") })
			before := w.groups.awaitSynced("lobby")
			other := w.remote.seed("Somebody else's")
			w.calls.nextListings(1)
			w.sim.ResetRequests()
			edited := w.groups.get("lobby")
			edit(&edited.Status, other)
			if err := api.Status().Update(context.Background(), edited); err != nil {
				t.Fatal(err)
			}
			eventually(w, func() string {
				g := w.groups.get("lobby")
				have, want := g.Status, before.Status
				if have.ID != want.ID || have.ConversationID != want.ConversationID || have.RemoteName != want.RemoteName ||
					have.ContactCount == nil || *have.ContactCount != *want.ContactCount || len(have.Drift) > 0 {
					return "the status is " + have.ID + " " + have.ConversationID + " " + have.RemoteName
				}
				return lacks(have.Conditions, g.Generation, "True", v1alpha1.ReasonSynced)
			})
			w.calls.nextListings(1)
			w.calls.wantNoWrite()
			w.groups.wantEvents("lobby", map[string]int{"Created": 1})
			eventually(w, func() string { return w.groups.unmarked(before.Status.ID) })
		})
	}
}

// One odd group of a stranger is named on the connection, which stays Connected, and
// harms nobody else.
func TestOneOddItemIsNamedOnTheConnection(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	fault := w.sim.AddFault(simulator.Fault{
		Method: "GET", PathRegexp: "/groups$", Action: simulator.Status, Status: 200,
		Body: `{"has_more":false,"data":[{"id":"odd","name":"Odd","contacts":[{"username":12345}]},{"name":"nobody"}]}`,
	})
	eventually(w, func() string {
		c := w.connection.get()
		if ready := meta.FindStatusCondition(c.Status.Conditions, v1alpha1.ConditionReady); ready == nil || !strings.Contains(ready.Message, "of the group odd, contacts") {
			return "the connection does not name the odd group"
		}
		return lacks(c.Status.Conditions, c.Generation, "True", v1alpha1.ReasonConnected)
	})
	fault.Remove()
	w.groups.owned("lobby")
	eventually(w, func() string {
		if ready := meta.FindStatusCondition(w.connection.get().Status.Conditions, v1alpha1.ConditionReady); strings.Contains(ready.Message, "odd") {
			return "the connection still says " + ready.Message
		}
		return ""
	})
}

// A person who looks who changed what finds the operator by its name.
func TestTheFieldManagerIsCalledKlinkOperator(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	w.groups.owned("lobby")
	w.connection.await("True", v1alpha1.ReasonConnected)
	for _, o := range []client.Object{w.groups.get("lobby"), w.connection.get()} {
		managers := map[string]bool{}
		for _, entry := range o.GetManagedFields() {
			managers[entry.Manager+" "+entry.Subresource] = true
		}
		if !managers["klink-operator status"] || !managers["klink-operator "] {
			t.Errorf("%T is managed by %v", o, managers)
		}
	}
}
