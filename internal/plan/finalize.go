// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plan

import (
	"fmt"
	"slices"
	"time"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// finalize decides about a Group that is being deleted.
func finalize(s *Situation) Step {
	switch {
	case !slices.Contains(s.Group.Finalizers, v1alpha1.FinalizerGroup):
		return Step{Do: Keep}
	case s.DryRun:
		return dryRun("apply deletionPolicy " + string(s.spec().DeletionPolicy))
	case s.spec().DeletionPolicy == v1alpha1.DeletionOrphan || s.CRDGone || s.notOurs():
		return Step{Do: Release, ID: s.Identity.ID, Orphaned: s.Identity.ID != "" && !s.othersOwn()}
	case s.Identity.ID == "" && !s.unresolvedAttempt():
		return Step{Do: Release}
	case s.spec().Suspend:
		return suspendedDeletion(s)
	}
	if step, stop := unserved(s); stop {
		return step
	}
	switch {
	case s.Identity.ID == "":
		return finalizeAttempt(s)
	case s.spec().DeletionPolicy == v1alpha1.DeletionDelete:
		return finalizeDelete(s)
	default:
		return finalizeArchive(s)
	}
}

// unserved stops the deletion of a Group whose connection cannot serve it now.
func unserved(s *Situation) (Step, bool) {
	switch {
	case s.Connection.Waiting:
		return Step{Do: Keep}, true
	case !s.Connection.Found:
		return say(deleting(s.Connection.missing()), 0), true
	case !s.Connection.Allowed && s.Group.Status.ID == "":
		// Annotations are anybody's to write: what only they say is no reason to
		// touch an account that the namespace may not use.
		return say(stalled(v1alpha1.ReasonConnectionNotAllowed, fmt.Sprintf(
			"%s does not allow namespace %s, and status shows no id; deletionPolicy Orphan releases this Group without a remote call",
			s.Connection.Name, s.Group.Namespace)), allowedRetry), true
	case !s.Connection.Up:
		return say(deleting(s.Connection.Name+" is not ready: "+s.Connection.Problem), 0), true
	}
	return Step{}, false
}

// notOurs: the remote group belongs to another Group or cluster, or did until a
// moment ago (a Group being deleted never takes over), or is only observed, so
// that its fate is none of this Group's business. An owner of
// spec.groupID alone says nothing of a group that this one may have created.
func (s *Situation) notOurs() bool {
	return s.othersOwn() || s.observes()
}

func (s *Situation) othersOwn() bool {
	return s.Identity.ForeignCluster != "" || s.Identity.ID != "" && s.Identity.Owner != "" || s.Identity.Contender
}

// suspendedDeletion says beside the rest that a deletion waits.
func suspendedDeletion(s *Situation) Step {
	step, _ := suspended(s)
	if step.Do == Say {
		step.Report.Message += "; the deletion waits until suspend is false, or deletionPolicy is Orphan"
	}
	return step
}

// finalizeAttempt recovers an unresolved create, so that the policy can be
// applied to what it made.
func finalizeAttempt(s *Situation) Step {
	if s.Identity.AttemptUnreadable {
		return say(uncertain(s, "the annotation "+v1alpha1.AnnotationCreateAttempt+" cannot be read", nil), stalledRetry)
	}
	if s.Identity.CreateInFlight {
		return Step{Do: Keep, Again: inFlightPoll}
	}
	r := Recover(*s.Identity.Attempt, s.Identity.AttemptSeen, s.Evidence)
	switch r.Outcome {
	case OutcomeBind:
		return Step{Do: Bind, ID: r.ID, Origin: OriginRecovered}
	case OutcomeNone:
		return Step{Do: Release}
	case OutcomeUncertain:
		report := uncertain(s, "a create may have happened", r.Candidates)
		report.Message += "; deletionPolicy Orphan releases this Group as it is"
		return say(report, uncertainRetry)
	default:
		step := say(deleting("a create got no clear answer and its group is being looked for"), 0)
		step.AwaitListing = s.recoveryListing()
		return step
	}
}

func finalizeDelete(s *Situation) Step {
	switch {
	case !s.Connection.AllowDelete:
		return say(s.showing(stalled(v1alpha1.ReasonDeleteNotAllowed, s.Connection.Name+
			" does not allow permanent deletion; set its allowDelete to true, or this Group's deletionPolicy to Archive or Orphan")), 0)
	case s.Remote.State == RemoteNotFound:
		return finalizeMissing(s)
	}
	if hold := s.holding(nil); hold != nil {
		return heldDeletion(s, hold)
	}
	return Step{Do: DeleteRemote, ID: s.Identity.ID}
}

func finalizeArchive(s *Situation) Step {
	switch {
	case s.Remote.State == RemoteNotFound:
		return finalizeMissing(s)
	case s.Remote.State == RemotePresent && s.Now.Before(s.unarchivedUntil()):
		return say(deleting("a call to unarchive the remote group got no clear answer and may still arrive"), s.unarchivedUntil().Sub(s.Now))
	case s.Remote.State == RemotePresent && s.Remote.Group.Archived() && !s.Remote.Fresh && s.mayBeUnarchived():
		if hold := s.holding(nil); hold != nil {
			return heldDeletion(s, hold)
		}
		return Step{Do: Read, ID: s.Identity.ID}
	case s.Remote.State == RemotePresent && s.Remote.Group.Archived() && !s.mayLag():
		return Step{Do: Release, ID: s.Identity.ID}
	}
	if hold := s.holding([]Field{FieldArchived}); hold != nil {
		return heldDeletion(s, hold)
	}
	if s.Remote.State != RemotePresent {
		return Step{Do: Read, ID: s.Identity.ID}
	}
	return Step{Do: ArchiveRemote, ID: s.Identity.ID}
}

// mayLag: what the API shows may be older than our own last write, or than that of
// the manager before us, unless the reply to our own said so itself.
func (s *Situation) mayLag() bool {
	return s.settling() && !s.Remote.Replied
}

// unarchivedUntil is until when a group may still be unarchived after it was
// archived, by a call of ours or of the manager before us.
func (s *Situation) unarchivedUntil() time.Time {
	if s.Remote.Unarchiving.IsZero() && s.Remote.Group.Archived() && s.unarchives() && s.mayLag() {
		return s.Identity.Seen.Add(SettleTime)
	}
	return s.Remote.Unarchiving
}

// mayBeUnarchived: there was such a call, or may have been one.
func (s *Situation) mayBeUnarchived() bool {
	return !s.Remote.Unarchiving.IsZero() || s.unarchives()
}

// unarchives: the Group wants its remote group active, by its spec or at adoption.
func (s *Situation) unarchives() bool {
	archived := s.spec().Archived
	return s.Identity.Unarchive || archived != nil && !*archived
}

// finalizeMissing: a 404 finishes a deletion only where it can be believed.
func finalizeMissing(s *Situation) Step {
	switch {
	case !s.Evidence.trusted():
		step := say(deleting(s.Connection.Name+" does not show the groups that its Groups own, so that a 404 proves nothing"), 0)
		step.Again = SettleTime
		return step
	case s.settling():
		return Step{Do: Keep, Again: SettleTime / 4}
	}
	return Step{Do: Release, ID: s.Identity.ID}
}

// heldDeletion says what failed; only a refusal needs a person.
func heldDeletion(s *Situation, h *Hold) Step {
	if h.Reason == v1alpha1.ReasonRejected || h.Reason == v1alpha1.ReasonNotApplied {
		return held(s, h)
	}
	return say(deleting(h.Message), h.Until.Sub(s.Now))
}

func deleting(what string) Report {
	return blocked(v1alpha1.ReasonDeleting, "waiting: "+what+"; deletionPolicy Orphan releases this Group without a remote call")
}
