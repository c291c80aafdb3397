// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/account"
	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/plan"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

func isDown(err error) bool {
	_, down := errors.AsType[*account.DownError](err)
	return down
}

const (
	// staleRetry is how soon a pass is repeated that lost against a newer version of
	// the object: the cache is about to show it.
	staleRetry = 500 * time.Millisecond
	// firstRetry doubles with each failure, up to mostRetry.
	firstRetry = time.Second
	mostRetry  = 5 * time.Minute
	// notAppliedRetry doubles too, up to refusedRetry, which is how long a refused
	// declaration waits unless it changes.
	notAppliedRetry = time.Minute
	refusedRetry    = time.Hour
	// longPause is how long the API must ask to wait before the Group says so.
	longPause = 10 * time.Second
)

// failed turns the error of a step into what comes next: the call has to wait; the
// connection is down; the pass begins again; or the history remembers the failure,
// and the plan says what it means for the Group.
func failed(s *scope, step plan.Step, err error) (outcome, error) {
	if deferred, ok := errors.AsType[*account.DeferredError](err); ok {
		return passAgain(max(time.Until(deferred.Until), time.Millisecond)), nil
	}
	if down, ok := errors.AsType[*account.DownError](err); ok {
		s.down = down
		return outcome{}, nil
	}
	if apiError, ok := klink.AsError(err); ok {
		return callFailed(s, step, apiError), nil
	}
	switch {
	case apierrors.IsConflict(err):
		return passAgain(staleRetry), nil
	case apierrors.IsNotFound(err):
		return outcome{Done: true}, nil // gone: the cache is about to show it
	}
	return outcome{}, fmt.Errorf("%s: %w", step.Action, err)
}

// callFailed takes in a failure of this Group's own call.
func callFailed(s *scope, step plan.Step, apiError *klink.Error) outcome {
	switch apiError.Kind {
	case klink.KindThrottled:
		return throttled(s, apiError)
	case klink.KindNotFound: // of a PUT or DELETE: a GET has to say so too
		if s.missed || s.contradicted(step.ID) {
			backOff(s, apiError) // it does not, as reads lag behind; or lists say otherwise
		}
		if s.missed {
			break
		}
		s.missed = true
		s.reply = &reply{id: step.ID, state: plan.RemoteUnlisted}
	case klink.KindRejected, klink.KindForbidden, klink.KindReadOnly:
		refuse(s, step, apiError)
	default:
		backOff(s, apiError)
	}
	return outcome{}
}

// refuse takes in that the API said no to these fields.
func refuse(s *scope, step plan.Step, apiError *klink.Error) {
	now := time.Now()
	b := plan.Backoff{Until: now.Add(refusedRetry), Reason: v1alpha1.ReasonRejected, Fields: step.Fields, Message: apiError.Discreet()}
	if b.Conflict = apiError.Status == http.StatusConflict && slices.Contains(step.Fields, plan.FieldName); b.Conflict {
		for _, g := range s.account.Evidence(s.group.Spec.Name).Named {
			if g.ID != step.ID {
				b.Holders = append(b.Holders, g.ID)
			}
		}
	}
	s.state.memory.History.Refuse(b, apiError.Status == http.StatusUnprocessableEntity, now)
}

// silent reports whether a call was answered by a 2xx that shows nothing.
func silent(err error) bool {
	apiError, ok := klink.AsError(err)
	return ok && apiError.Status/100 == 2
}

// backOff keeps this Group's calls back for a while that doubles with each failure.
func backOff(s *scope, apiError *klink.Error) {
	h, now := &s.state.memory.History, time.Now()
	if h.Failed != nil && now.Sub(h.Failed.Until) > mostRetry { // that series is over
		h.Failures = 0
	}
	wait := doubled(firstRetry, mostRetry, h.Failures)
	if silent(apiError) && apiError.Method == http.MethodPost { // it is recovered first, and then made again
		wait = doubled(notAppliedRetry, refusedRetry, h.Failures)
	}
	h.Failures++
	h.Failed = &plan.Backoff{
		Until: now.Add(wait), Reason: v1alpha1.ReasonUnavailable, Message: apiError.Discreet(),
		Unprovable: apiError.Cached && apiError.Status == http.StatusNotFound,
		Write:      apiError.Method != http.MethodGet,
	}
}

// notApplied holds the fields back that the API took and does not show.
func notApplied(s *scope, d plan.Declared, shown remote.Group, fields []plan.Field) {
	h := &s.state.memory.History
	wait := doubled(notAppliedRetry, refusedRetry, h.Unapplied)
	h.Unapplied++
	h.NotApplied = &plan.Backoff{
		Until: time.Now().Add(wait), Reason: v1alpha1.ReasonNotApplied, Fields: fields,
		Message: "the API accepted the request, but its reply does not show the declared " + strings.Join(fields, ", ") +
			" (" + d.Differences(shown, fields) + "); declare what the API shows, or leave the field out: it may not know a contact, normalise texts, or make up an avatar URL",
	}
}

// undid holds back the fields that keep undoing each other: a write of one resets the
// other.
func undid(s *scope, d plan.Declared, shown remote.Group, undone, sent []plan.Field) {
	h := &s.state.memory.History
	wait := doubled(notAppliedRetry, refusedRetry, h.Unapplied)
	h.Unapplied++
	h.NotApplied = &plan.Backoff{
		Until: time.Now().Add(wait), Reason: v1alpha1.ReasonNotApplied, Fields: append(slices.Clone(sent), undone...),
		Message: fmt.Sprintf("setting %s resets %s (%s): the API replaces what a request does not send; leave one of them out",
			strings.Join(sent, ", "), strings.Join(undone, ", "), d.Differences(shown, undone)),
	}
}

func doubled(first, most time.Duration, failures int) time.Duration {
	return min(first<<min(failures, 16), most)
}

// throttled waits for the end of the pause. Only the Group whose call was refused
// says so, and only if a person waits for it long.
func throttled(s *scope, apiError *klink.Error) outcome {
	wait := max(time.Until(s.account.State().PausedUntil), firstRetry)
	out := passAgain(wait)
	if wait >= longPause && s.priority != priorityDrift {
		out.Report = &plan.Report{
			Status: "False", Reason: v1alpha1.ReasonRateLimited,
			Message: apiError.Discreet() + "; tried again at " + time.Now().Add(wait).UTC().Format(time.RFC3339),
		}
	}
	return out
}
