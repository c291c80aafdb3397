// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/account"
	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/plan"
	"github.com/klink-cloud/klink-operator/internal/remote"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// listedScope is a scope over an account that was listed.
func listedScope(t *testing.T, groups ...simulator.Group) (*scope, *simulator.Server) {
	t.Helper()
	sim, accounts := startAccounts(t, account.Bindings{})
	for _, g := range groups {
		sim.Seed(g)
	}
	s := newScope()
	s.key = account.Key{Kind: "ClusterConnection", Name: "default"}
	s.endpoint = "http://127.0.0.1:1" + simulator.Prefix
	s.account = accounts.Ensure(s.key)
	settings := account.Settings{
		Endpoint: s.endpoint, Token: simulator.DefaultToken, Transport: sim.Transport(), Resync: time.Hour, PerSecond: 10, Burst: 10,
	}
	if err := s.account.Configure(settings); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Minute)
	synctest.Wait()
	return s, sim
}

// A refused name is tried again when nobody has it any more: the Group's own group is not
// somebody who has it.
func TestWhoHasARefusedNameIsNoted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := listedScope(t, simulator.Group{ID: "own", Name: "Plaza"}, simulator.Group{ID: "other", Name: "Plaza"}, simulator.Group{ID: "third", Name: "Lobby"})
		s.group.Spec.Name = "Plaza"
		step := plan.Step{Action: plan.Update, ID: "own", Fields: []plan.Field{plan.FieldName}}
		if _, err := failed(s, step, &klink.Error{Kind: klink.KindRejected, Status: http.StatusConflict}); err != nil {
			t.Fatal(err)
		}
		if refused := s.state.memory.History.Refused; !refused.Conflict || !slices.Equal(refused.Holders, []string{"other"}) {
			t.Errorf("noted: %+v", refused)
		}
	})
}

// A 404 out of a cache on the way proves nothing, and any other reply does not say so.
func TestOnlyA404OutOfACacheIsUnprovable(t *testing.T) {
	for _, c := range []struct {
		err  klink.Error
		want bool
	}{
		{klink.Error{Method: "GET", Cached: true, Status: http.StatusNotFound}, true},
		{klink.Error{Method: "GET", Cached: true, Status: http.StatusBadGateway}, false},
		{klink.Error{Method: "GET", Status: http.StatusNotFound}, false},
	} {
		s := newScope()
		backOff(s, &c.err)
		if failed := s.state.memory.History.Failed; failed.Unprovable != c.want || failed.Write {
			t.Errorf("%+v: %+v", c.err, failed)
		}
	}
}

// What the API takes and does not show is sent again ever more rarely, and says what differs.
func TestWhatIsNotAppliedIsHeldBackEverLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, text := newScope(), "declared"
		for _, want := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute} {
			notApplied(s, plan.Declared{Description: &text}, remote.Group{Description: "shown"}, []plan.Field{plan.FieldDescription})
			held := s.state.memory.History.NotApplied
			if held == nil || time.Until(held.Until) != want || !slices.Equal(held.Fields, []plan.Field{plan.FieldDescription}) || held.Reason != v1alpha1.ReasonNotApplied {
				t.Fatalf("held back: %+v, want %s", held, want)
			}
			if !strings.Contains(held.Message, `"declared"`) || !strings.Contains(held.Message, `"shown"`) {
				t.Errorf("it says %s", held.Message)
			}
		}
	})
}

// A short wait for the rate is nobody's news, nor is one for a correction of drift.
func TestAPauseIsSaidWhereAPersonWaitsForItLong(t *testing.T) {
	for what, c := range map[string]struct {
		pause    time.Duration
		priority int
		says     bool
	}{
		"just not long":   {longPause - time.Second, priorityChange, false},
		"long":            {longPause, priorityChange, true},
		"nobody waits":    {time.Minute, priorityDrift, false},
		"it is long over": {0, priorityChange, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			s, sim := listedScope(t, simulator.Group{ID: "own", Name: "Plaza"})
			s.priority = c.priority
			if c.pause > 0 {
				sim.AddFault(simulator.Fault{Method: "GET", Action: simulator.Status, Status: http.StatusTooManyRequests, Headers: map[string]string{"Retry-After": strconv.Itoa(int(c.pause.Seconds()))}})
				_, _ = s.account.Get(t.Context(), klink.Caller{Key: "a", Class: klink.ClassChange}, "own")
			}
			out, err := failed(s, plan.Step{Action: plan.Update, ID: "own"}, &klink.Error{Kind: klink.KindThrottled, Method: "PUT", Status: http.StatusTooManyRequests})
			if err != nil || !out.Done || out.RequeueAfter != max(c.pause, firstRetry) || (out.Report != nil) != c.says {
				t.Errorf("%s: %+v, %v", what, out, err)
			}
			if c.says && (out.Report.Reason != v1alpha1.ReasonRateLimited || !strings.Contains(out.Report.Message, time.Now().Add(c.pause).UTC().Format(time.RFC3339))) {
				t.Errorf("%s: it says %+v", what, out.Report)
			}
		})
	}
}

// Failures are of one series until it has been quiet for longer than the longest wait.
func TestASeriesOfFailuresGoesOnForTheLongestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScope()
		fail := func() time.Duration {
			backOff(s, &klink.Error{Kind: klink.KindServer, Method: "PUT"})
			return time.Until(s.state.memory.History.Failed.Until)
		}
		fail()
		time.Sleep(time.Until(s.state.memory.History.Failed.Until) + mostRetry)
		if got := fail(); got != 2*firstRetry {
			t.Errorf("it waits %s, want %s", got, 2*firstRetry)
		}
		if want := (plan.Backoff{Reason: v1alpha1.ReasonUnavailable, Until: time.Now().Add(2 * firstRetry), Write: true, Message: s.state.memory.History.Failed.Message}); !cmp.Equal(*s.state.memory.History.Failed, want) {
			t.Errorf("noted: %+v", s.state.memory.History.Failed)
		}
	})
}
