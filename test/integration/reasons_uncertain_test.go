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
	w.group(name, func(g *v1alpha1.Group) { g.Spec.Description = new("Ours.") })
	w.awaitNotReady(name, v1alpha1.ReasonCreating, "no clear answer", "before trying again")
	candidate = w.seed("The "+name, justNow, func(g *simulator.Group) { g.Description = new("Perhaps ours.") })
	w.awaitStalled(name, v1alpha1.ReasonCreateUncertain, candidate, "spec.groupID", v1alpha1.AnnotationCreateAttempt)
	fault.Remove()
	w.nextListings(1)
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
	w.edit("lobby", func(g *v1alpha1.Group) { g.Spec.GroupID = candidate })
	if g := w.awaitSynced("lobby"); g.Status.ID != candidate {
		t.Errorf("bound to %q, not %q", g.Status.ID, candidate)
	}
	w.eventually(func() string { return w.unmarked(candidate) })
	w.wantRemotes(1)
	w.wantBodies("PUT", `{"description":"Ours."}`)
}

// Or by a person who says that none was made: the next create never mistakes the
// others for its own.
func TestCreateUncertainIsSettledByRemovingTheAnnotation(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	candidate := w.uncertain("lobby")
	w.edit("lobby", allowDuplicate)
	w.annotate("lobby", v1alpha1.AnnotationCreateAttempt, "")
	if g := w.awaitSynced("lobby"); g.Status.ID == candidate {
		t.Error("bound to a group that is not its own")
	}
	w.wantRemotes(2)
	w.wantBodies("PUT")
}

// A note that nobody can read is no licence to create.
func TestUnreadableAttemptIsUncertain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	w.group("lobby", func(g *v1alpha1.Group) {
		g.Annotations = map[string]string{v1alpha1.AnnotationCreateAttempt: "{"}
		g.Finalizers = []string{v1alpha1.FinalizerGroup} // without it, removing the note is no answer
	})
	w.awaitStalled("lobby", v1alpha1.ReasonCreateUncertain, v1alpha1.AnnotationCreateAttempt, "cannot be read")
	w.nextListings(1)
	w.wantNoWrite()
	w.annotate("lobby", v1alpha1.AnnotationCreateAttempt, "")
	w.awaitSynced("lobby")
	w.wantRemotes(1)
}

// An API that writes a name in its own way, and whose reply is lost, shows a group that
// may be the create's and is not exactly it: nobody guesses, and no second one is made.
func TestANameThatTheAPIWritesOtherwiseIsACandidate(t *testing.T) {
	t.Parallel()
	for text, name := range map[simulator.Text]string{simulator.Lowercase: "The LOBBY", simulator.Compose: "Cafe\u0301"} {
		t.Run(string(text), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, simulator.Settings{Text: text})
			w.group("bar", func(g *v1alpha1.Group) { g.Spec.Name = "bar" })
			w.awaitSynced("bar")
			w.sim.AddFault(simulator.Fault{Method: "POST", BodyRegexp: `"Ours."`, Action: simulator.ResetAfter, Times: 1})
			w.sim.ResetRequests()
			w.group("lobby", func(g *v1alpha1.Group) { g.Spec.Name, g.Spec.Description = name, new("Ours.") })
			var made simulator.Group
			w.eventually(func() string {
				for _, made = range w.sim.Groups() {
					if strings.EqualFold(textOf(made.Description), "Ours.") {
						return ""
					}
				}
				return "nothing is made yet"
			})
			w.awaitStalled("lobby", v1alpha1.ReasonCreateUncertain, made.ID, "spec.groupID")
			w.nextListings(2)
			w.wantCalls(map[string]int{"POST": 1})
			w.edit("lobby", func(g *v1alpha1.Group) {
				g.Spec.GroupID, g.Spec.Name, g.Spec.Description = made.ID, made.Name, made.Description
			})
			w.awaitSynced("lobby")
			w.wantRemotes(2)
		})
	}
}

// The candidates are the way out of the message; there are at most ten of them in it.
func TestCreateUncertainListsTheCandidates(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	w.uncertain("lobby")
	for i := range 12 {
		w.seed("The lobby", justNow, func(g *simulator.Group) { g.Description = new(fmt.Sprint(i)) })
	}
	w.eventually(func() string {
		w.Helper()
		if text := message(w.get("lobby")); !strings.Contains(text, "and 3 more") {
			return "the message is " + text
		}
		return ""
	})
}
