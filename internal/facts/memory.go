// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package facts

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/plan"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

// Memory is what a process remembers of one Group beyond what Kubernetes keeps. The
// zero value is that of a process which has just started.
type Memory struct {
	// Bound is the id that this process bound and the Group may not show yet.
	Bound string
	// Dropped is the one that it gave up, until the Group is bound to another: the Group may
	// show it still, and the account may show it again.
	Dropped Dropped
	// Agreed is the id that status and annotation have last agreed on: a status that
	// somebody edits, and an annotation that still says so, count for it.
	Agreed string
	// Unrecorded is a group that was made and whose id is not written down yet.
	Unrecorded *Unrecorded
	// SeenID is the bound id as it is seen since BoundSince; Inherited: another process
	// bound it.
	SeenID     string
	BoundSince time.Time
	Inherited  bool
	// Name is the declared name, with the adoptionPolicy, as History.NameSeen counts it.
	Name string
	// Missing are candidates of that name that a GET, begun then, did not find.
	Missing map[string]time.Time
	// DeletionSeen is since when the Group is seen being deleted.
	DeletionSeen time.Time
	// Attempt is the note of a create as it is seen since AttemptSeen; AttemptEmpty:
	// it is proven that this create made nothing.
	Attempt      string
	AttemptSeen  time.Time
	AttemptEmpty bool
	// Answerable is the note of which status has said CreateUncertain: that it is
	// removed is a person's answer.
	Answerable string
	// EmptyNotes are the last notes of which it is proven that they made nothing. The
	// proof outlives a note that could not be written.
	EmptyNotes []string
	// Declared are the declared fields, of DeclaredGeneration; nil before the first.
	Declared           *plan.Declared
	DeclaredGeneration int64
	// History is what the plan remembers of its own.
	History plan.History
}

// Dropped is an id that was given up, as proven gone, so that another group is made.
type Dropped struct {
	ID string
	// At is when it was given up. Confirmed: status had it, and not an annotation alone.
	At        time.Time
	Confirmed bool
}

// Unrecorded is a group that was made for a Group which does not know of it yet.
type Unrecorded struct {
	Group remote.Group
	// Sent are the fields that the create has set.
	Sent []plan.Field
	// Account is the fingerprint, salted with the group's id, of the account in which
	// it was made.
	Account string
}

// See notes what is seen of the Group for the first time.
func (m *Memory) See(g *v1alpha1.Group, now time.Time) {
	if m.History.FirstSeen.IsZero() {
		m.History.FirstSeen = now
	}
	m.History.ResetOnChange(g.Generation, plan.Echo(g.Annotations[v1alpha1.AnnotationReconcileRequestedAt]), now)
	m.seeName(g, now)
	m.seeDeclared(g, now)
	own := m.Bound
	if g.Status.ID == m.Bound {
		m.Bound = ""
	}
	if g.Status.ID != "" && g.Annotations[v1alpha1.AnnotationGroupID] == g.Status.ID {
		m.Agreed = g.Status.ID
	}
	if m.Bound == "" && g.Status.ID != "" && g.Status.ID != m.Dropped.ID {
		m.Dropped = Dropped{}
	}
	id := BoundID(g, *m) + ClaimedID(g, *m) // one of them is empty
	if m.SeenID != id {
		m.SeenID, m.BoundSince = id, now
		m.Inherited = id != "" && id != own && m.Unrecorded == nil
	}
	m.seeNote(g, id, now)
	if !g.DeletionTimestamp.IsZero() && m.DeletionSeen.IsZero() {
		m.DeletionSeen = now
	}
}

// seeName notes since when the Group declares its name with its adoptionPolicy, and
// whether status has said NameTaken of them.
func (m *Memory) seeName(g *v1alpha1.Group, now time.Time) {
	if name := g.Spec.Name + "\n" + string(g.Spec.AdoptionPolicy); m.Name != name {
		m.Name, m.Missing, m.History.NameSeen, m.History.NameTaken = name, nil, now, false
	}
	ready := meta.FindStatusCondition(g.Status.Conditions, v1alpha1.ConditionReady)
	if ready != nil && ready.Reason == v1alpha1.ReasonNameTaken && ready.ObservedGeneration == g.Generation {
		m.History.NameTaken = true
	}
}

// Miss notes that a candidate was not found by a GET that began then.
func (m *Memory) Miss(id string, began time.Time) {
	if m.Missing == nil {
		m.Missing = map[string]time.Time{}
	}
	m.Missing[id] = began
}

// seeDeclared notes since when the Group declares these fields. What status has said of
// them before this process began needs no newer evidence.
func (m *Memory) seeDeclared(g *v1alpha1.Group, now time.Time) {
	if m.DeclaredGeneration == g.Generation && m.Declared != nil {
		return
	}
	declared := plan.DeclaredBy(&g.Spec)
	compared := m.Declared == nil && g.Status.ObservedGeneration == g.Generation
	if !compared && (m.Declared == nil || !declared.Within(*m.Declared)) {
		m.History.DeclaredSeen = now
	}
	kept := declared.Digested()
	m.Declared, m.DeclaredGeneration = &kept, g.Generation
}

// seeNote notes what becomes of the note of a create.
func (m *Memory) seeNote(g *v1alpha1.Group, id string, now time.Time) {
	note, noted := g.Annotations[v1alpha1.AnnotationCreateAttempt]
	ready := meta.FindStatusCondition(g.Status.Conditions, v1alpha1.ConditionReady)
	switch {
	case id != "":
	case noted:
		m.SeeAttempt(note, now)
		if ready != nil && ready.Reason == v1alpha1.ReasonCreateUncertain {
			m.Answerable = note
		}
	case m.Attempt != "" && m.Attempt == m.Answerable && slices.Contains(g.Finalizers, v1alpha1.FinalizerGroup):
		// A replace would have stripped the finalizer too.
		m.Attempt, m.Answerable = "", ""
	}
}

// SeeAttempt notes when the note of a create was first seen.
func (m *Memory) SeeAttempt(note string, now time.Time) {
	if m.Attempt != note {
		m.Attempt, m.AttemptSeen, m.AttemptEmpty = note, now, slices.Contains(m.EmptyNotes, note)
	}
}

// keptNotes is how many proofs are kept: of the note on the Group, and of the one that
// was to take its place.
const keptNotes = 2

// Prove notes that the create of a note made nothing, or takes that back when its call
// is about to be sent.
func (m *Memory) Prove(note string, empty bool) {
	m.EmptyNotes = slices.DeleteFunc(m.EmptyNotes, func(n string) bool { return n == note })
	if empty {
		m.EmptyNotes = append(m.EmptyNotes, note)
		m.EmptyNotes = m.EmptyNotes[max(0, len(m.EmptyNotes)-keptNotes):]
	}
	if m.Attempt == note {
		m.AttemptEmpty = empty
	}
}

// BoundID is the bound id: what this process has bound, where the Group's status may
// not show it yet; what status and annotation agreed on, where the annotation still says
// so, or where a replace has stripped it, and the finalizer, while the status was empty; else
// what status says.
func BoundID(g *v1alpha1.Group, m Memory) string {
	said, named := g.Status.ID, g.Annotations[v1alpha1.AnnotationGroupID]
	switch {
	case m.Unrecorded != nil:
		return m.Unrecorded.Group.ID
	case m.Bound != "":
		return m.Bound
	case m.Agreed != "" && m.Agreed != m.Dropped.ID && (named == m.Agreed || said+named == "" && !slices.Contains(g.Finalizers, v1alpha1.FinalizerGroup)):
		return m.Agreed
	case said == m.Dropped.ID:
		return ""
	default:
		return said
	}
}
