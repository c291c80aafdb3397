// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package facts

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/plan"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func noted(note string, finalizers ...string) *v1alpha1.Group {
	g := &v1alpha1.Group{ObjectMeta: metav1.ObjectMeta{Generation: 1, Finalizers: finalizers, Annotations: map[string]string{}}}
	if note != "" {
		g.Annotations[v1alpha1.AnnotationCreateAttempt] = note
	}
	g.Spec.Name = "Plaza Hotel"
	return g
}

func saying(g *v1alpha1.Group, reason string) *v1alpha1.Group {
	g.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Reason: reason, ObservedGeneration: g.Generation}}
	return g
}

func attempt(name string) string {
	return plan.NewAttempt(plan.Declared{Name: name}, start, nil).Encode()
}

func open(m Memory, g *v1alpha1.Group) bool {
	f := Of(Input{Now: start, Group: g, Memory: m})
	return f.Identity.Attempt != nil && !f.Identity.AttemptEmpty
}

// Removing the note is a person's answer only where status has asked for it, and our
// finalizer is still there: a replace strips both.
func TestANoteThatWasStrippedIsRemembered(t *testing.T) {
	note := attempt("Plaza Hotel")
	for _, c := range []struct {
		name  string
		asked bool
		after *v1alpha1.Group
		want  bool
	}{
		{"a replace strips note and finalizer", true, noted(""), true},
		{"nobody was asked", false, noted("", v1alpha1.FinalizerGroup), true},
		{"a person has answered", true, noted("", v1alpha1.FinalizerGroup), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var m Memory
			before := noted(note, v1alpha1.FinalizerGroup)
			if c.asked {
				saying(before, v1alpha1.ReasonCreateUncertain)
			}
			m.See(before, start)
			m.See(c.after, start.Add(time.Second))
			if got := open(m, c.after); got != c.want {
				t.Errorf("the create is open: %t, want %t", got, c.want)
			}
			if c.want && !m.AttemptSeen.Equal(start) {
				t.Errorf("the settle time starts over, at %s", m.AttemptSeen)
			}
		})
	}
}

// A 429 proved that a create made nothing. The next note lost against an edit of a label,
// the old note was read again, and its proof was forgotten.
func TestTheProofThatNothingWasMadeOutlivesTheNextNote(t *testing.T) {
	first, second := attempt("Plaza Hotel"), attempt("Ritz")
	var m Memory
	m.See(noted(first), start)
	m.Prove(first, true)
	m.Prove(second, true)
	m.SeeAttempt(second, start.Add(time.Second))
	m.See(noted(first), start.Add(2*time.Second))
	if open(m, noted(first)) {
		t.Error("the create counts as open again")
	}
	m.See(noted(second), start.Add(3*time.Second))
	m.Prove(second, false)
	if !open(m, noted(second)) {
		t.Error("a create whose call was sent counts as empty")
	}
}

// What status said before this process began needs no newer evidence; an edit of what is
// declared does, and no other.
func TestOnlyANewDeclarationAsksForNewerEvidence(t *testing.T) {
	g := noted("")
	g.Status.ObservedGeneration = 1
	var m Memory
	m.See(g, start)
	if !m.History.DeclaredSeen.IsZero() {
		t.Errorf("a generation that was compared asks again, at %s", m.History.DeclaredSeen)
	}
	g = g.DeepCopy()
	g.Generation, g.Spec.DeletionPolicy = 2, v1alpha1.DeletionOrphan
	m.See(g, start.Add(time.Minute))
	if !m.History.DeclaredSeen.IsZero() {
		t.Errorf("an edit of no declared field asks, at %s", m.History.DeclaredSeen)
	}
	g = g.DeepCopy()
	g.Generation, g.Spec.Name = 3, "Ritz"
	m.See(g, start.Add(2*time.Minute))
	if want := start.Add(2 * time.Minute); !m.History.DeclaredSeen.Equal(want) {
		t.Errorf("a new name asks since %s, want %s", m.History.DeclaredSeen, want)
	}
	var restarted Memory
	restarted.See(g, start.Add(time.Hour))
	if want := start.Add(time.Hour); !restarted.History.DeclaredSeen.Equal(want) {
		t.Errorf("after a restart it asks since %s, want %s", restarted.History.DeclaredSeen, want)
	}
}

// ByName is decided on a listing begun after the name, or the policy, was first seen.
func TestANewNameOrPolicyAsksForANewListing(t *testing.T) {
	g := saying(noted(""), v1alpha1.ReasonNameTaken)
	var m Memory
	m.See(g, start)
	if !m.History.NameTaken || !m.History.NameSeen.Equal(start) {
		t.Errorf("what status said is not remembered: %+v", m.History)
	}
	g = g.DeepCopy()
	g.Generation, g.Spec.AdoptionPolicy = 2, v1alpha1.AdoptByName
	m.See(g, start.Add(time.Minute))
	if m.History.NameTaken || !m.History.NameSeen.Equal(start.Add(time.Minute)) {
		t.Errorf("a new policy is not noticed: %+v", m.History)
	}
	g = g.DeepCopy()
	g.Generation, g.Spec.Description = 3, new("new")
	m.See(g, start.Add(2*time.Minute))
	if !m.History.NameSeen.Equal(start.Add(time.Minute)) {
		t.Errorf("an edit of another field asks for a listing: %+v", m.History)
	}
}

// What somebody writes into a status unbinds nothing that the annotation still says.
func TestAStatusThatSomebodyEdited(t *testing.T) {
	group := func(status, annotation string, finalizers ...string) *v1alpha1.Group {
		g := &v1alpha1.Group{}
		g.Finalizers = finalizers
		g.Status.ID = status
		if annotation != "" {
			g.Annotations = map[string]string{v1alpha1.AnnotationGroupID: annotation}
		}
		return g
	}
	var m Memory
	for _, step := range []struct {
		what, status, annotation, want string
	}{
		{"a process that has just started believes the status", "s", "a", "s"},
		{"both agree", "a", "a", "a"},
		{"the status is another", "s", "a", "a"},
		{"the status is empty", "", "a", "a"},
		{"the annotation is another", "a", "s", "a"},
		{"both are another, as another manager leaves them", "b", "b", "b"},
		{"the annotation is gone", "b", "", "b"},
		{"a person has emptied both, and left the finalizer", "", "", ""},
	} {
		g := group(step.status, step.annotation, v1alpha1.FinalizerGroup)
		m.See(g, time.Now())
		if got := BoundID(g, m); got != step.want {
			t.Errorf("%s: bound to %q, want %q", step.what, got, step.want)
		}
	}
	m.See(group("a", "a"), time.Now())
	if got := BoundID(group("", ""), m); got != "a" {
		t.Errorf("a Group that was replaced while its status was empty is bound to %q", got)
	}
	m.Dropped.ID = "a"
	if got := BoundID(group("", "a"), m); got != "" {
		t.Errorf("what was given up is bound to %q", got)
	}
}
