// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/account"
	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/plan"
)

// memory is what this process remembers of one Group beyond what Kubernetes
// keeps. All of it may be lost at any time without harm.
type memory struct {
	uid       types.UID
	firstSeen time.Time

	// bound is the id that was bound and the cache may not show yet; dropped is
	// one that was let go and the cache may still show.
	bound, dropped string
	// seen is the bound id as it was seen since seenSince.
	seen      string
	seenSince time.Time
	// deleting is since when the Group is seen being deleted.
	deleting time.Time
	// unrecorded is a created group whose id is not yet written down.
	unrecorded *unrecorded

	// attempt is the annotation as it was seen since attemptSeen; attemptEmpty:
	// it is proven that it made nothing.
	attempt      string
	attemptSeen  time.Time
	attemptEmpty bool
	// recreating is the id that is being replaced.
	recreating string

	// overtaken is the Group as our last write left it.
	overtaken overtaken[*v1alpha1.Group]

	// What follows concerns one generation, and what was asked for by annotation.
	generation                  int64
	requested                   string
	refused, notApplied, failed *plan.Backoff
	failures, unapplied         int

	contests map[plan.Field]*contest
}

// unrecorded is a group that was created for a Group, with all that is needed to
// apply its deletion policy should it be gone.
type unrecorded struct {
	group  klink.Group
	owner  *v1alpha1.Group
	remote *account.Account
	delete bool
}

// memories keeps a memory for each Group. A Group is reconciled by one worker at
// a time, so that a memory needs no lock of its own.
type memories struct {
	mu sync.Mutex
	of map[types.NamespacedName]*memory
}

// recall returns the memory of a Group, and starts one if there is none.
func (m *memories) recall(name types.NamespacedName, uid types.UID, now time.Time) *memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	mem := m.of[name]
	if mem == nil {
		mem = &memory{uid: uid, firstSeen: now, contests: map[plan.Field]*contest{}}
		if m.of == nil {
			m.of = map[types.NamespacedName]*memory{}
		}
		m.of[name] = mem
	}
	return mem
}

// last returns the memory kept under a name, or nil.
func (m *memories) last(name types.NamespacedName) *memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.of[name]
}

func (m *memories) forget(name types.NamespacedName) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.of, name)
}

// at drops what a person's change, or request for a fresh look, overrides.
func (m *memory) at(generation int64, requested string) {
	if m.generation == generation && m.requested == requested {
		return
	}
	if m.generation != generation {
		m.contests = map[plan.Field]*contest{}
	}
	m.generation, m.requested = generation, requested
	m.refused, m.notApplied, m.failed = nil, nil, nil
	m.failures, m.unapplied = 0, 0
}

// see notes since when this process has seen the Group bound to an id.
func (m *memory) see(id string, now time.Time) time.Time {
	if m.seen != id {
		m.seen, m.seenSince = id, now
	}
	return m.seenSince
}

// seeDeletion notes since when this process has seen the Group being deleted.
func (m *memory) seeDeletion(now time.Time) time.Time {
	if m.deleting.IsZero() {
		m.deleting = now
	}
	return m.deleting
}

// seeAttempt notes when an attempt was first seen.
func (m *memory) seeAttempt(annotation string, now time.Time) {
	if m.attempt != annotation {
		m.attempt, m.attemptSeen, m.attemptEmpty = annotation, now, false
	}
}

const (
	// contestedAfter corrections of a field within contestedFor it is contested,
	// and corrected once per contestedFor.
	contestedAfter = 3
	contestedFor   = time.Hour
)

// contest counts the corrections of one field.
type contest struct {
	times     []time.Time // the last few
	contested bool
}

// corrected notes that drift was corrected, and returns the fields that are
// contested from now on.
func (m *memory) corrected(fields []plan.Field, now time.Time) (contested []plan.Field) {
	for _, field := range fields {
		c := m.contests[field]
		if c == nil {
			c = &contest{}
			m.contests[field] = c
		}
		c.times = append(c.times, now)
		if surplus := len(c.times) - contestedAfter; surplus > 0 {
			c.times = slices.Delete(c.times, 0, surplus)
		}
		if !c.contested && len(c.times) == contestedAfter && now.Sub(c.times[0]) < contestedFor {
			c.contested = true
			contested = append(contested, field)
		}
	}
	return contested
}

// contested tells from when on each contested field may be corrected. A field that
// was left alone for an hour after its last correction is contested no longer.
func (m *memory) contested(now time.Time) map[plan.Field]time.Time {
	until := map[plan.Field]time.Time{}
	for field, c := range m.contests {
		if !c.contested {
			continue
		}
		last := c.times[len(c.times)-1]
		if now.Sub(last) >= 2*contestedFor {
			delete(m.contests, field)
		} else {
			until[field] = last.Add(contestedFor)
		}
	}
	return until
}
