// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/account"
	"github.com/klink-cloud/klink-operator/internal/facts"
	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/plan"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

func newScope() *scope {
	group := &v1alpha1.Group{ObjectMeta: metav1.ObjectMeta{
		Namespace: "concierge", Name: "plaza", UID: "uid-plaza", Finalizers: []string{v1alpha1.FinalizerGroup},
	}}
	return &scope{group: group, state: &groupState{uid: group.UID}}
}

// An action without a case once removed the finalizer: the Group went, and its
// remote group stayed.
func TestAnActionWithoutACaseDoesNothing(t *testing.T) {
	out, err := (&executor{}).execute(t.Context(), newScope(), &plan.Facts{}, plan.Step{Action: plan.Release + 1})
	if err == nil || out.Done {
		t.Errorf("outcome %+v, error %v", out, err)
	}
}

func TestAWaitEndsThePass(t *testing.T) {
	report := plan.Report{Reason: v1alpha1.ReasonSynced}
	for _, c := range []struct {
		step plan.Step
		want outcome
	}{
		{plan.Step{Action: plan.Wait, RequeueAfter: time.Minute}, outcome{Done: true, RequeueAfter: time.Minute}},
		{plan.Step{Action: plan.WriteStatus, Report: report}, outcome{Done: true, Report: &report}},
	} {
		got, err := (&executor{}).execute(t.Context(), newScope(), &plan.Facts{}, c.step)
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("%s (-want +got):\n%s%v", c.step.Action, diff, err)
		}
	}
}

// What becomes of a step that failed: nothing that failed may read as nothing.
func TestWhatAFailureMeans(t *testing.T) {
	groups := schema.GroupResource{Group: "klink.cloud", Resource: "groups"}
	step := plan.Step{Action: plan.Update, ID: "a", Fields: []plan.Field{plan.FieldName}}
	call := func(kind klink.Kind) error { return &klink.Error{Kind: kind, Method: "PUT", Message: "no"} }
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			name  string
			err   error
			want  outcome
			fails bool
			check func(*scope) bool
		}{
			{name: "a call whose turn comes later", err: &account.DeferredError{Until: time.Now().Add(time.Minute)}, want: outcome{Done: true, RequeueAfter: time.Minute}},
			{name: "a call whose turn is over", err: &account.DeferredError{Until: time.Now().Add(-time.Minute)}, want: outcome{Done: true, RequeueAfter: time.Millisecond}},
			{name: "a connection that is down", err: fmt.Errorf("wrapped: %w", &account.DownError{Message: "401"}), check: func(s *scope) bool { return s.down.Message == "401" }},
			{name: "a stale version", err: apierrors.NewConflict(groups, "plaza", errors.New("changed")), want: outcome{Done: true, RequeueAfter: staleRetry}},
			{name: "a Group that is gone", err: fmt.Errorf("wrapped: %w", apierrors.NewNotFound(groups, "plaza")), want: outcome{Done: true}},
			{name: "anything else of Kubernetes", err: errors.New("etcd"), fails: true},
			{name: "a refusal", err: call(klink.KindRejected), check: func(s *scope) bool {
				refused := s.state.memory.History.Refused
				return refused.Reason == v1alpha1.ReasonRejected && cmp.Equal(refused.Fields, step.Fields) && refused.Until.Equal(time.Now().Add(time.Hour))
			}},
			{name: "an API that fails", err: call(klink.KindServer), check: func(s *scope) bool {
				h := s.state.memory.History
				return h.Failures == 1 && h.Failed.Fields == nil && h.Failed.Until.Equal(time.Now().Add(time.Second))
			}},
			{name: "a group that a PUT does not find", err: call(klink.KindNotFound), check: func(s *scope) bool {
				return s.missed && s.reply.state == plan.RemoteUnlisted && s.state.memory.History.Failed == nil
			}},
		} {
			s := newScope()
			got, err := failed(s, step, c.err)
			if diff := cmp.Diff(c.want, got); diff != "" || (err != nil) != c.fails {
				t.Errorf("%s (-want +got):\n%s%v", c.name, diff, err)
			}
			if c.check != nil && !c.check(s) {
				t.Errorf("%s: %+v, %+v", c.name, s, s.state.memory.History)
			}
		}
	})
}

// Only a 422 may be for some of the fields alone, and only a 409 to a name for who has it.
func TestWhatIsRefusedWithWhat(t *testing.T) {
	both := []plan.Field{plan.FieldDescription, plan.FieldContacts}
	for status, rest := range map[int][]plan.Field{400: nil, 403: nil, 409: nil, 413: nil, 422: {plan.FieldDescription}} {
		s := newScope()
		if _, err := failed(s, plan.Step{Action: plan.Update, ID: "a", Fields: both}, &klink.Error{Kind: klink.KindRejected, Status: status}); err != nil {
			t.Fatal(err)
		}
		if refused := s.state.memory.History.Refused; !cmp.Equal(refused.Fields, both) || !cmp.Equal(refused.Rest, rest) || refused.Conflict {
			t.Errorf("%d: %+v, want the rest %v", status, refused, rest)
		}
	}
}

// A PUT that finds nothing what a GET has just shown is repeated with a backoff, and
// not for ever within one pass.
func TestASecondPUTThatFindsNothingBacksOff(t *testing.T) {
	s := newScope()
	step, gone := plan.Step{Action: plan.Update, ID: "a"}, &klink.Error{Kind: klink.KindNotFound}
	for range 2 {
		if _, err := failed(s, step, gone); err != nil {
			t.Fatal(err)
		}
	}
	if s.state.memory.History.Failed == nil {
		t.Error("it may be tried at once")
	}
}

// conflictingClient writes to an API server that has a newer version of whatever is written.
type conflictingClient struct{ client.Client }

func (conflictingClient) Patch(_ context.Context, o client.Object, _ client.Patch, _ ...client.PatchOption) error {
	return apierrors.NewConflict(schema.GroupResource{Resource: "groups"}, o.GetName(), errors.New("changed"))
}

// A Group whose binding was not written may turn elsewhere in its next look, as its spec has
// changed. The id that it had wanted was nobody's then, and no other Group got it.
func TestABindingThatWasNotWrittenKeepsNoIDFromOthers(t *testing.T) {
	accounts := account.NewRegistry(account.Hooks{})
	e := &executor{
		records: &records{client: conflictingClient{}}, claims: accounts.Claims,
		owners: &owners{groups: Groups{Cache: &fakeCache{}, Index: &fakeCache{}}, live: &counter{}, accounts: accounts, pages: make(chan struct{}, 1), since: time.Now},
	}
	s := newScope()
	s.endpoint = "http://127.0.0.1:1/api"
	out, err := e.execute(t.Context(), s, &plan.Facts{Group: s.group}, plan.Step{Action: plan.Bind, ID: "a"})
	if err != nil || out.RequeueAfter != staleRetry {
		t.Errorf("outcome %+v, error %v", out, err)
	}
	if owner := accounts.Claims.Owner(s.endpoint, "a"); owner != "" {
		t.Errorf("%s owns the id", owner)
	}
}

// A Group whose id could not be written down is replaced by one of its name: each
// keeps its own state, and neither waits for the other.
func TestASuccessorDoesNotInheritTheStateOfItsName(t *testing.T) {
	var states stateStore
	s := newScope()
	first := states.getOrCreate(s.name(), "first")
	first.memory.Unrecorded = &facts.Unrecorded{Group: remote.Group{ID: "a"}}
	if second := states.getOrCreate(s.name(), "second"); second == first || second.memory.Unrecorded != nil {
		t.Error("the successor has what the first had")
	}
	left := states.others(s.name(), "second")
	if len(left) != 1 || left[0] != first {
		t.Errorf("left behind: %+v", left)
	}
	states.forget(s.name(), first)
	if left := states.others(s.name(), "second"); len(left) > 0 {
		t.Errorf("left behind after it was forgotten: %+v", left)
	}
	if len(states.others(s.name(), "")) != 1 {
		t.Error("the successor is forgotten as well")
	}
}

// Failures of a day ago made the next one wait for as long as those of a row.
func TestASeriesOfFailuresEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScope()
		wait := func() time.Duration {
			backOff(s, &klink.Error{Kind: klink.KindServer, Method: "PUT"})
			return time.Until(s.state.memory.History.Failed.Until)
		}
		if first, second := wait(), wait(); first != firstRetry || second != 2*firstRetry {
			t.Errorf("it waits %s, and then %s", first, second)
		}
		time.Sleep(time.Until(s.state.memory.History.Failed.Until) + mostRetry + time.Second)
		if got := wait(); got != firstRetry {
			t.Errorf("long after the last failure it waits %s, want %s", got, firstRetry)
		}
	})
}
