// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package facts

import (
	"time"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/plan"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

// Memory is what a process remembers of one Group beyond what Kubernetes keeps. The
// zero value is that of a process which has just started.
type Memory struct {
	// Bound is the id that this process bound and the Group may not show yet;
	// Released is one that it gave up and the Group may still show.
	Bound, Released string
	// Unrecorded is a group that was made and whose id is not written down yet.
	Unrecorded *Unrecorded
	// SeenID is the bound id as it is seen since BoundSince.
	SeenID     string
	BoundSince time.Time
	// DeletionSeen is since when the Group is seen being deleted.
	DeletionSeen time.Time
	// Attempt is the note of a create as it is seen since AttemptSeen; AttemptEmpty:
	// it is proven that this create made nothing.
	Attempt      string
	AttemptSeen  time.Time
	AttemptEmpty bool
	// History is what the plan remembers of its own.
	History plan.History
}

// Unrecorded is a group that was made for a Group which does not know of it yet.
type Unrecorded struct {
	Group remote.Group
	// Account is the fingerprint, salted with the group's id, of the account in which
	// it was made.
	Account string
}

// See notes what is seen of the Group for the first time.
func (m *Memory) See(g *v1alpha1.Group, now time.Time) {
	if m.History.FirstSeen.IsZero() {
		m.History.FirstSeen = now
	}
	m.History.ResetOnChange(g.Generation, g.Annotations[v1alpha1.AnnotationReconcileRequestedAt])
	said := RecordedID(g)
	if said == m.Bound {
		m.Bound = ""
	}
	if m.Bound == "" && said != m.Released {
		m.Released = ""
	}
	id := BoundID(g, *m)
	if m.SeenID != id {
		m.SeenID, m.BoundSince = id, now
	}
	if note, noted := g.Annotations[v1alpha1.AnnotationCreateAttempt]; noted && id == "" {
		m.SeeAttempt(note, now)
	}
	if !g.DeletionTimestamp.IsZero() && m.DeletionSeen.IsZero() {
		m.DeletionSeen = now
	}
}

// SeeAttempt notes when the note of a create was first seen.
func (m *Memory) SeeAttempt(note string, now time.Time) {
	if m.Attempt != note {
		m.Attempt, m.AttemptSeen, m.AttemptEmpty = note, now, false
	}
}

// BoundID is the bound id: what this process has bound, where the Group may not
// show it yet, else what the Group says.
func BoundID(g *v1alpha1.Group, m Memory) string {
	said := RecordedID(g)
	switch {
	case m.Unrecorded != nil:
		return m.Unrecorded.Group.ID
	case m.Bound != "":
		return m.Bound
	case said == m.Released:
		return ""
	default:
		return said
	}
}
