// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/account"
)

// listTimeEvery is how often lastListTime moves, so that an idle account does not
// churn etcd.
const listTimeEvery = 5 * time.Minute

// readyState is what a connection's Ready condition says.
type readyState struct {
	ready           bool
	reason, message string
	stalled         bool
}

// holders is what a connection must not go before: the Groups that use it, and the remote
// groups that Groups which are gone have left behind on it, those included that are being made.
type holders struct {
	users, left, creating []string
}

// newHolders names a Group once: one that uses the connection says what it is about itself.
func newHolders(users, left, creating []string) holders {
	return holders{users, left, slices.DeleteFunc(creating, func(name string) bool { return slices.Contains(users, name) })}
}

func (h holders) any() bool { return len(h.users)+len(h.left)+len(h.creating) > 0 }

func (h holders) String() string {
	var said []string
	if len(h.users) > 0 || !h.any() {
		said = append(said, fmt.Sprintf("%d Groups that use it: %s", len(h.users), some(h.users)))
	}
	if len(h.left) > 0 {
		said = append(said, h.leftBehind())
	}
	if len(h.creating) > 0 {
		said = append(said, fmt.Sprintf("%d remote groups that are being created, or are created and not recorded yet: for %s", len(h.creating), some(h.creating)))
	}
	return strings.Join(said, ", and ")
}

func (h holders) leftBehind() string {
	return fmt.Sprintf("%d remote groups whose Groups are gone: %s", len(h.left), some(h.left))
}

// evaluateReady turns problem and state into the Ready condition; known is false while
// nothing was tried yet.
func evaluateReady(object connectionObject, s account.State, p *problem, held holders, now time.Time) (v readyState, known bool) {
	switch {
	case !object.GetDeletionTimestamp().IsZero():
		return readyState{reason: v1alpha1.ReasonTerminating, message: fmt.Sprintf(
			"being deleted; waiting for %s; to have it back, take the finalizer %s off it and apply it again: they go on with what they have",
			held, v1alpha1.FinalizerInUse)}, true
	case p != nil:
		return evaluateProblem(object, s, p, now), true
	case !s.Up && s.Down != 0:
		reason := reasonOf(s.Down)
		return readyState{reason: reason, message: s.Message + whatToDo(object, reason), stalled: reason == v1alpha1.ReasonUnauthorized}, true
	case s.Trust == account.TrustLost:
		return readyState{reason: v1alpha1.ReasonMassDisappearance, message: disappearance(object, s, now), stalled: true}, true
	case s.PausedUntil.After(now.Add(object.GetConnectionSpec().ResyncInterval.Duration)):
		return readyState{reason: v1alpha1.ReasonRateLimited, message: "the API asks to wait until " + s.PausedUntil.UTC().Format(time.RFC3339)}, true
	case s.OnlyThrottled:
		return readyState{reason: v1alpha1.ReasonRateLimited, message: "the API answers nothing but 429; tried again by itself, ever more slowly"}, true
	case s.Up && s.Behind != "":
		return readyState{reason: v1alpha1.ReasonUnavailable, message: fmt.Sprintf(
			"single groups are answered, but the account cannot be listed: %s; Groups that are bound go on, and nothing is created", s.Behind)}, true
	case !s.Up || !s.Trust.Holds() && !s.Looked:
		return evaluateFirstLook(object, s, now) // an answer is not yet a sight of the right account
	default:
		return readyState{ready: true, reason: v1alpha1.ReasonConnected, message: "the API answers, with this token" + shortcomings(s)}, true
	}
}

// evaluateProblem says what a person has to put right. That the token which is still in use shows
// another account comes before the loss of its Secret, and does not hide that.
func evaluateProblem(object connectionObject, s account.State, p *problem, now time.Time) readyState {
	if p.reason == v1alpha1.ReasonSecretNotFound && s.Up && s.Trust == account.TrustLost {
		return readyState{reason: v1alpha1.ReasonMassDisappearance, message: disappearance(object, s, now) + "; besides, " + p.explain(s), stalled: true}
	}
	return readyState{reason: p.reason, message: p.explain(s), stalled: p.reason != v1alpha1.ReasonSecretNotFound}
}

// firstLookSaid is how long the first look at an account may take before that is said: less
// than the interval at which a connection is looked at that is not ready.
const firstLookSaid = 25 * time.Second

// evaluateFirstLook says, once that has lasted, what a connection waits for that this process
// has not seen yet. What the manager before had seen stays as it is while calls are answered.
func evaluateFirstLook(object connectionObject, s account.State, now time.Time) (v readyState, known bool) {
	const listing = "its account is being listed for the first time, and what needs that listing waits: new Groups do"
	before := meta.FindStatusCondition(object.GetConnectionStatus().Conditions, v1alpha1.ConditionReady)
	switch {
	case now.Sub(s.Watched) < firstLookSaid:
		return readyState{}, false
	case !s.Up:
		return readyState{reason: v1alpha1.ReasonUnavailable, message: "no call has been answered yet" +
			whatToDo(object, v1alpha1.ReasonUnavailable)}, true
	case before != nil && before.Status == metav1.ConditionTrue && before.ObservedGeneration == object.GetGeneration():
		return readyState{ready: true, reason: v1alpha1.ReasonConnected, message: "the API answers, with this token; since the manager has started " + listing}, true
	default:
		return readyState{reason: v1alpha1.ReasonUnavailable, message: "the API answers, with this token; " + listing}, true
	}
}

// shortcomings names what is odd about an account that is served all the same.
func shortcomings(s account.State) string {
	var said string
	if s.Why != "" {
		said += "; it cannot be listed completely: " + s.Why
	}
	if s.Odd != "" {
		said += "; not everything that it lists can be read, and only that is left out: " + s.Odd
	}
	return said
}

// reasonOf names why a connection takes no calls.
func reasonOf(down account.Down) string {
	switch down {
	case account.Unauthorized:
		return v1alpha1.ReasonUnauthorized
	case account.RateLimited:
		return v1alpha1.ReasonRateLimited
	case account.Unavailable:
	case account.Blocked, account.Untrusted: // a problem, and lost trust, have a reason of their own
	}
	return v1alpha1.ReasonUnavailable
}

// some names the first few of many.
func some(names []string) string {
	const most = 3
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}

// whatToDo says what a person can do about a connection that does not answer.
func whatToDo(object connectionObject, reason string) string {
	spec := object.GetConnectionSpec()
	switch reason {
	case v1alpha1.ReasonUnauthorized:
		where := "namespace " + object.GetNamespace()
		if object.GetNamespace() == "" {
			where = "the operator's namespace"
		}
		return fmt.Sprintf("; put a valid token under key %q of Secret %s in %s, which is read again every %s",
			spec.TokenSecretRef.Key, spec.TokenSecretRef.Name, where, notReadyRetry)
	case v1alpha1.ReasonUnavailable:
		return fmt.Sprintf("; tried again by itself; if it lasts, check endpoint %s and the network", spec.Endpoint)
	}
	return ""
}

// explain adds that a token which still works stays in use.
func (p *problem) explain(s account.State) string {
	if s.Up {
		return p.message + "; until then the token that was read before stays in use"
	}
	return p.message
}

func disappearance(object connectionObject, s account.State, now time.Time) string {
	message := fmt.Sprintf("the API does not show %d of the %d groups that Groups own: a token of another account, or a broken API; "+
		"nothing is created or given up until they are back. If they are really gone, annotate with %s=<the time now, RFC 3339>",
		s.Missing, s.Owned, v1alpha1.AnnotationAcceptMissing)
	if given := object.GetAnnotations()[v1alpha1.AnnotationAcceptMissing]; given != "" {
		if _, ok := acceptMissing(object, now); !ok {
			message += fmt.Sprintf(" (%q is not a time in RFC 3339, or lies in the future)", cut(given, 64))
		}
	}
	return message
}

// report writes the status if it differs, and says what has changed. It returns
// whether the connection is ready.
func (r *ConnectionReconciler) report(ctx context.Context, object connectionObject, s account.State, p *problem, held holders) (bool, error) {
	before, _ := object.DeepCopyObject().(connectionObject)
	v, known := evaluateReady(object, s, p, held, time.Now())
	if !known {
		return false, nil
	}
	if len(held.left) > 0 && object.GetDeletionTimestamp().IsZero() {
		v.message += "; not settled yet: " + held.leftBehind()
	}
	status := object.GetConnectionStatus()
	status.ObservedGeneration = object.GetGeneration()
	showAccount(status, s)
	ready := metav1.ConditionFalse
	if v.ready {
		ready = metav1.ConditionTrue
	}
	setConditions(&status.Conditions, object.GetGeneration(), ready, v.reason, v.message, v.stalled, false)
	if equality.Semantic.DeepEqual(before.GetConnectionStatus(), status) {
		return v.ready, nil
	}
	patch, err := statusPatch(before, object)
	if err != nil {
		return false, err
	}
	err = r.Client.Status().Patch(ctx, object, patch)
	if client.IgnoreNotFound(err) != nil {
		return false, fmt.Errorf("writing the status of the %s: %w", r.Kind, err)
	}
	CacheLightConnection(object, r.Groups.Selector) // the reply has all of it
	r.writes(object).record(object)
	r.event(ctx, object, before.GetConnectionStatus().Conditions, v)
	return v.ready, nil
}

// showAccount copies what the listings have shown.
func showAccount(status *v1alpha1.ConnectionStatus, s account.State) {
	if s.Dialect != "" {
		status.Pagination = v1alpha1.PaginationDialect(s.Dialect)
	}
	if s.Listed.IsZero() {
		return
	}
	count := int32(s.RemoteGroups) //nolint:gosec // an account has fewer than two thousand million groups
	status.RemoteGroups = &count
	if last := status.LastListTime; last == nil || s.Listed.Sub(last.Time) >= listTimeEvery {
		t := metav1.NewTime(s.Listed.Truncate(time.Second))
		status.LastListTime = &t
	}
}

// event says, and logs, what a person would want to hear of, on transitions only.
func (r *ConnectionReconciler) event(ctx context.Context, object connectionObject, before []metav1.Condition, v readyState) {
	ready := meta.FindStatusCondition(before, v1alpha1.ConditionReady)
	if ready != nil && ready.Reason == v.reason {
		return
	}
	log.FromContext(ctx).Info("The connection has changed", "ready", v.ready, "reason", v.reason, "message", cut(v.message, maxNote))
	switch {
	case v.ready:
		r.Events.Eventf(object, nil, corev1.EventTypeNormal, "Connected", "Connect", "%s", v.message)
	case v.reason == v1alpha1.ReasonMassDisappearance:
		r.Events.Eventf(object, nil, corev1.EventTypeWarning, "MassDisappearance", "List", "%s", cut(v.message, maxNote))
	case ready != nil && ready.Status == metav1.ConditionTrue:
		r.Events.Eventf(object, nil, corev1.EventTypeWarning, "Disconnected", "Connect", "%s", cut(v.message, maxNote))
	}
}
