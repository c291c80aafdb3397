// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/plan"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

// reporter writes what a plan says of a Group into its status, and records what has
// happened as events.
type reporter struct {
	records *records
	events  events.EventRecorder
	count   Counter
}

// report writes the status if it differs from what is there, and then says what
// has changed by it. What somebody has just written over waits a while before it is written
// again: again is when to look, if so.
func (r *reporter) report(ctx context.Context, s *scope, f *plan.Facts, report *plan.Report) (again time.Duration, _ error) {
	if report == nil {
		return 0, nil
	}
	if s.gone {
		log.FromContext(ctx).Info("The group made for a Group that is gone is not settled yet",
			"id", f.Identity.ID, "connection", s.key.String(), "reason", report.Reason, "message", cut(report.Message, maxNote))
		return 0, nil
	}
	changes := worthAnEvent(s.group, report)
	old := meta.FindStatusCondition(s.group.Status.Conditions, v1alpha1.ConditionReady)
	fresh := old == nil || old.Reason != report.Reason
	status := s.group.Status.DeepCopy()
	fill(status, s.group, report, ownID(f))
	if !equality.Semantic.DeepEqual(&s.group.Status, status) {
		if again, err := r.write(ctx, s, status); again > 0 || err != nil {
			return again, err
		}
	}
	if needsPerson(report) && fresh {
		log.FromContext(ctx).Info("A person is needed", "reason", report.Reason, "message", cut(report.Message, maxNote))
	}
	if fresh && report.Reason == v1alpha1.ReasonCreateUncertain {
		r.count.Recovered("uncertain")
	}
	if changes {
		s.say(warning(report.Reason, "Reconcile", report.Message))
	}
	return 0, nil
}

// write writes a status, unless it has to wait.
func (r *reporter) write(ctx context.Context, s *scope, status *v1alpha1.GroupStatus) (again time.Duration, _ error) {
	digest, err := digestOf(status)
	if err != nil {
		return 0, err
	}
	if wait := s.state.said.wait(digest, time.Now()); wait > 0 {
		return wait, nil
	}
	if err := r.records.patchStatus(ctx, s, *status); err != nil {
		return 0, fmt.Errorf("writing the status: %w", err)
	}
	s.state.said.wrote(digest, time.Now())
	return 0, nil
}

// publish records the events of a pass.
func (r *reporter) publish(s *scope) {
	for _, o := range s.events {
		r.events.Eventf(s.group, nil, o.kind, o.reason, o.action, "%s", cut(o.message, maxNote))
	}
	s.events = nil
}

// ownID is the id to show in status: only an owner shows one, and none that only its
// annotation carries, since every author of Groups may write that.
func ownID(f *plan.Facts) string {
	id := f.Identity
	if id.Recorded && id.OtherOwner == "" && id.ForeignCluster == "" {
		return id.ID
	}
	return ""
}

// fill makes the status say what the report says.
func fill(status *v1alpha1.GroupStatus, g *v1alpha1.Group, r *plan.Report, id string) {
	status.ObservedGeneration = g.Generation
	status.LastHandledReconcileAt = plan.Echo(g.Annotations[v1alpha1.AnnotationReconcileRequestedAt])
	status.Drift = r.Drift
	if r.Remote != nil {
		if status.ID != r.Remote.ID { // what it says is of another group
			forgetRemote(status)
		}
		showRemote(status, *r.Remote)
	}
	if id != "" {
		status.ID = id
	}
	setConditions(&status.Conditions, g.Generation, r.Status, r.Reason, r.Message, r.Stalled, r.Reconciling)
}

// showRemote copies what the remote group shows. What a reply leaves out is not empty: it
// stays as it was last shown.
func showRemote(status *v1alpha1.GroupStatus, g remote.Group) {
	shown := func(field remote.FieldSet, show func()) {
		if !g.Unknown.Has(field) {
			show()
		}
	}
	shown(remote.FieldConversationID, func() { status.ConversationID = cut(g.ConversationID, maxShown) })
	shown(remote.FieldName, func() { status.RemoteName = cut(g.Name, maxShown) })
	shown(remote.FieldContacts, func() {
		count := int32(len(g.Contacts)) //nolint:gosec // bounded by the size of a reply
		status.ContactCount = &count
	})
	shown(remote.FieldCreatedAt, func() { status.CreatedAt = statusTime(g.CreatedAt) })
	shown(remote.FieldArchivedAt, func() { status.ArchivedAt = statusTime(g.ArchivedAt) })
}

// forgetRemote takes out what was shown of a remote group, but for its id.
func forgetRemote(status *v1alpha1.GroupStatus) {
	status.ConversationID, status.RemoteName, status.CreatedAt, status.ArchivedAt, status.ContactCount = "", "", nil, nil, nil
}

// maxShown keeps what the API calls a group, which may be anything, from filling
// a status that then cannot be written. Names have up to 255 characters.
const maxShown = 1024

// statusTime is a time as a status keeps it, in whole seconds: with a fraction, it
// would differ from what is read back, and be written again at each look; nil for none.
func statusTime(t time.Time) *metav1.Time {
	if t.IsZero() {
		return nil
	}
	kept := metav1.NewTime(t)
	kept = kept.Rfc3339Copy()
	return &kept
}

// setConditions sets Ready, and Reconciling and Stalled only while they hold.
func setConditions(conditions *[]metav1.Condition, generation int64, status metav1.ConditionStatus, reason, message string, stalled, reconciling bool) {
	message = bounded(message)
	set := func(kind string, status metav1.ConditionStatus) {
		meta.SetStatusCondition(conditions, metav1.Condition{
			Type: kind, Status: status, Reason: reason, Message: message, ObservedGeneration: generation,
		})
	}
	set(v1alpha1.ConditionReady, status)
	for kind, holds := range map[string]bool{v1alpha1.ConditionStalled: stalled, v1alpha1.ConditionReconciling: reconciling && !stalled} {
		if holds {
			set(kind, metav1.ConditionTrue)
		} else {
			meta.RemoveStatusCondition(conditions, kind)
		}
	}
}

// maxMessage keeps a status readable and small; the API server's limit is 32 KiB.
const maxMessage = 2048

func bounded(message string) string { return cut(message, maxMessage) }

// cut makes a text fit to be shown: without control characters, which a terminal
// would obey, and of so many bytes at most, between two runes.
func cut(text string, most int) string {
	const sign = "…"
	text = remote.Plain(text)
	if len(text) <= most {
		return text
	}
	end := most - len(sign)
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + sign
}

// needsPerson reports whether nothing goes on before somebody acts. A connection that is not
// there is made by somebody, too, though it is not the Group that has to change.
func needsPerson(r *plan.Report) bool {
	return r.Stalled || r.Reason == v1alpha1.ReasonConnectionNotFound
}

// worthAnEvent reports whether a person would want to hear of a report: where one is
// needed, on a change of reason or message, and not on each retry.
func worthAnEvent(g *v1alpha1.Group, r *plan.Report) bool {
	ready := meta.FindStatusCondition(g.Status.Conditions, v1alpha1.ConditionReady)
	return needsPerson(r) && (ready == nil || ready.Reason != r.Reason || ready.Message != bounded(r.Message) || ready.ObservedGeneration != g.Generation)
}
