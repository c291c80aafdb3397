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
	id := w.owned("lobby")["lobby"]
	w.sim.ResetRequests()
	w.sim.Mutate(id, func(g *simulator.Group) { g.Name = "Theirs" })
	w.wantEvents("lobby", map[string]int{"Created": 1, "DriftCorrected": 1})
	w.wantCalls(map[string]int{"GET one": 1, "PUT": 1})

	adopted := w.seed("The bar")
	w.group("bar", w.boundTo(adopted))
	w.awaitSynced("bar")
	w.sim.ResetRequests()
	w.sim.Mutate(adopted, func(g *simulator.Group) { g.Name = "Theirs" })
	w.wantEvents("bar", map[string]int{"Adopted": 1, "DriftCorrected": 1})
	w.wantCalls(map[string]int{"PUT": 1})
}

// Where lists cut a text, that is no drift: it is read before anybody is blamed, and before
// anything is said to differ. So for a group that was read before any list showed it, and
// after a restart, when nothing is known but what lists show.
func TestACutTextIsNoDrift(t *testing.T) {
	t.Parallel()
	w := prepareWorld(t, simulator.Settings{CutInLists: 2})
	w.start()
	w.nextListings(2)
	watched := w.seed("The bar", func(g *simulator.Group) { g.Description = new("Theirs.") })
	described := func(text string) func(*v1alpha1.Group) {
		return func(g *v1alpha1.Group) { g.Spec.Description = new(text) }
	}
	w.group("lobby", described("Ours."))
	w.group("bar", described("Theirs."), func(g *v1alpha1.Group) {
		g.Spec.GroupID, g.Spec.ManagementPolicy = watched, v1alpha1.ManagementObserve
	})
	w.awaitSynced("lobby")
	w.await("bar", metav1.ConditionTrue, v1alpha1.ReasonObserved)
	w.nextListings(2)
	w.await("bar", metav1.ConditionTrue, v1alpha1.ReasonObserved)
	w.stop()
	before := []string{w.get("lobby").ResourceVersion, w.get("bar").ResourceVersion}
	w.sim.ResetRequests()
	w.start()
	w.nextListings(2)
	w.wantNoWrite()
	if after := []string{w.get("lobby").ResourceVersion, w.get("bar").ResourceVersion}; !slices.Equal(before, after) {
		t.Errorf("a Group was written to: versions %v, then %v", before, after)
	}
	w.wantEvents("lobby", map[string]int{"Created": 1})
}

// One member who is no more (422) holds back neither name nor description, neither of a
// group that is made nor of one that is changed; and nothing is sent over and over.
func TestOneUnknownMemberHoldsBackNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{UnknownContacts: simulator.Reject, KnownContacts: []string{"Hector"}})
	declare := func(g *v1alpha1.Group) {
		g.Spec.Description, g.Spec.Contacts = new("Loud."), contacts("Hector", "Departed")
	}
	w.group("made", declare)
	made := w.awaitStalled("made", v1alpha1.ReasonRejected, "422", "Departed")
	id := w.owned("changed")["changed"]
	w.sim.ResetRequests()
	w.edit("changed", func(g *v1alpha1.Group) { declare(g); g.Spec.Name = "Bar" })
	changed := w.awaitStalled("changed", v1alpha1.ReasonRejected, "422", "Departed")
	for _, g := range []*v1alpha1.Group{made, changed} {
		if !slices.Equal(g.Status.Drift, []string{"contacts"}) {
			t.Errorf("status.drift of %s is %v, want [contacts]", g.Name, g.Status.Drift)
		}
		if r := w.remote(g.Status.ID); textOf(r.Description) != "Loud." {
			t.Errorf("the description of %s is %q", g.Name, textOf(r.Description))
		}
	}
	if name := w.remote(id).Name; name != "Bar" {
		t.Errorf("the name is %q", name)
	}
	w.nextListings(2)
	w.wantCalls(map[string]int{"PUT": 2})
	w.wantEvents("made", map[string]int{"Created": 1, "Rejected": 1})
	w.wantEvents("changed", map[string]int{"Created": 1, "Rejected": 1, "Updated": 1})

	w.edit("made", func(g *v1alpha1.Group) { g.Spec.Contacts = contacts("Hector") })
	w.awaitSynced("made")
	w.wantRemotes(2)
}

// Contacts are sent as they are declared, not sorted.
func TestContactsAreSentInTheDeclaredOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	w.group("lobby", func(g *v1alpha1.Group) { g.Spec.Contacts = contacts("Zoe", "Adam", "Zoe", "Mia") })
	w.awaitSynced("lobby")
	w.edit("lobby", func(g *v1alpha1.Group) { g.Spec.Contacts = contacts("Mia", "Zoe", "Bob") })
	w.awaitSynced("lobby")
	w.wantBodies("POST", `{"contacts":[{"username":"Zoe"},{"username":"Adam"},{"username":"Mia"}],"name":"The lobby"}`)
	w.wantBodies("PUT", `{"contacts":[{"username":"Mia"},{"username":"Zoe"},{"username":"Bob"}]}`)
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
			w.group("lobby", func(g *v1alpha1.Group) { g.Spec.Description = new("Ours.") })
			before := w.awaitSynced("lobby")
			other := w.seed("Somebody else's")
			w.nextListings(1)
			w.sim.ResetRequests()
			edited := w.get("lobby")
			edit(&edited.Status, other)
			if err := api.Status().Update(context.Background(), edited); err != nil {
				t.Fatal(err)
			}
			w.eventually(func() string {
				g := w.get("lobby")
				have, want := g.Status, before.Status
				if have.ID != want.ID || have.ConversationID != want.ConversationID || have.RemoteName != want.RemoteName ||
					have.ContactCount == nil || *have.ContactCount != *want.ContactCount || len(have.Drift) > 0 {
					return "the status is " + have.ID + " " + have.ConversationID + " " + have.RemoteName
				}
				return lacks(have.Conditions, g.Generation, "True", v1alpha1.ReasonSynced)
			})
			w.nextListings(1)
			w.wantNoWrite()
			w.wantEvents("lobby", map[string]int{"Created": 1})
			w.eventually(func() string { return w.unmarked(before.Status.ID) })
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
	w.eventually(func() string {
		c := w.connection()
		if ready := meta.FindStatusCondition(c.Status.Conditions, v1alpha1.ConditionReady); ready == nil || !strings.Contains(ready.Message, "of the group odd, contacts") {
			return "the connection does not name the odd group"
		}
		return lacks(c.Status.Conditions, c.Generation, "True", v1alpha1.ReasonConnected)
	})
	fault.Remove()
	w.owned("lobby")
	w.eventually(func() string {
		if ready := meta.FindStatusCondition(w.connection().Status.Conditions, v1alpha1.ConditionReady); strings.Contains(ready.Message, "odd") {
			return "the connection still says " + ready.Message
		}
		return ""
	})
}

// A person who looks who changed what finds the operator by its name.
func TestTheFieldManagerIsCalledKlinkOperator(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	w.owned("lobby")
	w.awaitConnection("True", v1alpha1.ReasonConnected)
	for _, o := range []client.Object{w.get("lobby"), w.connection()} {
		managers := map[string]bool{}
		for _, entry := range o.GetManagedFields() {
			managers[entry.Manager+" "+entry.Subresource] = true
		}
		if !managers["klink-operator status"] || !managers["klink-operator "] {
			t.Errorf("%T is managed by %v", o, managers)
		}
	}
}
