// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/klink-cloud/klink-operator/internal/facts"
	"github.com/klink-cloud/klink-operator/internal/plan"
)

// notFreeRetry is how soon a Group looks again whether what it would bind to is
// another's.
const notFreeRetry = 5 * time.Second

// bind ties the Group to a remote group that it did not just create.
func (e *executor) bind(ctx context.Context, s *scope, f *plan.Facts, step plan.Step) (outcome, error) {
	others, err := e.owners.before(ctx, s, step.ID)
	switch {
	case err != nil:
		return failed(s, step, err)
	case !plan.MayBind(f, step, others, false):
		return heldOff(plan.HeldOff(f, step, others)), nil
	case !e.claims.Claim(s.endpoint, step.ID, s.uid()):
		return passAgain(staleRetry), nil
	}
	before := s.group.Annotations
	if err := e.records.bind(ctx, s, step.ID, step.Unarchive); err != nil {
		e.claims.Release(s.uid())
		return failed(s, step, err)
	}
	// Re-check after writing: during a change of leaders another manager may have
	// bound a second Group to this id; the later writer undoes its own binding.
	others, err = e.owners.after(ctx, s, step)
	if err != nil || !plan.MayBind(f, step, others, true) {
		return e.unbind(ctx, s, step, before, err)
	}
	if facts.WaitsForOwner(s.group) {
		if err := e.records.takeOver(ctx, s, step.ID); err != nil {
			return failed(s, step, err)
		}
	}
	s.bound(step.ID)
	if step.Origin == plan.OriginRecovered {
		e.count.Recovered("bound")
		s.say(createdGroup(step.ID, "recovered after a create without a clear answer"))
	} else {
		s.say(adoptedGroup(step.ID))
	}
	return outcome{}, nil
}

// heldOff waits as the plan says.
func heldOff(step plan.Step) outcome {
	out := passAgain(max(step.RequeueAfter, staleRetry))
	if step.Action == plan.WriteStatus {
		out.Report = &step.Report
	}
	return out
}

// unbind takes back a binding that came second, or of which that cannot be told.
func (e *executor) unbind(ctx context.Context, s *scope, step plan.Step, before map[string]string, cause error) (outcome, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	e.claims.Release(s.uid())
	err := e.records.restore(ctx, s, before)
	if cause = errors.Join(cause, err); cause != nil {
		return failed(s, step, fmt.Errorf("taking back a binding: %w", cause))
	}
	return passAgain(notFreeRetry), nil
}

// record puts identity, cluster and finalizer where they belong, after a create
// or where somebody removed them.
func (e *executor) record(ctx context.Context, s *scope, f *plan.Facts, step plan.Step) (outcome, error) {
	if s.state.memory.Unrecorded != nil {
		return e.recordCreated(ctx, s, f, step)
	}
	if s.account != nil && !e.claims.Claim(s.endpoint, step.ID, s.uid()) {
		return passAgain(staleRetry), nil
	}
	if err := e.records.bind(ctx, s, step.ID, false); err != nil {
		return failed(s, step, err)
	}
	s.bound(step.ID)
	return outcome{}, nil
}
