// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plan

import (
	"fmt"
	"slices"
	"time"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

const (
	// deletionRetry is how often a deletion that waits looks whether the CRD goes.
	deletionRetry = time.Minute
	// unreadRetry is how soon it looks again whether that can be told.
	unreadRetry = 500 * time.Millisecond
	// deletionRace is how soon it looks again whether another Group was bound meanwhile.
	deletionRace = 5 * time.Second
	// goneRetry is how soon a group whose Group is gone is looked at again: nothing
	// else would wake anybody up for it.
	goneRetry = 5 * time.Second
)

// finalize decides about a Group that is being deleted, or is gone already and has
// left a group behind.
func finalize(f *Facts) Step {
	step := finalizeNow(f)
	switch {
	case step.Action != Wait && step.Action != WriteStatus:
	case f.GroupGone && step.RequeueAfter == 0:
		step.RequeueAfter = goneRetry
	case step.Action == WriteStatus && step.RequeueAfter == 0:
		step.RequeueAfter = deletionRetry
	}
	return step
}

func finalizeNow(f *Facts) Step {
	if step, stop := finalizeAtOnce(f); stop {
		return step
	}
	if step, stop := unserved(f); stop {
		return step
	}
	if step, stop := confirmDelete(f); stop {
		return step
	}
	switch {
	case f.Remote.State == RemoteMisspelled:
		return misspelled(f)
	case f.Identity.ClaimedID != "":
		return finalizeClaimed(f)
	case f.Identity.ID == "" && f.Identity.unresolvedAttempt():
		return finalizeAttempt(f)
	case f.Identity.ID == "":
		return finalizeUnbound(f)
	case f.spec().DeletionPolicy == v1alpha1.DeletionDelete:
		return finalizeDelete(f)
	default:
		return finalizeArchive(f)
	}
}

// finalizeAtOnce decides what needs no connection.
func finalizeAtOnce(f *Facts) (_ Step, stop bool) {
	switch {
	case f.CRDUnread:
		return Step{Action: Wait, RequeueAfter: unreadRetry}, true
	case !f.GroupGone && !slices.Contains(f.Group.Finalizers, v1alpha1.FinalizerGroup):
		return Step{Action: Wait}, true
	case f.DryRun:
		return dryRun("apply deletionPolicy " + string(f.spec().DeletionPolicy)), true
	case f.spec().DeletionPolicy == v1alpha1.DeletionOrphan || f.CRDGone || f.observes():
		return giveUp(f), true
	case othersOwn(f) && f.Identity.OtherOwner == OwnerNotCached:
		// Its binding may come to nothing, and nobody would settle what becomes of the group.
		return writeStatus(deleting(fmt.Sprintf("another Group is being bound to remote group %s", f.Identity.boundOrClaimed())), deletionRace), true
	case othersOwn(f):
		return giveUp(f), true
	case f.Identity.boundOrClaimed() == "" && !f.Identity.unresolvedAttempt() && !f.reappeared():
		return Step{Action: Release}, true
	case f.spec().Suspend:
		return suspendedDeletion(f), true
	}
	return Step{}, false
}

// unserved stops the deletion of a Group whose connection cannot serve it now.
func unserved(f *Facts) (Step, bool) {
	switch {
	case f.Connection.Waiting && f.GroupGone:
		return Step{Action: Wait}, true
	case f.Connection.Waiting:
		return deletionWaits(f, f.Connection.Name+" has not answered a call yet; its conditions say why", deletionRetry), true
	case !f.Connection.Found:
		return writeStatus(deleting(f.Connection.missing()), 0), true
	case !f.Connection.Allowed && f.Identity.ID == "":
		// Annotations are anybody's to write: what only they say is no reason to
		// touch an account that the namespace may not use.
		return writeStatus(stalled(v1alpha1.ReasonConnectionNotAllowed, fmt.Sprintf(
			"%s does not allow namespace %s, and status shows no id; deletionPolicy Orphan releases this Group without a remote call",
			f.Connection.Name, f.Group.Namespace)), allowedRetry), true
	case !f.Connection.Up:
		return writeStatus(deleting(f.Connection.Name+" is not ready: "+f.Connection.Problem), 0), true
	}
	return Step{}, false
}

// giveUp leaves the remote group as it is.
func giveUp(f *Facts) Step {
	orphaned := f.Identity.ID != "" && !othersOwn(f)
	return Step{Action: Release, ID: f.Identity.ID, Orphaned: orphaned, MadeOwn: orphaned && madeOwn(f)}
}

// othersOwn: the remote group belongs to another Group or cluster, or did until a moment ago
// (a Group being deleted never takes over), so that its fate is none of this Group's business.
// An owner of spec.groupID alone says nothing of a group that this one may have created.
func othersOwn(f *Facts) bool {
	return f.Identity.ForeignCluster != "" || f.Identity.boundOrClaimed() != "" && f.Identity.OtherOwner != "" || f.Identity.WaitsForOwner
}

// madeOwn reports whether the remote group can only have been made for this Group. One
// that was adopted may be what another's open create has made.
func madeOwn(f *Facts) bool {
	return f.spec().GroupID == "" && !f.byName() && !f.observes()
}

// suspendedDeletion says beside the rest that a deletion waits.
func suspendedDeletion(f *Facts) Step {
	step, _ := suspended(f)
	if step.Action == WriteStatus {
		step.Report.Message += "; the deletion waits until suspend is false, or deletionPolicy is Orphan"
	}
	return step
}

// finalizeAttempt recovers an unresolved create, so that the policy can be
// applied to what it made.
func finalizeAttempt(f *Facts) Step {
	if step, stop := cannotConclude(f); stop {
		return step
	}
	r := concludeAttempt(f)
	switch r.Outcome {
	case OutcomeBind:
		return Step{Action: Bind, ID: r.ID, Origin: OriginRecovered}
	case OutcomeNone:
		return finalizeUnbound(f)
	case OutcomeUncertain:
		report := uncertain(f, "a create may have happened", r.Candidates)
		report.Message += "; deletionPolicy Orphan releases this Group as it is"
		return writeStatus(report, uncertainRetry)
	case OutcomeWait:
	}
	step := writeStatus(deleting("a create got no clear answer and its group is being looked for"), 0)
	step.AwaitListing = recoveryListing(f)
	return step
}

// finalizeUnbound binds once more to what was given up and shows again, so that the policy
// can be applied to it.
func finalizeUnbound(f *Facts) Step {
	step, stop := bindAgain(f)
	switch b := f.backoff(nil); {
	case !stop:
		return Step{Action: Release}
	case step.Action == WriteStatus && b != nil:
		return backedOffDeletion(f, b)
	default:
		return step
	}
}

func finalizeDelete(f *Facts) Step {
	switch {
	case !f.Connection.AllowDelete:
		return writeStatus(showing(f, stalled(v1alpha1.ReasonDeleteNotAllowed, f.Connection.Name+
			" does not allow permanent deletion; set its allowDelete to true, or this Group's deletionPolicy to Archive or Orphan")), 0)
	case f.lost():
		return finalizeMissing(f)
	}
	if b := f.backoff(nil); b != nil {
		return backedOffDeletion(f, b)
	}
	if f.Remote.State != RemotePresent { // the API may write the id otherwise
		return Step{Action: Read, ID: f.Identity.ID}
	}
	return Step{Action: DeleteRemote, ID: f.Identity.ID}
}

func finalizeArchive(f *Facts) Step {
	switch {
	case f.lost():
		return finalizeMissing(f)
	case f.Remote.State == RemotePresent && f.Now.Before(unarchivedUntil(f)):
		return writeStatus(deleting("a call to unarchive the remote group, without a clear answer or of a manager before this one, may still arrive"), unarchivedUntil(f).Sub(f.Now))
	case f.Remote.State == RemotePresent && f.Remote.Group.Archived() && !f.Remote.Fresh && (mayBeUnarchived(f) || f.Remote.AsOf.Before(f.DeletionSeen)):
		if b := f.backoff(nil); b != nil {
			return backedOffDeletion(f, b)
		}
		return Step{Action: Read, ID: f.Identity.ID}
	case f.Remote.State == RemotePresent && f.Remote.Group.Archived() && !mayLag(f):
		return Step{Action: Release, ID: f.Identity.ID}
	}
	if b := f.backoff([]Field{FieldArchived}); b != nil {
		return backedOffDeletion(f, b)
	}
	if f.Remote.State != RemotePresent {
		return Step{Action: Read, ID: f.Identity.ID}
	}
	return Step{Action: ArchiveRemote, ID: f.Identity.ID, ArchivedAt: f.Remote.Group.ArchivedAt}
}

// mayLag: what the API shows may be older than our own last write, or than that of
// the manager before us, unless the reply to our own said so itself.
func mayLag(f *Facts) bool {
	return f.withinSettleTime() && !f.Remote.Replied
}

// unarchivedUntil is until when a group may still be unarchived after it was
// archived, by a call of ours or of the manager before us.
func unarchivedUntil(f *Facts) time.Time {
	until := f.Remote.Unarchiving
	if settled := f.Identity.Seen.Add(SettleTime); settled.After(until) && othersMayUnarchive(f) {
		return settled
	}
	return until
}

// othersMayUnarchive: the manager before us may have sent such a call. Nothing tells of
// it, and no answer to a call of our own does. But there was a reason for one only where
// the Group manages that field, or where the group was archived before the deletion did so.
func othersMayUnarchive(f *Facts) bool {
	archived, wrote := f.Remote.Group.Archived(), f.Remote.Writes[FieldArchived]
	if unarchives(f) && archived && mayLag(f) {
		return true
	}
	byDeletion := !wrote.IsZero() && !wrote.Before(f.DeletionSeen)
	return f.Identity.Inherited && (managesArchived(f) || !byDeletion && (archived || !wrote.IsZero()))
}

// mayBeUnarchived: there was such a call, or may have been one since the group was seen.
func mayBeUnarchived(f *Facts) bool {
	return !f.Remote.Unarchiving.IsZero() || unarchives(f) || f.Remote.AsOf.Before(unarchivedUntil(f))
}

// managesArchived: the Group says whether its remote group is archived, or has yet to
// unarchive what it has adopted.
func managesArchived(f *Facts) bool { return f.Identity.Unarchive || f.spec().Archived != nil }

// unarchives: the Group wants its remote group active, by its spec or at adoption.
func unarchives(f *Facts) bool {
	archived := f.spec().Archived
	return f.Identity.Unarchive || archived != nil && !*archived
}

// backedOffDeletion says what failed; only a refusal needs a person.
func backedOffDeletion(f *Facts, b *Backoff) Step {
	if b.Reason == v1alpha1.ReasonRejected || b.Reason == v1alpha1.ReasonNotApplied {
		return backedOff(f, b)
	}
	report := deleting(b.Message)
	report.Stalled = b.Unprovable && f.Now.Sub(f.DeletionSeen) >= SettleTime
	return writeStatus(report, b.Until.Sub(f.Now))
}

func deleting(what string) Report {
	return blocked(v1alpha1.ReasonDeleting, "waiting: "+what+"; deletionPolicy Orphan releases this Group without a remote call")
}
