// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plan

import (
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// Next decides the next step for a Group. The controller carries it out, puts
// what it learned into the facts, and asks again, until the step is Wait,
// WriteStatus or Release.
func Next(f *Facts) Step {
	// What this process made, and what it may have made, is written down before
	// anything else, whatever stands against the Group.
	if f.Identity.Unrecorded && !f.GroupGone && f.Identity.OtherOwner == "" {
		return Step{Action: Record, ID: f.Identity.ID}
	}
	if f.GroupGone || !f.Group.DeletionTimestamp.IsZero() {
		return finalize(f)
	}
	if f.Identity.NoteLost && f.Identity.unresolvedAttempt() && !f.DryRun {
		return Step{Action: RestoreNote}
	}
	for _, gate := range []func(*Facts) (Step, bool){finalizerMissing, suspended, connectionUnusable, adoptionForbidden, ownedElsewhere} {
		if step, stop := gate(f); stop {
			return step
		}
	}
	switch {
	case f.Remote.State == RemoteMisspelled:
		return misspelled(f)
	case f.Identity.ID == "":
		return bind(f)
	default:
		return maintain(f)
	}
}

// finalizerMissing puts back what ties a Group to its remote group, whatever else stands
// against it: without the finalizer, a deletion would pass us by.
func finalizerMissing(f *Facts) (Step, bool) {
	id := &f.Identity
	said := f.Group.Status.ID
	ours := id.ID != "" && (said == id.ID || said == "") && id.OtherOwner == "" && !id.takesOver()
	return Step{Action: Record, ID: id.ID}, ours && !id.Recorded && !f.DryRun
}

// suspended stops every remote write, and still tells whether the declaration
// was last seen in place, unless the Group may not use the connection at all.
func suspended(f *Facts) (Step, bool) {
	if !f.spec().Suspend {
		return Step{}, false
	}
	mayLook := f.Connection.Allowed && f.maySee()
	if mayLook && f.Connection.Up && f.asksForLook() && f.backoff(nil) == nil {
		return Step{Action: Read, ID: f.Identity.boundOrClaimed()}, true
	}
	ready := lastReady(f.Group)
	if f.Remote.State == RemoteUnknown && !userIsWaiting(f.Group) && ready != nil && ready.Reason == v1alpha1.ReasonSuspended {
		return Step{Action: Wait}, true
	}
	shown := mayLook && f.Identity.ID != "" && f.Remote.State == RemotePresent && !f.seenBefore()
	return writeStatus(suspendedReport(f, shown), 0), true
}

// asksForLook: a person asks for one, or what is known is older than what is declared. Of an id
// that is not confirmed nothing could be told.
func (f *Facts) asksForLook() bool {
	return f.Identity.ID != "" && !f.Remote.Fresh && (Requested(f.Group) || f.Remote.State == RemotePresent && f.seenBefore())
}

// suspendedReport says whether the declaration was last seen in place.
func suspendedReport(f *Facts, shown bool) Report {
	r := Report{Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonSuspended, Message: "suspended; whether the remote group shows the declared fields is not known"}
	if !shown {
		return r
	}
	r.Remote, r.Drift = &f.Remote.Group, f.Declared.Diff(f.Remote.Group)
	hidden := f.Declared.Hidden(f.Remote.Group)
	switch {
	case len(r.Drift) > 0:
		r.Message = "suspended; these declared fields differ remotely: " + f.Declared.Differences(f.Remote.Group, r.Drift)
	case len(hidden) > 0:
		r.Message = "suspended; it is not known whether the remote group shows the declared " + list(hidden)
	default:
		r.Status, r.Message = metav1.ConditionTrue, "suspended; the remote group shows the declared fields"
	}
	return r
}

// connectionUnusable lets only Groups pass whose connection can serve them. A Group with
// nothing to do keeps its status through an outage.
func connectionUnusable(f *Facts) (Step, bool) {
	c := &f.Connection
	switch {
	case c.Waiting:
		return Step{Action: Wait}, true
	case c.Found && !c.Allowed:
		return writeStatus(stalled(v1alpha1.ReasonConnectionNotAllowed, fmt.Sprintf(
			"%s does not allow namespace %s%s; a cluster admin can change its allowedNamespaces, or the labels of the namespace", c.Name, f.Group.Namespace, c.wanted())), allowedRetry), true
	case (!c.Found || !c.Up) && !userIsWaiting(f.Group) && f.wasReady():
		return Step{Action: Wait}, true
	case !c.Found:
		return writeStatus(blocked(v1alpha1.ReasonConnectionNotFound, c.missing()+
			"; or delete this Group (deletionPolicy Orphan needs no connection) and create it again with another connectionRef"), 0), true
	case c.Terminating && f.Identity.boundOrClaimed() == "" && !f.Identity.unresolvedAttempt():
		return writeStatus(terminating(f), 0), true
	case !c.Up:
		return writeStatus(blocked(v1alpha1.ReasonConnectionNotReady, c.Name+" is not ready: "+c.Problem), 0), true
	}
	return Step{}, false
}

// ownedElsewhere stops Groups whose remote group belongs to somebody else.
func ownedElsewhere(f *Facts) (Step, bool) {
	id := &f.Identity
	if id.ForeignCluster != "" && !id.TakeOver {
		r := stalled(v1alpha1.ReasonIDConflict, fmt.Sprintf(
			"remote group %s was bound by another cluster (%s) and is only read; to take it over, annotate %s with %s=%s",
			f.Identity.boundOrClaimed(), id.ForeignCluster, f.Connection.Name, v1alpha1.AnnotationTakeOver, id.ForeignCluster))
		return writeStatus(showing(f, r), 0), true
	}
	ready := lastReady(f.Group)
	if id.OtherOwner == OwnerNotCached && ready != nil && ready.Reason == v1alpha1.ReasonIDConflict {
		return Step{Action: Wait, RequeueAfter: inFlightPoll}, true // the next look knows more
	}
	if id.OtherOwner != "" {
		r := stalled(v1alpha1.ReasonIDConflict, fmt.Sprintf(
			"remote group %s is owned by Group %s; delete one of the two: this one takes over when that one is deleted with deletionPolicy Orphan, which leaves the remote group as it is%s",
			f.wantedID(), id.OtherOwner, copiedHint(f)))
		return writeStatus(r, ownerRetry), true
	}
	return Step{}, false
}

// copiedHint helps with a manifest that was copied, annotations and all.
func copiedHint(f *Facts) string {
	if f.spec().GroupID != "" || f.Group.Annotations[v1alpha1.AnnotationGroupID] == "" {
		return ""
	}
	return fmt.Sprintf("; if this is a copy that is to have a group of its own, remove its annotations %s and %s",
		v1alpha1.AnnotationGroupID, v1alpha1.AnnotationGroupCluster)
}

// maintain keeps a bound group as declared.
func maintain(f *Facts) Step {
	id := f.Identity.ID
	switch {
	case f.Identity.takesOver():
		return takeOver(f)
	case !f.Identity.Recorded && !f.DryRun:
		return Step{Action: Record, ID: id}
	case f.Identity.Unarchive && !f.DryRun:
		return unarchive(f)
	case f.spec().GroupID != "" && f.spec().GroupID != id:
		return contradicted(f)
	case Requested(f.Group) && !f.Remote.Fresh && f.Remote.State != RemoteNotFound:
		return readBeforeWrite(f)
	}
	return maintainRemote(f)
}

// maintainRemote goes by what is known of the remote group.
func maintainRemote(f *Facts) Step {
	switch f.Remote.State {
	case RemotePresent:
		return compare(f)
	case RemoteNotFound:
		return missing(f)
	case RemoteUnlisted:
		if f.asksListing() {
			return missing(f)
		}
		return read(f, f.Identity.ID)
	case RemoteUnknown, RemoteMisspelled:
	}
	if userIsWaiting(f.Group) {
		return read(f, f.Identity.ID)
	}
	return Step{Action: Wait}
}

// contradicted: the id was bound before spec.groupID came to name another.
func contradicted(f *Facts) Step {
	return writeStatus(showing(f, stalled(v1alpha1.ReasonRejected, fmt.Sprintf(
		"spec.groupID names %s, but this Group is bound to remote group %s; delete it with deletionPolicy Orphan and create it again, without the annotations %s and %s",
		f.spec().GroupID, f.Identity.boundOrClaimed(), v1alpha1.AnnotationGroupID, v1alpha1.AnnotationGroupCluster))), 0)
}

// takesOver: the id was another cluster's or another Group's until now.
func (i *Identity) takesOver() bool { return i.ForeignCluster != "" || i.WaitsForOwner }

// takeOver binds an id that another cluster bound and the connection releases, or
// that another Group has let go of.
func takeOver(f *Facts) Step {
	switch f.Remote.State {
	case RemotePresent:
		return adopt(f, f.Identity.ID, OriginDeclared)
	case RemoteNotFound:
		if !f.Evidence.trusted() {
			return writeStatus(untrusted(f), f.Evidence.judgedAgain())
		}
		return remoteMissing(f, f.Identity.ID)
	case RemoteUnknown, RemoteUnlisted, RemoteMisspelled:
	}
	return read(f, f.Identity.ID)
}

// read asks for a GET, unless this Group's own calls have just failed.
func read(f *Facts, id string) Step {
	if b := f.backoff(nil); b != nil {
		return backedOff(f, b)
	}
	return Step{Action: Read, ID: id}
}

// readBeforeWrite asks for a GET that a PUT may have to follow in the same look: with a rate slot
// for each, or a look that waits for the PUT's would read again, and take it.
func readBeforeWrite(f *Facts) Step {
	step := read(f, f.Identity.ID)
	step.WithWrite = step.Action == Read && !f.observes() && !f.DryRun
	return step
}

// compare plans the PUT that makes the remote group as declared.
func compare(f *Facts) Step {
	diff, hidden := f.Declared.compared(f.Remote.Group)
	switch {
	case (len(diff) == 0 || f.observes()) && f.seenBefore():
		return read(f, f.Identity.ID)
	case len(diff) == 0 && len(hidden) > 0 && !f.Remote.Fresh:
		return read(f, f.Identity.ID)
	case len(diff) == 0 && len(hidden) > 0:
		return writeStatus(showing(f, stalled(v1alpha1.ReasonNotApplied, notShown(f, hidden))), stalledRetry)
	case len(diff) == 0 && f.observes():
		return writeStatus(showing(f, Report{Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonObserved, Message: "the remote group shows the declared fields; it is only observed"}), 0)
	case len(diff) == 0:
		return writeStatus(showing(f, Report{Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonSynced, Message: "the remote group shows the declared fields"}), 0)
	case f.observes():
		return observedDrift(f, diff)
	case f.DryRun:
		return drifting(f, dryRun("set "+list(diff)), diff)
	default:
		return correct(f, diff)
	}
}

// seenBefore: the remote group was last seen before these fields were declared, which says
// nothing of them, and no status has said so either.
func (f *Facts) seenBefore() bool {
	return !wasCompared(f.Group) && f.Remote.AsOf.Before(f.History.DeclaredSeen)
}

// observedDrift says what differs of a group that is only observed.
func observedDrift(f *Facts, diff []Field) Step {
	if f.Remote.untried(diff) {
		return read(f, f.Identity.ID)
	}
	r := Report{Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonDrifted, Message: "only observed; these fields differ remotely: " + f.Declared.Differences(f.Remote.Group, diff), Drift: diff}
	return writeStatus(showing(f, r), 0)
}

// notShown says what cannot be compared, and what helps.
func notShown(f *Facts, hidden []Field) string {
	if f.Remote.Group.MoreContacts && slices.Equal(hidden, []Field{FieldContacts}) {
		return "contacts are only added where the API shows every member of the remote group with a username, and it does not; " +
			"add them by hand, or declare all members with contactsPolicy Exact"
	}
	return "the API does not show " + list(hidden) + ", not even when the group is read by itself, so that it cannot be compared with what is declared; " +
		"leave it out of the spec, or set it where the API shows it"
}

func remoteMissing(f *Facts, id string) Step {
	why := "and a group that spec.groupID names is never created"
	switch {
	case f.observes():
		why = "and a group that is only observed is never created"
	case f.spec().GroupID == "" && f.Identity.takesOver():
		why = "so it cannot be taken over"
	case f.spec().GroupID == "" && f.Identity.ClaimedID != "" && f.Connection.Complete:
		why = fmt.Sprintf("and only the annotation %s carries this id, so that none is made in its place; to have one made, annotate %s with %s=<the time now, RFC 3339>",
			v1alpha1.AnnotationGroupID, f.Connection.Name, v1alpha1.AnnotationAcceptMissing)
	case f.spec().GroupID == "":
		why = "and the account cannot be listed completely, so that its absence cannot be proven; create the Group again to create a new remote group"
	}
	return writeStatus(stalled(v1alpha1.ReasonRemoteMissing, fmt.Sprintf(
		"the API does not find remote group %s (404), %s; if it is not to come back, delete this Group and create it again, with another groupID or none", id, why)), stalledRetry)
}
