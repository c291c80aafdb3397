// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package integration

import (
	"fmt"
	"strings"
	"testing"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// uncertain makes a Group whose create failed without a clear answer, while groups of
// the name appeared that do not show what was declared.
func (w *world) uncertain(name string) (candidate string) {
	w.Helper()
	fault := w.sim.AddFault(simulator.Fault{Method: "POST", Action: simulator.Status, Status: 500})
	w.groups.create(name, func(g *v1alpha1.Group) { g.Spec.Description = new("Ours.") })
	w.groups.awaitNotReady(name, v1alpha1.ReasonCreating, "no clear answer", "before trying again")
	candidate = w.remote.seed("The "+name, justNow, func(g *simulator.Group) { g.Description = new("Perhaps ours.") })
	w.groups.awaitStalled(name, v1alpha1.ReasonCreateUncertain, candidate, "spec.groupID", v1alpha1.AnnotationCreateAttempt)
	fault.Remove()
	w.calls.nextListings(1)
	if n := w.sim.Counts()["POST"]; n != 1 {
		w.Errorf("%d POSTs, while it is not known what became of the first", n)
	}
	return candidate
}

// A create that may have happened is settled by a person: it is that group.
func TestCreateUncertainIsSettledByGroupID(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	candidate := w.uncertain("lobby")
	w.groups.edit("lobby", func(g *v1alpha1.Group) { g.Spec.GroupID = candidate })
	if g := w.groups.awaitSynced("lobby"); g.Status.ID != candidate {
		t.Errorf("bound to %q, not %q", g.Status.ID, candidate)
	}
	eventually(w, func() string { return w.groups.unmarked(candidate) })
	w.remote.wantCount(1)
	w.calls.wantBodies("PUT", `{"description":"Ours."}`)
}

// Or by a person who says that none was made: the next create never mistakes the
// others for its own.
func TestCreateUncertainIsSettledByRemovingTheAnnotation(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	candidate := w.uncertain("lobby")
	w.groups.edit("lobby", allowDuplicate)
	w.groups.annotate("lobby", v1alpha1.AnnotationCreateAttempt, "")
	if g := w.groups.awaitSynced("lobby"); g.Status.ID == candidate {
		t.Error("bound to a group that is not its own")
	}
	w.remote.wantCount(2)
	w.calls.wantBodies("PUT")
}

// A note that nobody can read is no licence to create.
func TestUnreadableAttemptIsUncertain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	w.groups.create("lobby", func(g *v1alpha1.Group) {
		g.Annotations = map[string]string{v1alpha1.AnnotationCreateAttempt: "{"}
		g.Finalizers = []string{v1alpha1.FinalizerGroup} // without it, removing the note is no answer
	})
	w.groups.awaitStalled("lobby", v1alpha1.ReasonCreateUncertain, v1alpha1.AnnotationCreateAttempt, "cannot be read")
	w.calls.nextListings(1)
	w.calls.wantNoWrite()
	w.groups.annotate("lobby", v1alpha1.AnnotationCreateAttempt, "")
	w.groups.awaitSynced("lobby")
	w.remote.wantCount(1)
}

// An API that writes a name in its own way, and whose reply is lost, shows a group that
// may be the create's and is not exactly it: nobody guesses, and no second one is made.
func TestANameThatTheAPIWritesOtherwiseIsACandidate(t *testing.T) {
	t.Parallel()
	for text, name := range map[simulator.Text]string{simulator.Lowercase: "The LOBBY", simulator.Compose: "Cafe\u0301"} {
		t.Run(string(text), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, simulator.Settings{Text: text})
			w.groups.create("bar", func(g *v1alpha1.Group) { g.Spec.Name = "bar" })
			w.groups.awaitSynced("bar")
			w.sim.AddFault(simulator.Fault{Method: "POST", BodyRegexp: `"Ours."`, Action: simulator.ResetAfter, Times: 1})
			w.sim.ResetRequests()
			w.groups.create("lobby", func(g *v1alpha1.Group) { g.Spec.Name, g.Spec.Description = name, new("Ours.") })
			var made simulator.Group
			eventually(w, func() string {
				for _, made = range w.sim.Groups() {
					if strings.EqualFold(textOf(made.Description), "Ours.") {
						return ""
					}
				}
				return "nothing is made yet"
			})
			w.groups.awaitStalled("lobby", v1alpha1.ReasonCreateUncertain, made.ID, "spec.groupID")
			w.calls.nextListings(2)
			w.calls.want(map[string]int{"POST": 1})
			w.groups.edit("lobby", func(g *v1alpha1.Group) {
				g.Spec.GroupID, g.Spec.Name, g.Spec.Description = made.ID, made.Name, made.Description
			})
			w.groups.awaitSynced("lobby")
			w.remote.wantCount(2)
		})
	}
}

// The candidates are the way out of the message; there are at most ten of them in it.
func TestCreateUncertainListsTheCandidates(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	w.uncertain("lobby")
	for i := range 12 {
		w.remote.seed("The lobby", justNow, func(g *simulator.Group) { g.Description = new(fmt.Sprint(i)) })
	}
	eventually(w, func() string {
		w.Helper()
		if text := message(w.groups.get("lobby")); !strings.Contains(text, "and 3 more") {
			return "the message is " + text
		}
		return ""
	})
}
