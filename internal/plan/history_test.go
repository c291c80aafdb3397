// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plan

import (
	"testing"
	"time"
)

// contestedHistory is that of a field that was corrected too often, the last time
// at the returned time.
func contestedHistory(t *testing.T) (*History, time.Time) {
	t.Helper()
	h := &History{}
	for n := range contestedAfter {
		at := now.Add(time.Duration(n) * time.Minute)
		contested := h.Corrected([]Field{FieldName}, at)
		if (len(contested) == 1) != (n == contestedAfter-1) {
			t.Fatalf("after correction %d contested is %v", n+1, contested)
		}
	}
	return h, now.Add((contestedAfter - 1) * time.Minute)
}

func TestContestedFieldIsCorrectedOnceAnHour(t *testing.T) {
	h, last := contestedHistory(t)
	for hour := range 5 {
		due := last.Add(contestedFor)
		if until, _ := h.contested(FieldName, due.Add(-time.Second)); !until.Equal(due) {
			t.Fatalf("hour %d: due %v, want %v", hour, until, due)
		}
		until, known := h.contested(FieldName, due.Add(time.Second))
		if !known || until.After(due.Add(time.Second)) {
			t.Fatalf("hour %d: it is %t that the field is still contested, and due at %v", hour, known, until)
		}
		if again := h.Corrected([]Field{FieldName}, due); len(again) > 0 {
			t.Errorf("hour %d: contested once more: %v", hour, again)
		}
		last = due
	}
}

func TestContestEndsWhenNobodyContends(t *testing.T) {
	h, last := contestedHistory(t)
	if until, contested := h.contested(FieldName, last.Add(2*contestedFor)); contested {
		t.Errorf("still contested after an hour of peace: %v", until)
	}
	if again := h.Corrected([]Field{FieldName}, last.Add(2*contestedFor)); len(again) > 0 || h.Contests[FieldName].Contested {
		t.Errorf("the first correction after that is contested at once: %+v", h.Contests)
	}
}

func TestRareCorrectionsAreNoContest(t *testing.T) {
	h := &History{}
	for n := range 10 {
		at := now.Add(time.Duration(n) * contestedFor / 2)
		if contested := h.Corrected([]Field{FieldName}, at); len(contested) > 0 {
			t.Fatalf("contested at the rate of two an hour: %v", contested)
		}
	}
}

// The corrections of a month would be kept.
func TestTheLastCorrectionsAreKept(t *testing.T) {
	h := &History{}
	for n := range 10 {
		h.Corrected([]Field{FieldName}, now.Add(time.Duration(n)*24*time.Hour))
	}
	if times := h.Contests[FieldName].Times; len(times) != contestedAfter || !times[contestedAfter-1].Equal(now.Add(9*24*time.Hour)) {
		t.Errorf("kept are %v", times)
	}
}

// The rest of a refused request is sent by itself: refused as well, it is the first
// refusal that says why.
func TestARefusalSaysWhyTheFirstTime(t *testing.T) {
	refuse := func(h *History, message string, fields ...Field) {
		h.Refuse(Backoff{Until: now.Add(time.Hour), Message: message, Fields: fields}, false, now)
	}
	h := &History{}
	refuse(h, "no such contact", FieldDescription, FieldContacts)
	refuse(h, "and the rest", FieldDescription)
	if h.Refused.Message != "no such contact" || len(h.Refused.Fields) != 2 {
		t.Errorf("refused is %+v", h.Refused)
	}
	refuse(h, "no such name", FieldName)
	if h.Refused.Message != "no such name" || len(h.Refused.Fields) != 3 {
		t.Errorf("refused is %+v", h.Refused)
	}
}

// What a person changes, or asks for, is not held back by what failed before.
func TestPersonOverridesWhatIsHeldBack(t *testing.T) {
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
			h, _ := contestedHistory(t)
			h.FirstSeen, h.Generation = now, 1
			h.Refused, h.NotApplied, h.Failed = &Backoff{}, &Backoff{}, &Backoff{}
			h.Failures, h.Unapplied = 3, 3
			h.ResetOnChange(c.generation, c.requested, now)
			if kept := h.Refused != nil && h.NotApplied != nil && h.Failed != nil && h.Failures+h.Unapplied == 6; kept != c.kept {
				t.Errorf("what was held back is kept: %t, want %t", kept, c.kept)
			}
			if contest := len(h.Contests) > 0; contest != c.contest {
				t.Errorf("what is contested is kept: %t, want %t", contest, c.contest)
			}
			if h.FirstSeen != now {
				t.Error("it is forgotten since when the Group is known")
			}
		})
	}
}

// Facts are of one instant: what a step adds to the history does not change them.
func TestFactsKeepTheHistoryThatTheyBeganWith(t *testing.T) {
	h, last := contestedHistory(t)
	kept := h.Clone()
	h.Corrected([]Field{FieldName, FieldArchived}, last.Add(time.Minute))
	if len(kept.Contests) != 1 || !kept.Contests[FieldName].Times[2].Equal(last) {
		t.Errorf("changed from outside: %+v", kept.Contests)
	}
}
