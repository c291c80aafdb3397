// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"slices"
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/facts"
	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/plan"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

// Reads may work where writes do not: one after each failed write made each wait as if it were
// the first, and the API saw a PUT each second.
func TestWhatEndsASeriesOfFailures(t *testing.T) {
	for what, c := range map[string]struct {
		failed string
		ends   func(*scope)
		want   bool
	}{
		"a read ends failed reads":          {"GET", (*scope).showed, true},
		"a read does not end failed writes": {"PUT", (*scope).showed, false},
		"a word on the group ends any":      {"PUT", (*scope).answered, true},
		"a write ends any":                  {"PUT", func(s *scope) { s.succeeded(nil) }, true},
	} {
		s := newScope()
		backOff(s, &klink.Error{Kind: klink.KindServer, Method: c.failed})
		c.ends(s)
		if h := s.state.memory.History; (h.Failed == nil && h.Failures == 0) != c.want {
			t.Errorf("%s: %+v", what, h)
		}
	}
	s := newScope()
	s.state.memory.History.Failures = 3
	if s.showed(); s.state.memory.History.Failures != 0 {
		t.Error("a read leaves a count without a failure")
	}
}

// What was refused is free to be sent once the API has taken it after all.
func TestAWriteEndsTheRefusalOfItsFields(t *testing.T) {
	s := newScope()
	s.state.memory.History.Refused = &plan.Backoff{Fields: []plan.Field{plan.FieldName, plan.FieldContacts}}
	s.succeeded([]plan.Field{plan.FieldName})
	if refused := s.state.memory.History.Refused; refused == nil || !slices.Equal(refused.Fields, []plan.Field{plan.FieldContacts}) {
		t.Errorf("refused are %+v", refused)
	}
}

// The id that was given up as gone may be found again: then nothing is made in its place. What
// else is bound leaves alone that it was given up.
func TestABindingEndsWhatWasOpen(t *testing.T) {
	for id, want := range map[string]bool{"given up": true, "another": false} {
		s := newScope()
		s.state.memory.Attempt, s.state.memory.Dropped, s.state.recreating = "note", facts.Dropped{ID: "given up", Confirmed: true}, "given up"
		s.bound(id)
		m := s.state.memory
		if m.Bound != id || m.Attempt != "" || (m.Dropped == facts.Dropped{}) != want || (s.state.recreating == "") != want {
			t.Errorf("after %s was bound: %+v, recreating %q", id, m, s.state.recreating)
		}
	}
}

func TestAReplyThatShowsAGroupIsTheLastWordOnIt(t *testing.T) {
	s := newScope()
	s.reply = &reply{id: "a", state: plan.RemoteNotFound}
	s.shows(remote.Group{ID: "b", Name: "Plaza"})
	if r := s.reply; r.id != "b" || r.state != plan.RemotePresent || r.group.Name != "Plaza" || !r.fresh || !r.readAt.IsZero() {
		t.Errorf("%+v", r)
	}
}

// Only the note that this process has written tells it that a suspended Group has a create
// under way here; any note may be copied or forged.
func TestAProcessKnowsItsOwnNotes(t *testing.T) {
	var states stateStore
	g := newScope().group
	state := states.getOrCreate(newScope().name(), g.UID)
	noted := func(note string) bool {
		g.Annotations = map[string]string{v1alpha1.AnnotationCreateAttempt: note}
		return states.noted(g)
	}
	if noted("") || noted("first") {
		t.Error("nothing was written yet")
	}
	states.note(g.UID, "first")
	states.note("another", "second")
	if !noted("first") || noted("second") || noted("") {
		t.Error("it does not know its own note of each Group")
	}
	if states.getOrCreate(newScope().name(), g.UID) != state {
		t.Error("a Group's state is made twice")
	}
	states.forget(newScope().name(), state)
	if noted("first") || len(states.of) > 0 {
		t.Errorf("of a Group that is gone it keeps %+v, and notes %+v", states.of, states.notes)
	}
}

// What was made for a Group has to be settled as the Group had declared, once it is gone.
func TestAGroupIsKeptWhileWhatWasMadeForItIsNotRecorded(t *testing.T) {
	s := newScope()
	if s.state.see(s.group); s.state.lastSeen != nil || s.state.memory.History.FirstSeen.IsZero() {
		t.Errorf("kept %v, seen since %s", s.state.lastSeen, s.state.memory.History.FirstSeen)
	}
	s.state.memory.Unrecorded = &facts.Unrecorded{Group: remote.Group{ID: "a"}}
	if s.state.see(s.group); s.state.lastSeen != s.group {
		t.Error("it is not kept")
	}
	s.state.memory.Unrecorded = nil
	if s.state.see(s.group); s.state.lastSeen != nil {
		t.Error("it is kept for nothing")
	}
}

func TestAnEventSaysWhatAnUpdateDid(t *testing.T) {
	archived := remote.Group{ID: "a", ArchivedAt: time.Unix(1, 0)}
	active := remote.Group{ID: "a"}
	for what, c := range map[string]struct {
		before, after remote.Group
		fields        []plan.Field
		want          []string
	}{
		"two fields":               {active, active, []plan.Field{plan.FieldName, plan.FieldContacts}, []string{"Updated: set name, contacts"}},
		"it is archived":           {active, archived, []plan.Field{plan.FieldArchived}, []string{"Archived: archived remote group a"}},
		"it is unarchived":         {archived, active, []plan.Field{plan.FieldArchived}, []string{"Unarchived: unarchived remote group a"}},
		"both":                     {active, archived, []plan.Field{plan.FieldName, plan.FieldArchived}, []string{"Archived: archived remote group a", "Updated: set name"}},
		"it was archived meantime": {archived, archived, []plan.Field{plan.FieldArchived}, nil},
	} {
		var said []string
		for _, o := range updated(c.before, c.after, c.fields) {
			said = append(said, o.reason+": "+o.message)
		}
		if !slices.Equal(said, c.want) {
			t.Errorf("%s: it says %q, want %q", what, said, c.want)
		}
	}
	if got := createdGroup("a", "").message; got != "created remote group a" {
		t.Errorf("it says %q", got)
	}
	if got := createdGroup("a", "recovered").message; got != "created remote group a, recovered" {
		t.Errorf("it says %q", got)
	}
}
