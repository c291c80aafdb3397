// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/internal/plan"
)

var began = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func newMemory() *memory { return &memory{contests: map[plan.Field]*contest{}} }

// contest makes a field contested: three corrections within an hour, the last one at
// the returned time.
func contestedMemory(t *testing.T) (*memory, time.Time) {
	t.Helper()
	m := newMemory()
	for n := range contestedAfter {
		at := began.Add(time.Duration(n) * time.Minute)
		contested := m.corrected([]plan.Field{plan.FieldName}, at)
		if (len(contested) == 1) != (n == contestedAfter-1) {
			t.Fatalf("after correction %d contested is %v", n+1, contested)
		}
	}
	return m, began.Add((contestedAfter - 1) * time.Minute)
}

func TestContestedFieldIsCorrectedOnceAnHour(t *testing.T) {
	m, last := contestedMemory(t)
	for hour := range 5 {
		due := last.Add(contestedFor)
		if until := m.contested(due.Add(-time.Second)); !until[plan.FieldName].Equal(due) {
			t.Fatalf("hour %d: due %v, want %v", hour, until, due)
		}
		until, known := m.contested(due.Add(time.Second))[plan.FieldName]
		if !known || until.After(due.Add(time.Second)) {
			t.Fatalf("hour %d: it is %t that the field is still contested, and due at %v", hour, known, until)
		}
		if again := m.corrected([]plan.Field{plan.FieldName}, due); len(again) > 0 {
			t.Errorf("hour %d: contested once more: %v", hour, again)
		}
		last = due
	}
}

func TestContestEndsWhenNobodyContends(t *testing.T) {
	m, last := contestedMemory(t)
	if until := m.contested(last.Add(2 * contestedFor)); len(until) > 0 {
		t.Errorf("still contested after an hour of peace: %v", until)
	}
}

func TestRareCorrectionsAreNoContest(t *testing.T) {
	m := newMemory()
	for n := range 10 {
		at := began.Add(time.Duration(n) * contestedFor / 2)
		if contested := m.corrected([]plan.Field{plan.FieldName}, at); len(contested) > 0 {
			t.Fatalf("contested at the rate of two an hour: %v", contested)
		}
	}
}

// What a person changes, or asks for, is not held back by what failed before.
func TestPersonOverridesWhatIsHeldBack(t *testing.T) {
	held := func() *memory {
		m, _ := contestedMemory(t)
		m.at(1, "")
		m.corrected([]plan.Field{plan.FieldContacts}, began)
		m.refused, m.notApplied, m.failed = &plan.Backoff{}, &plan.Backoff{}, &plan.Backoff{}
		m.failures, m.unapplied = 3, 3
		return m
	}
	for _, c := range []struct {
		name          string
		generation    int64
		requested     string
		kept, contest bool
	}{
		{name: "nothing is new", generation: 1, kept: true, contest: true},
		{name: "a changed spec", generation: 2},
		{name: "a request for a fresh look", generation: 1, requested: "now", contest: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := held()
			m.at(c.generation, c.requested)
			if kept := m.refused != nil && m.notApplied != nil && m.failed != nil && m.failures+m.unapplied == 6; kept != c.kept {
				t.Errorf("what was held back is kept: %t, want %t", kept, c.kept)
			}
			if contest := len(m.contests) > 0; contest != c.contest {
				t.Errorf("what is contested is kept: %t, want %t", contest, c.contest)
			}
		})
	}
}
