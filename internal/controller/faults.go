// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/account"
	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/plan"
)

// writeError names the fields that a PUT could not set.
type writeError struct {
	fields []plan.Field
	err    error
}

func (e *writeError) Error() string { return e.err.Error() }
func (e *writeError) Unwrap() error { return e.err }

func isDown(err error) bool {
	_, down := errors.AsType[*account.DownError](err)
	return down
}

// staleRetry is how soon a look is repeated that lost against a newer version of
// the object: the cache is about to show it.
const staleRetry = 500 * time.Millisecond

// notFreeRetry is how soon a Group looks again whether what it would bind to is
// another's.
const notFreeRetry = 5 * time.Second

// after turns the result of a step into what comes next: nothing failed, so the
// plan goes on; the call has to wait; the connection is down; or the plan is told
// what failed, and says what that means for the Group.
func (l *look) after(ctx context.Context, step plan.Step, err error) (done bool, _ reconcile.Result, _ error) {
	l.facts.Now = time.Now()
	if errors.Is(err, errFinished) {
		return true, reconcile.Result{}, l.release(ctx, plan.Step{ID: step.ID})
	}
	if deferred, ok := errors.AsType[*account.DeferredError](err); ok {
		return true, reconcile.Result{RequeueAfter: max(time.Until(deferred.Until), time.Millisecond)}, nil
	}
	if down, ok := errors.AsType[*account.DownError](err); ok {
		l.facts.Connection.Up, l.facts.Connection.Problem = false, down.Message
		return false, reconcile.Result{}, nil
	}
	apiError, ok := klink.AsError(err)
	switch {
	case err == nil:
		return false, reconcile.Result{}, nil
	case ok:
		return l.failed(ctx, apiError, err)
	case apierrors.IsConflict(err), errors.Is(err, errStartOver):
		return true, reconcile.Result{RequeueAfter: staleRetry}, nil
	case errors.Is(err, errNotFree):
		return true, reconcile.Result{RequeueAfter: notFreeRetry}, nil
	case apierrors.IsNotFound(err):
		return true, reconcile.Result{}, nil // gone: the cache is about to show it
	}
	return true, reconcile.Result{}, fmt.Errorf("%s: %w", step.Action, err)
}

// failed takes in a failure of this Group's own call.
func (l *look) failed(ctx context.Context, apiError *klink.Error, err error) (done bool, _ reconcile.Result, _ error) {
	var fields []plan.Field
	if write, ok := errors.AsType[*writeError](err); ok {
		fields = write.fields
	}
	switch apiError.Kind {
	case klink.KindThrottled:
		return l.throttled(ctx, apiError)
	case klink.KindNotFound: // of a PUT: a GET has to say so too
		if l.missed {
			l.hold(apiError) // it does not: reads lag behind
			break
		}
		l.missed = true
		l.facts.Remote = plan.Remote{State: plan.RemoteUnlisted, Settling: l.facts.Remote.Settling}
	case klink.KindRejected, klink.KindForbidden, klink.KindRedirect, klink.KindReadOnly:
		l.mem.refused = &plan.Backoff{
			Until: time.Now().Add(refusedRetry), Reason: v1alpha1.ReasonRejected, Fields: fields, Message: apiError.Error(),
		}
		l.facts.History.Refused = l.mem.refused
	default:
		l.hold(apiError)
	}
	return false, reconcile.Result{}, nil
}

// hold keeps this Group's calls back for a while that doubles with each failure.
func (l *look) hold(apiError *klink.Error) {
	wait := backoff(firstRetry, mostRetry, l.mem.failures)
	l.mem.failures++
	l.mem.failed = &plan.Backoff{Until: time.Now().Add(wait), Reason: v1alpha1.ReasonUnavailable, Message: apiError.Error()}
	l.facts.History.Failed = l.mem.failed
}

// longPause is how long the API must ask to wait before the Group says so.
const longPause = 10 * time.Second

// throttled waits for the end of the pause. Only the Group whose call was refused
// says so, and only if a person waits for it long.
func (l *look) throttled(ctx context.Context, apiError *klink.Error) (done bool, _ reconcile.Result, _ error) {
	wait := max(time.Until(l.account.State().PausedUntil), firstRetry)
	result := reconcile.Result{RequeueAfter: wait}
	if wait < longPause || priorityOf(l.group) == priorityDrift {
		return true, result, nil
	}
	return true, result, l.report(ctx, plan.Report{
		Status: "False", Reason: v1alpha1.ReasonRateLimited,
		Message: apiError.Error() + "; tried again at " + time.Now().Add(wait).UTC().Format(time.RFC3339),
	})
}
