// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/plan"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// A group is archived at the time that it is archived, or keeps the date that it has.
func TestAGroupIsArchivedAndUnarchived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newSteps(t, plaza())
		r.failedBefore(http.MethodPut)
		r.s.state.memory.History.Refused = &plan.Backoff{Fields: []plan.Field{plan.FieldArchived}}
		archive := plan.Step{Action: plan.ArchiveRemote, ID: "a"}
		r.goesOn(archive)
		r.said("Normal Archived: archived remote group a")
		if g, _ := r.sim.Group("a"); !g.ArchivedAt.Equal(time.Now().Truncate(time.Second)) || !r.s.reply.group.Archived() {
			t.Errorf("archived at %s, shown: %+v", g.ArchivedAt, r.s.reply)
		}
		if h := r.s.state.memory.History; h.Failed != nil || h.Refused != nil || h.NotApplied != nil {
			t.Errorf("in memory: %+v", h)
		}
		archive.ArchivedAt = time.Now().Add(-24 * time.Hour).Truncate(time.Second)
		r.goesOn(archive)
		r.said()
		if g, _ := r.sim.Group("a"); !g.ArchivedAt.Equal(archive.ArchivedAt) {
			t.Errorf("archived at %s, want %s", g.ArchivedAt, archive.ArchivedAt)
		}
		r.goesOn(plan.Step{Action: plan.Unarchive, ID: "a"})
		r.said("Normal Unarchived: unarchived remote group a")
		if g, _ := r.sim.Group("a"); g.Archived() || r.s.reply.group.Archived() {
			t.Errorf("it is archived: %+v, shown: %+v", g, r.s.reply)
		}
	})
	for _, action := range []plan.Action{plan.ArchiveRemote, plan.Unarchive} {
		synctest.Test(t, func(t *testing.T) {
			r := newSteps(t, plaza())
			shown := map[plan.Action]string{plan.ArchiveRemote: "null", plan.Unarchive: "1700000000"}[action]
			r.sim.AddFault(simulator.Fault{Method: http.MethodPut, Action: simulator.Status, Status: http.StatusOK, Times: 1, Body: `{"id":"a","name":"Plaza","archived_at":` + shown + `}`})
			r.goesOn(plan.Step{Action: action, ID: "a"})
			if held := r.s.state.memory.History.NotApplied; held == nil || !slices.Equal(held.Fields, []plan.Field{plan.FieldArchived}) {
				t.Errorf("%s that the reply does not show is held back: %+v", action, held)
			}
			r.status(http.MethodPut, http.StatusInternalServerError)
			if r.goesOn(plan.Step{Action: action, ID: "a"}); r.s.state.memory.History.Failed == nil {
				t.Errorf("%s that failed is no failure", action)
			}
			r.said()
		})
	}
}

// Whether a deleted group is gone, a GET has to say.
func TestADeletionIsNoProof(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newSteps(t, plaza())
		r.failedBefore(http.MethodDelete)
		r.s.shows(toRemote("a"))
		r.goesOn(plan.Step{Action: plan.DeleteRemote, ID: "a"})
		if _, there := r.sim.Group("a"); there || r.s.reply != nil || r.s.state.memory.History.Failed != nil {
			t.Errorf("there: %t, reply %+v, %+v", there, r.s.reply, r.s.state.memory.History)
		}
		r.said()
	})
	synctest.Test(t, func(t *testing.T) {
		r := newSteps(t, plaza())
		r.status(http.MethodDelete, http.StatusInternalServerError)
		r.s.shows(toRemote("a"))
		r.goesOn(plan.Step{Action: plan.DeleteRemote, ID: "a"})
		if r.s.reply == nil || r.s.state.memory.History.Failed == nil {
			t.Errorf("reply %+v, %+v", r.s.reply, r.s.state.memory.History)
		}
	})
}

// The note of an open create that somebody stripped is what tells the group it made from others.
func TestAStrippedNoteIsPutBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newSteps(t)
		r.s.state.memory.Attempt = "note"
		r.goesOn(plan.Step{Action: plan.RestoreNote})
		r.has(map[string]string{v1alpha1.AnnotationCreateAttempt: "note"})
		r.api.fails = []error{errChanged}
		if out := r.ends(plan.Step{Action: plan.RestoreNote}); out.RequeueAfter != staleRetry {
			t.Errorf("%+v", out)
		}
	})
}

// Corrections of drift come after what people wait for; nobody waits for a Group that is gone,
// but its connection does.
func TestWhoseCallsComeFirst(t *testing.T) {
	for want, scopes := range map[klink.Class][]scope{
		klink.ClassDrift:  {{priority: priorityDrift}},
		klink.ClassChange: {{priority: priorityChange}, {priority: priorityDrift, gone: true}},
	} {
		for _, s := range scopes {
			if got := class(&s); got != want {
				t.Errorf("priority %d, gone %t: class %v, want %v", s.priority, s.gone, got, want)
			}
		}
	}
}

// A plan that waits for a listing gets one, and does not wait for the next in turn.
func TestAWaitForAListingAsksForIt(t *testing.T) {
	for _, action := range []plan.Action{plan.Wait, plan.WriteStatus} {
		synctest.Test(t, func(t *testing.T) {
			r := newSteps(t, plaza())
			before := r.s.account.State().Listed
			r.ends(plan.Step{Action: action})
			time.Sleep(5 * time.Minute)
			if !r.s.account.State().Listed.Equal(before) {
				t.Errorf("%s alone asks for a listing", action)
			}
			r.ends(plan.Step{Action: action, AwaitListing: time.Now()})
			time.Sleep(5 * time.Minute)
			if !r.s.account.State().Listed.After(before) {
				t.Errorf("%s asks for no listing", action)
			}
			r.s.account = nil
			r.ends(plan.Step{Action: action, AwaitListing: time.Now()})
		})
	}
}
