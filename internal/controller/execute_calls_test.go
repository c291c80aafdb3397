// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/plan"
	"github.com/klink-cloud/klink-operator/internal/remote"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

func plaza() simulator.Group {
	text := "one"
	return simulator.Group{ID: "a", Name: "Plaza", Description: &text}
}

// status answers one call of a method with a status.
func (r *steps) status(method string, status int) {
	r.sim.AddFault(simulator.Fault{Method: method, PathRegexp: "/groups/", Times: 1, Action: simulator.Status, Status: status, Body: `{"message":"no"}`})
}

// failedBefore is a Group with a series of failures behind it.
func (r *steps) failedBefore(method string) {
	backOff(r.s, &klink.Error{Kind: klink.KindServer, Method: method})
}

// What a GET is answered is the last word of the pass, and says when it was asked.
func TestWhatAReadShows(t *testing.T) {
	read := plan.Step{Action: plan.Read, ID: "a"}
	for what, c := range map[string]struct {
		set   func(*steps)
		state plan.RemoteState
		// fails: the series of failures goes on.
		fails bool
		shows func(*reply) bool
	}{
		"the group": {state: plan.RemotePresent, shows: func(r *reply) bool { return r.group.Name == "Plaza" && r.fresh }},
		"that it is gone": {
			set: func(r *steps) { r.sim.Remove("a"); time.Sleep(2 * time.Hour) }, state: plan.RemoteNotFound,
			shows: func(r *reply) bool { return r.fresh && r.readAt.IsZero() },
		},
		"that it is gone, where lists show it": {
			set: func(r *steps) {
				r.sim.AddFault(simulator.Fault{Method: http.MethodGet, PathRegexp: "/groups/a", Action: simulator.Status, Status: http.StatusNotFound, Body: `{"message":"no"}`})
				_, _ = r.s.account.Get(r.t.Context(), klink.Caller{Key: "b", Class: klink.ClassChange}, "a")
				time.Sleep(time.Minute)
				r.s.account.AwaitListing(time.Now(), "a")
				time.Sleep(2 * time.Hour) // which the listing comes in
			},
			state: plan.RemoteNotFound, fails: true, shows: func(r *reply) bool { return r.fresh },
		},
		"another spelling of its id": {
			set: func(r *steps) {
				r.sim.Remove("a")
				r.sim.Seed(simulator.Group{ID: "A", Name: "Plaza"})
				r.sim.Configure(func(s *simulator.Settings) { s.IgnoreIDCase = true })
			},
			state: plan.RemoteMisspelled, shows: func(r *reply) bool { return r.group.ID == "A" && r.fresh },
		},
		"nothing": {set: func(r *steps) { r.status(http.MethodGet, http.StatusInternalServerError) }, fails: true},
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newSteps(t, plaza())
				if c.set != nil {
					c.set(r)
				}
				r.failedBefore(http.MethodGet)
				began := time.Now()
				r.sim.AddFault(simulator.Fault{Method: http.MethodGet, Action: simulator.Pass, Delay: time.Second})
				r.goesOn(read)
				if failed := r.s.state.memory.History.Failed != nil; failed != c.fails {
					t.Errorf("failed: %+v, want %t", r.s.state.memory.History, c.fails)
				}
				switch reply := r.s.reply; {
				case c.shows == nil:
					if reply != nil {
						t.Errorf("it shows %+v", reply)
					}
				case reply == nil || reply.id != "a" || reply.state != c.state || !c.shows(reply):
					t.Errorf("it shows %+v", reply)
				case c.state == plan.RemotePresent && !reply.readAt.Equal(began):
					t.Errorf("read at %s, want %s", reply.readAt, began)
				}
			})
		})
	}
}

// A GET that is the first of two calls takes the slot of the PUT with its own, so that the PUT
// does not wait behind others; one that is not made gives it back.
func TestAReadTakesTheSlotOfTheWriteThatFollows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newSteps(t, plaza())
		if r.goesOn(plan.Step{Action: plan.Read, ID: "a"}); r.s.slotTaken {
			t.Error("a read alone takes two slots")
		}
		if r.goesOn(plan.Step{Action: plan.Read, ID: "a", WithWrite: true}); !r.s.slotTaken {
			t.Error("the slot of the write is not taken")
		}
		if r.goesOn(plan.Step{Action: plan.Read, ID: "a"}); r.s.slotTaken {
			t.Error("the slot of a write that is not made is kept")
		}
		r.goesOn(plan.Step{Action: plan.Read, ID: "a", WithWrite: true})
		text := "two"
		r.f.Declared.Description = &text
		if r.goesOn(plan.Step{Action: plan.Update, ID: "a", Fields: []plan.Field{plan.FieldDescription}}); r.s.slotTaken {
			t.Error("the write did not use its slot")
		}
	})
}

// A candidate that is not found is remembered, with when that was asked; any other failure is one.
func TestACandidateThatIsGoneIsNotAskedForAgain(t *testing.T) {
	for status, c := range map[int]struct{ missing, failed bool }{404: {true, false}, 500: {false, true}, 200: {false, false}} {
		synctest.Test(t, func(t *testing.T) {
			r := newSteps(t, plaza())
			r.failedBefore(http.MethodGet)
			if status != http.StatusOK {
				r.status(http.MethodGet, status)
			}
			began := time.Now()
			r.goesOn(plan.Step{Action: plan.ReadCandidate, ID: "a"})
			m := r.s.state.memory
			if since, missing := m.Missing["a"]; missing != c.missing || missing && !since.Equal(began) || (m.History.Failed != nil) != c.failed || r.s.reply != nil {
				t.Errorf("after a %d: %+v", status, m)
			}
		})
	}
}

// update declares a description and has it set.
func (r *steps) update(drifted bool) {
	r.t.Helper()
	text := "two"
	r.f.Declared.Description = &text
	g, _ := r.sim.Group("a")
	r.f.Remote.Group = remote.Group{ID: "a", Name: g.Name, Description: *g.Description}
	r.f.Now = time.Now()
	r.goesOn(plan.Step{Action: plan.Update, ID: "a", Fields: []plan.Field{plan.FieldDescription}, Drifted: drifted})
}

// Each change is said once: what a person declared, what was put right, and that somebody keeps
// changing it.
func TestWhatIsSaidOfAnUpdate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newSteps(t, plaza())
		r.failedBefore(http.MethodPut)
		r.s.state.memory.History.NotApplied, r.s.state.memory.History.Unapplied = &plan.Backoff{}, 2
		r.update(false)
		r.said("Normal Updated: set description")
		if g, _ := r.sim.Group("a"); *g.Description != "two" || r.s.reply == nil || !r.s.reply.fresh || r.s.reply.group.Description != "two" {
			t.Errorf("set: %+v, shown: %+v", g, r.s.reply)
		}
		if h := r.s.state.memory.History; h.Failed != nil || h.NotApplied != nil || h.Unapplied != 0 || len(r.count.drifted) > 0 {
			t.Errorf("in memory: %+v, counted %q", h, r.count.drifted)
		}
		for i := range 3 {
			r.sim.Mutate("a", func(g *simulator.Group) { text := "tampered"; g.Description = &text })
			r.update(true)
			want := []string{`Normal DriftCorrected: changed back what was changed remotely: description: declared "two", shown "tampered"`}
			if i == 2 {
				want = append(want, `Warning Contested: somebody else (another cluster, a script, a person) keeps changing description (description: declared "two", shown "tampered"); from now on corrected once an hour`)
			}
			r.said(want...)
		}
		if len(r.count.drifted) != 3 {
			t.Errorf("counted: %q", r.count.drifted)
		}
	})
}

// A field that the reply does not show as declared is neither done nor sent again at once.
func TestAnUpdateThatDoesNotShowIsHeldBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newSteps(t, plaza())
		r.sim.AddFault(simulator.Fault{Method: http.MethodPut, Action: simulator.Status, Status: http.StatusOK, Body: `{"id":"a","name":"Plaza","description":"one"}`})
		r.update(true)
		r.said()
		if held := r.s.state.memory.History.NotApplied; held == nil || !slices.Equal(held.Fields, []plan.Field{plan.FieldDescription}) || len(r.count.drifted) > 0 {
			t.Errorf("held back: %+v, counted %q", held, r.count.drifted)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		r := newSteps(t, plaza())
		r.sim.AddFault(simulator.Fault{Method: http.MethodPut, Action: simulator.Status, Status: http.StatusOK, Body: `{"id":"a","name":"Plaza"}`})
		if r.update(false); r.s.reply.fresh {
			t.Error("what a reply leaves out is taken for what was declared")
		}
	})
}

// A PUT that replaces resets what it does not send. Once may be somebody's edit; twice in a row
// is the API, and the two fields would undo each other for ever.
func TestFieldsThatUndoEachOtherAreHeldBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		avatar := "https://example.com/a.png"
		g := plaza()
		g.AvatarURL = &avatar
		r := newSteps(t, g)
		r.f.Declared.AvatarURL = &avatar
		undoes := func(text string, undo bool) {
			r.f.Declared.Description = &text
			r.f.Remote.Group = remote.Group{ID: "a", Name: "Plaza", Description: "before", AvatarURL: avatar}
			shown := map[bool]string{true: "", false: avatar}[undo]
			r.sim.AddFault(simulator.Fault{Method: http.MethodPut, Action: simulator.Status, Status: http.StatusOK, Times: 1, Body: `{"id":"a","name":"Plaza","description":"` + text + `","avatar_url":"` + shown + `","contacts":[],"archived_at":null}`})
			r.goesOn(plan.Step{Action: plan.Update, ID: "a", Fields: []plan.Field{plan.FieldDescription}})
		}
		h := &r.s.state.memory.History
		for _, c := range []struct{ undo, held bool }{{true, false}, {false, false}, {true, false}, {true, true}} {
			if undoes("two", c.undo); (h.NotApplied != nil) != c.held {
				t.Fatalf("held back: %+v, want %t", h.NotApplied, c.held)
			}
		}
		if !slices.Equal(h.NotApplied.Fields, []plan.Field{plan.FieldDescription, plan.FieldAvatarURL}) || !strings.Contains(h.NotApplied.Message, "setting description resets avatarURL") {
			t.Errorf("held back: %+v", h.NotApplied)
		}
	})
}

// A PUT that is answered with nothing is done where a GET shows so, and else is a failure.
func TestAWriteWithoutAnAnswerIsAskedFor(t *testing.T) {
	for what, c := range map[string]struct {
		carried bool
		get     int
		done    bool
	}{"it was carried out": {true, 0, true}, "it was not": {false, 0, false}, "the GET fails": {true, http.StatusInternalServerError, false}} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newSteps(t, plaza())
				action := map[bool]simulator.Action{true: simulator.StatusAfter, false: simulator.Status}[c.carried]
				r.sim.AddFault(simulator.Fault{Method: http.MethodPut, Action: action, Status: http.StatusOK})
				if c.get != 0 {
					r.status(http.MethodGet, c.get)
				}
				r.update(false)
				if h := r.s.state.memory.History; (h.Failed == nil) != c.done || (r.s.reply != nil) != c.done {
					t.Errorf("failed: %+v, reply %+v", h.Failed, r.s.reply)
				}
				if want := []string{"Normal Updated: set description"}; c.done {
					r.said(want...)
				} else {
					r.said()
				}
			})
		})
	}
}
