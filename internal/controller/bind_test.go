// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/facts"
	"github.com/klink-cloud/klink-operator/internal/plan"
	"github.com/klink-cloud/klink-operator/internal/remote"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

func toRemote(id string) remote.Group { return remote.Group{ID: id, Name: "Plaza"} }

var (
	errChanged = apierrors.NewConflict(schema.GroupResource{Resource: "groups"}, "plaza", errors.New("changed"))
	errGone    = apierrors.NewNotFound(schema.GroupResource{Resource: "groups"}, "plaza")
	errServer  = errors.New("etcd")
)

// A binding is written with the version that was looked at, and takes the place of a note.
func TestABindingIsWrittenDown(t *testing.T) {
	for what, c := range map[string]struct {
		step      plan.Step
		says      string
		recovered []string
	}{
		"an adoption": {plan.Step{Action: plan.Bind, ID: "a"}, "Normal Adopted: bound to the existing remote group a", nil},
		"a recovery": {
			plan.Step{Action: plan.Bind, ID: "a", Origin: plan.OriginRecovered},
			"Normal Created: created remote group a, recovered after a create without a clear answer", []string{"bound"},
		},
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newSteps(t, simulator.Group{ID: "a", Name: "Plaza"})
				r.api.group.Annotations = map[string]string{v1alpha1.AnnotationCreateAttempt: "note", v1alpha1.AnnotationUnarchive: "old"}
				r.api.group.Finalizers, r.s.group.Finalizers = nil, nil
				r.goesOn(c.step)
				r.has(bound("a"))
				r.said(c.says)
				if !slices.Contains(r.s.group.Finalizers, v1alpha1.FinalizerGroup) {
					t.Error("nothing keeps the Group until its policy was applied")
				}
				if want := []string{`"uid":"uid-plaza"`, `"resourceVersion":"7"`}; len(r.api.bodies) != 1 || !strings.Contains(r.api.bodies[0], strings.Join(want, ",")) {
					t.Errorf("written: %q", r.api.bodies)
				}
				if owner := r.e.claims.Owner(r.s.endpoint, "a"); owner != r.s.uid() || r.s.state.memory.Bound != "a" || !slices.Equal(r.count.recovered, c.recovered) {
					t.Errorf("owner %q, memory %+v, counted %q", owner, r.s.state.memory, r.count.recovered)
				}
			})
		})
	}
}

// What is archived is noted to be unarchived before it is, as a crash may come in between.
func TestABindingToAnArchivedGroupNotesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newSteps(t, simulator.Group{ID: "a", Name: "Plaza"})
		r.goesOn(plan.Step{Action: plan.Bind, ID: "a", Unarchive: true})
		want := bound("a")
		want[v1alpha1.AnnotationUnarchive] = "a"
		r.has(want)
	})
}

// owner is another Group that has the id.
func (r *steps) owner(id string) v1alpha1.Group {
	other := *r.s.group.DeepCopy()
	other.Name, other.UID, other.Status.ID = "other", "uid-other", id
	other.Annotations = bound(id)
	return other
}

// Two Groups bound to one remote group would overwrite each other for ever, and the deletion of
// one would delete the other's.
func TestWhatAnotherGroupHasIsNotBound(t *testing.T) {
	t.Run("by what the API server says before", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newSteps(t, simulator.Group{ID: "a", Name: "Plaza"})
			r.api.lists = [][]v1alpha1.Group{{r.owner("a")}}
			if out := r.ends(plan.Step{Action: plan.Bind, ID: "a"}); out.RequeueAfter != notFreeRetry || len(r.api.bodies) > 0 {
				t.Errorf("%+v, written %q", out, r.api.bodies)
			}
			r.said()
		})
	})
	t.Run("by what this process has bound", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newSteps(t, simulator.Group{ID: "a", Name: "Plaza"})
			r.e.claims.Claim(r.s.endpoint, "a", "uid-other")
			for _, action := range []plan.Action{plan.Bind, plan.Record} {
				if out := r.ends(plan.Step{Action: action, ID: "a"}); out.RequeueAfter != staleRetry || len(r.api.bodies) > 0 {
					t.Errorf("%+v, written %q", out, r.api.bodies)
				}
			}
		})
	})
	for what, c := range map[string]struct {
		later error // of the second list; none says that another has it
		fails []error
		ends  bool
	}{
		"by what the API server says after":          {ends: true},
		"where that cannot be read":                  {later: errServer},
		"where taking it back loses against an edit": {fails: []error{nil, errChanged}},
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newSteps(t, simulator.Group{ID: "a", Name: "Plaza"})
				before := map[string]string{v1alpha1.AnnotationCreateAttempt: "note", v1alpha1.AnnotationGroupCluster: "theirs"}
				r.s.group.Annotations, r.api.group.Annotations = before, before
				if r.api.lists, r.api.fails = [][]v1alpha1.Group{nil, {r.owner("a")}}, c.fails; c.later != nil {
					r.api.lists, r.api.later = r.api.lists[:1], c.later
				}
				out, err := r.e.execute(t.Context(), r.s, r.f, plan.Step{Action: plan.Bind, ID: "a", Origin: plan.OriginRecovered})
				if (err == nil && out == passAgain(notFreeRetry)) != c.ends {
					t.Errorf("%+v, %v", out, err)
				}
				if c.fails == nil {
					r.has(before)
				}
				if owner := r.e.claims.Owner(r.s.endpoint, "a"); owner != "" || r.s.state.memory.Bound != "" {
					t.Errorf("it is kept for %q, and bound to %q", owner, r.s.state.memory.Bound)
				}
				r.said()
			})
		})
	}
}

// A Group that waited for another to let go says IDConflict, by which a manager after a crash
// would let it be deleted without its policy.
func TestTheStatusHasTheIDOfAGroupThatWaitedForIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, fails := range [][]error{nil, {nil, errServer}} {
			r := newSteps(t, simulator.Group{ID: "a", Name: "Plaza"})
			for _, g := range []*v1alpha1.Group{r.s.group, r.api.group} {
				setConditions(&g.Status.Conditions, 1, metav1.ConditionFalse, v1alpha1.ReasonIDConflict, "another has it", true, false)
			}
			r.api.fails = fails
			out, err := r.e.execute(t.Context(), r.s, r.f, plan.Step{Action: plan.Bind, ID: "a"})
			if (err != nil) != (fails != nil) || out.Done {
				t.Errorf("%+v, %v", out, err)
			}
			if got, want := r.api.group.Status.ID, map[bool]string{true: "a"}[fails == nil]; got != want || r.s.group.Status.ID != want {
				t.Errorf("status has %q, want %q", got, want)
			}
		}
		r := newSteps(t, simulator.Group{ID: "a", Name: "Plaza"})
		if r.goesOn(plan.Step{Action: plan.Bind, ID: "a"}); r.api.group.Status.ID != "" {
			t.Error("status has an id before it says anything else of the group")
		}
	})
}

// What was taken off a Group is put back, but for a finalizer on one that is being deleted,
// which no API server takes.
func TestARecordIsPutBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newSteps(t)
		r.s.group.Finalizers, r.api.group.Finalizers = nil, nil
		r.goesOn(plan.Step{Action: plan.Record, ID: "a"})
		r.has(bound("a"))
		if !slices.Equal(r.api.group.Finalizers, []string{v1alpha1.FinalizerGroup}) || r.s.state.memory.Bound != "a" {
			t.Errorf("finalizers %q, memory %+v", r.api.group.Finalizers, r.s.state.memory)
		}
		now := metav1.Now()
		r.s.group.DeletionTimestamp, r.s.group.Finalizers = &now, []string{"another"}
		if r.goesOn(plan.Step{Action: plan.Record, ID: "a"}); !slices.Equal(r.api.group.Finalizers, []string{"another"}) {
			t.Errorf("finalizers %q", r.api.group.Finalizers)
		}
		r.s.account = nil // a connection that is gone owns no ids
		r.e.claims.Claim(r.s.endpoint, "b", "uid-other")
		r.goesOn(plan.Step{Action: plan.Record, ID: "b"})
		r.api.fails = []error{errChanged}
		if out := r.ends(plan.Step{Action: plan.Record, ID: "c"}); out.RequeueAfter != staleRetry || r.s.state.memory.Bound != "b" {
			t.Errorf("%+v, bound to %s", out, r.s.state.memory.Bound)
		}
	})
}

// The annotation goes first, and status says at once that the group is gone.
func TestAnIDThatIsGoneIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newSteps(t)
		for _, g := range []*v1alpha1.Group{r.s.group, r.api.group} {
			g.Annotations, g.Status.ID, g.Status.RemoteName, g.Status.ConversationID = bound("a"), "a", "Plaza", "c"
		}
		r.f.Identity.ID = "a"
		r.e.claims.Claim(r.s.endpoint, "a", r.s.uid())
		r.s.state.memory.Bound, r.s.reply = "a", &reply{id: "a", state: plan.RemoteNotFound}
		r.goesOn(plan.Step{Action: plan.ForgetID, ID: "a"})
		r.has(nil)
		ready := meta.FindStatusCondition(r.api.group.Status.Conditions, v1alpha1.ConditionReady)
		if ready == nil || ready.Status != metav1.ConditionFalse || ready.Reason != v1alpha1.ReasonCreating || !strings.Contains(ready.Message, "remote group a is gone") ||
			!meta.IsStatusConditionTrue(r.api.group.Status.Conditions, v1alpha1.ConditionReconciling) || meta.IsStatusConditionTrue(r.api.group.Status.Conditions, v1alpha1.ConditionStalled) {
			t.Errorf("conditions: %+v", r.api.group.Status.Conditions)
		}
		if status := r.s.group.Status; status.ID != "" || status.RemoteName != "" || status.ConversationID != "" {
			t.Errorf("status: %+v", status)
		}
		m := r.s.state.memory
		if (m.Dropped != facts.Dropped{ID: "a", At: time.Now(), Confirmed: true}) || m.Bound != "" || r.s.state.recreating != "a" || r.s.reply != nil || r.e.claims.Owner(r.s.endpoint, "a") != "" {
			t.Errorf("memory %+v, recreating %q, reply %+v", m, r.s.state.recreating, r.s.reply)
		}
		if want := []string{`"resourceVersion":"7"`, `"resourceVersion":"8"`}; !strings.Contains(r.api.bodies[0], want[0]) || len(r.api.bodies) != 2 {
			t.Errorf("written: %q", r.api.bodies)
		}
	})
	for what, fails := range map[string][]error{"metadata": {errChanged}, "status": {nil, errChanged}} {
		synctest.Test(t, func(t *testing.T) {
			r := newSteps(t)
			r.s.state.memory.Bound, r.api.fails = "a", fails
			out, err := r.e.execute(t.Context(), r.s, r.f, plan.Step{Action: plan.ForgetID, ID: "a"})
			if r.s.state.memory.Bound != "a" || r.s.state.recreating != "" || err != nil || out != passAgain(staleRetry) {
				t.Errorf("it is forgotten though its %s was not written: %+v, %v", what, out, err)
			}
		})
	}
}

// A Group is let go once its finalizer is off, and not before.
func TestAGroupIsLetGo(t *testing.T) {
	for what, c := range map[string]struct {
		step  plan.Step
		gone  bool
		fails error
		says  []string
		err   bool
	}{
		"plainly":                  {step: plan.Step{}},
		"after its group's end":    {step: plan.Step{ID: "a", Deleted: true}, says: []string{"Normal Deleted: deleted remote group a and its messages"}},
		"as an orphan":             {step: plan.Step{ID: "a", Orphaned: true}, says: []string{"Normal Orphaned: left remote group a as it is"}},
		"as an orphan of its own":  {step: plan.Step{ID: "a", Orphaned: true, MadeOwn: true}, says: []string{"Normal Orphaned: left remote group a as it is"}},
		"where it is gone already": {gone: true, fails: errServer},
		"where it is gone by now":  {fails: errGone},
		"and changed meanwhile":    {fails: errChanged, err: true},
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newSteps(t)
				r.s.gone, r.api.fails = c.gone, []error{c.fails}
				r.made("m")
				c.step.Action = plan.Release
				out, err := r.e.execute(t.Context(), r.s, r.f, c.step)
				if (err != nil) != c.err || out.Done == c.err {
					t.Fatalf("%+v, %v", out, err)
				}
				r.said(c.says...)
				if let := len(r.let) == 1; let == c.err || (r.s.state.memory.Unrecorded == nil) == c.err {
					t.Errorf("let go: %t, memory %+v", let, r.s.state.memory)
				}
				if c.fails == nil && slices.Contains(r.api.group.Finalizers, v1alpha1.FinalizerGroup) {
					t.Error("its finalizer is still there")
				}
				if r.e.claims.LetGo(r.s.endpoint, "a") != c.step.Orphaned || r.e.claims.MadeForOther(r.s.endpoint, "a", "uid-other") != c.step.MadeOwn {
					t.Error("to those that look for its name, the group is not what it is")
				}
			})
		})
	}
}
