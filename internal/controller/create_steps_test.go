// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/account"
	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/plan"
	"github.com/klink-cloud/klink-operator/internal/remote"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// newCreate is a Group that may be created over its connection.
func newCreate(t *testing.T) *steps {
	t.Helper()
	r := newSteps(t)
	r.s.key = account.Key{Kind: string(v1alpha1.KindConnection), Namespace: "concierge", Name: "team"}
	r.e.owners.groups.Cache = heldReader{}
	text := "one"
	r.f.Declared.Description = &text
	return r
}

func (r *steps) note() plan.Attempt {
	r.t.Helper()
	note, err := plan.ParseAttempt(r.s.state.memory.Attempt)
	if err != nil {
		r.t.Fatal(err)
	}
	return note
}

// posts are how many creates the API saw.
func (r *steps) posts() int { return r.sim.Counts()["POST"] }

// The note says what is sent and by which token, loses against any newer version of the Group,
// and is replaced by the id whatever its version.
func TestACreateIsNotedSentAndWrittenDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newCreate(t)
		r.s.group.Finalizers, r.api.group.Finalizers = nil, nil
		backOff(r.s, &klink.Error{Kind: klink.KindServer, Method: "POST"})
		r.sim.AddFault(simulator.Fault{Method: http.MethodPost, Action: simulator.Pass, Delay: 2 * time.Second})
		go func() { // what is locked alone: the rest is the pass's own
			time.Sleep(time.Second) // the POST is under way
			if !r.e.claims.Creating(r.s.endpoint, "Plaza") || !slices.Equal(r.e.left.creating(r.s.key), []string{"concierge/plaza"}) {
				t.Error("others are not told of the create")
			}
		}()
		r.goesOn(plan.Step{Action: plan.Create})
		groups := r.sim.Groups()
		if len(groups) != 1 || groups[0].Name != "Plaza" || *groups[0].Description != "one" {
			t.Fatalf("made: %+v", groups)
		}
		id := groups[0].ID
		r.has(bound(id))
		r.said("Normal Created: created remote group " + id)
		if r.e.claims.Creating(r.s.endpoint, "Plaza") || r.e.claims.Owner(r.s.endpoint, id) != r.s.uid() || !r.e.claims.MadeForOther(r.s.endpoint, id, "another") {
			t.Error("others do not know whose it is")
		}
		if m := r.s.state.memory; m.Unrecorded != nil || m.Bound != id || m.Attempt != "" || m.History.Failed != nil || m.History.NotApplied != nil {
			t.Errorf("in memory: %+v", m)
		}
		if reply := r.s.reply; reply.id != id || !reply.fresh {
			t.Errorf("shown: %+v", reply)
		}
		if len(r.api.bodies) != 2 || !strings.Contains(r.api.bodies[0], `"resourceVersion":"7"`) || !strings.Contains(r.api.bodies[0], v1alpha1.FinalizerGroup) ||
			!strings.Contains(r.api.bodies[0], `\"fields\":[\"name\",\"description\"]`) || strings.Contains(r.api.bodies[1], "resourceVersion") || len(r.count.recovered) > 0 {
			t.Errorf("written: %q, counted %q", r.api.bodies, r.count.recovered)
		}
	})
}

// A create that goes without a field says so in its note, or a recovery would not know the group.
func TestACreateSendsAndNotesTheFieldsOfItsStepAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newCreate(t)
		r.api.fails = []error{nil, errServer}
		if _, err := r.e.execute(t.Context(), r.s, r.f, plan.Step{Action: plan.Create, Fields: []plan.Field{plan.FieldName}}); err == nil {
			t.Error("an id that is not written down is no error")
		}
		want := []plan.Field{plan.FieldName}
		if made := r.s.state.memory.Unrecorded; made == nil || !slices.Equal(made.Sent, want) || !slices.Equal(r.note().Fields, want) || made.Account == "" || r.s.state.lastSeen != r.s.group {
			t.Errorf("kept: %+v, of %v", made, r.s.state.lastSeen)
		}
		r.said()
	})
}

// Whether a failed POST made something is what the next step stands on.
func TestWhatAFailedCreateProves(t *testing.T) {
	for status, empty := range map[int]bool{http.StatusUnprocessableEntity: true, http.StatusInternalServerError: false} {
		synctest.Test(t, func(t *testing.T) {
			r := newCreate(t)
			r.sim.AddFault(simulator.Fault{Method: http.MethodPost, Action: simulator.Status, Status: status, Delay: 3 * time.Second, Body: `{"message":"no"}`})
			r.goesOn(plan.Step{Action: plan.Create})
			m := r.s.state.memory
			if m.AttemptEmpty != empty || !m.AttemptSeen.Equal(time.Now()) || m.Unrecorded != nil {
				t.Errorf("after a %d: %+v", status, m)
			}
			if refused := m.History.Refused; (refused != nil) != empty || refused != nil && !slices.Equal(refused.Fields, []plan.Field{plan.FieldName, plan.FieldDescription}) {
				t.Errorf("after a %d, refused is %+v", status, refused)
			}
			r.said()
		})
	}
}

// Nothing may be sent that is not noted, and nothing noted long after.
func TestWhatKeepsACreateFromBeingSent(t *testing.T) {
	for what, c := range map[string]struct {
		set   func(r *steps)
		want  outcome
		fails bool
		sends bool
	}{
		"a connection that is down":      {set: func(r *steps) { r.s.account.Block("no Secret", true) }},
		"one that is not there":          {set: func(r *steps) { r.e.owners.groups.Cache = &fakeCache{} }, want: outcome{Done: true}},
		"one that is deleted":            {set: func(r *steps) { r.e.owners.groups.Cache = deletedReader{} }},
		"a note that is not written":     {set: func(r *steps) { r.api.fails = []error{errServer} }, fails: true},
		"a note that loses":              {set: func(r *steps) { r.api.fails = []error{errChanged} }, want: passAgain(staleRetry)},
		"a process that was paused":      {set: func(r *steps) { r.api.takes = plan.PostWindow + 1 }, want: passAgain(staleRetry)},
		"a process that was paused less": {set: func(r *steps) { r.api.takes = plan.PostWindow }, sends: true},
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newCreate(t)
				c.set(r)
				out, err := r.e.execute(t.Context(), r.s, r.f, plan.Step{Action: plan.Create})
				if (err != nil) != c.fails || out != c.want || r.posts() > 0 != c.sends {
					t.Errorf("%+v, %v, POSTs: %d", out, err, r.posts())
				}
				if m := r.s.state.memory; !c.sends && m.Attempt != "" && !m.AttemptEmpty {
					t.Error("nothing was sent, and that is not known")
				}
			})
		})
	}
}

// deletedReader has a connection that is being deleted.
type deletedReader struct{ heldReader }

func (r deletedReader) Get(ctx context.Context, key client.ObjectKey, into client.Object, options ...client.GetOption) error {
	now := metav1.Now()
	into.SetDeletionTimestamp(&now)
	return r.heldReader.Get(ctx, key, into, options...)
}

// The metrics count what became of the creates that got no clear answer.
func TestACreateMadeOnceMoreIsCounted(t *testing.T) {
	for what, c := range map[string]struct {
		attempt *plan.Attempt
		empty   bool
		want    []string
	}{
		"the first":                          {nil, false, nil},
		"after one without an answer":        {&plan.Attempt{}, false, []string{"none"}},
		"after one that is known to be void": {&plan.Attempt{}, true, nil},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := newCreate(t)
			r.f.Identity.Attempt, r.f.Identity.AttemptEmpty = c.attempt, c.empty
			if r.goesOn(plan.Step{Action: plan.Create}); !slices.Equal(r.count.recovered, c.want) {
				t.Errorf("%s: counted %q, want %q", what, r.count.recovered, c.want)
			}
		})
	}
}

// The Group of a group that was just made may be gone or replaced. The API server has to say
// so: a conflict alone may be anything.
func TestACreatedGroupWhoseGroupIsGoneIsSettled(t *testing.T) {
	for what, c := range map[string]struct {
		write error
		now   func(*oneGroup)
		want  outcome
		gone  bool
		fails bool
	}{
		"it is gone":                     {errGone, func(o *oneGroup) { o.group = nil }, outcome{}, true, false},
		"it was replaced":                {errChanged, func(o *oneGroup) { o.group.UID = "another" }, outcome{}, true, false},
		"it is there":                    {errChanged, func(*oneGroup) {}, passAgain(staleRetry), false, false},
		"that cannot be read":            {errGone, func(o *oneGroup) { o.reads = errServer }, outcome{}, false, true},
		"the API server has its trouble": {errServer, func(*oneGroup) {}, outcome{}, false, true},
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newSteps(t)
				r.made("a")
				r.api.fails = []error{c.write}
				c.now(r.api)
				out, err := r.e.execute(t.Context(), r.s, r.f, plan.Step{Action: plan.Record, ID: "a"})
				if out != c.want || (err != nil) != c.fails || r.s.gone != c.gone || r.s.state.memory.Unrecorded == nil {
					t.Errorf("%+v, %v; gone: %t, kept: %+v", out, err, r.s.gone, r.s.state.memory.Unrecorded)
				}
				r.said()
			})
		})
	}
}

// An API that answers a create with a group which another Group owns has made nothing.
func TestACreateAnsweredWithAnothersGroupIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newSteps(t)
		r.made("a")
		r.s.state.memory.Attempt = "note"
		r.e.claims.Claim(r.s.endpoint, "a", "uid-other")
		r.goesOn(plan.Step{Action: plan.Record, ID: "a"})
		m := r.s.state.memory
		if m.Unrecorded != nil || !m.AttemptEmpty || m.Bound != "" || m.History.Refused == nil || !strings.Contains(m.History.Refused.Message, "group a, which another Group owns") {
			t.Errorf("in memory: %+v", m)
		}
		r.said()
	})
}

// What was made in the place of a lost group says so, once, and what the reply does not show as
// declared is not called synced.
func TestWhatIsSaidOfACreatedGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newSteps(t)
		r.made("b")
		r.s.state.recreating = "a"
		r.goesOn(plan.Step{Action: plan.Record, ID: "b"})
		r.said("Warning Recreated: remote group a was gone; created b in its place")
		if r.s.state.recreating != "" || r.s.state.memory.History.NotApplied != nil {
			t.Errorf("recreating %q, %+v", r.s.state.recreating, r.s.state.memory.History)
		}
		text := "one"
		r.f.Declared.Description, r.f.Declared.Name = &text, "Other"
		r.made("c")
		r.s.state.memory.Unrecorded.Group.Unknown = remote.FieldDescription
		r.goesOn(plan.Step{Action: plan.Record, ID: "c"})
		r.said("Normal Created: created remote group c")
		if held := r.s.state.memory.History.NotApplied; r.s.reply.fresh || held == nil || !slices.Equal(held.Fields, []plan.Field{plan.FieldName}) {
			t.Errorf("reply %+v, held back %+v", r.s.reply, held)
		}
	})
}
