// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plan

import (
	"fmt"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// Next decides the next step for a Group. The controller carries it out, puts
// what it learned into the situation, and asks again, until the step is Keep,
// Say or Release.
func Next(s *Situation) Step {
	if !s.Group.DeletionTimestamp.IsZero() {
		return finalize(s)
	}
	for _, gate := range []func(*Situation) (Step, bool){stripped, suspended, connected, conflicted} {
		if step, stop := gate(s); stop {
			return step
		}
	}
	if s.Identity.ID == "" {
		return bind(s)
	}
	return maintain(s)
}

// stripped puts back what ties a Group to its remote group, whatever else stands
// against it: without the finalizer, a deletion would pass us by.
func stripped(s *Situation) (Step, bool) {
	id := &s.Identity
	ours := id.ID != "" && s.Group.Status.ID == id.ID && id.Owner == "" && id.ForeignCluster == ""
	return Step{Do: Record, ID: id.ID}, ours && !id.Recorded && !s.DryRun
}

// suspended stops every remote write, and still tells whether the declaration
// was last seen in place, unless the Group may not use the connection at all.
func suspended(s *Situation) (Step, bool) {
	if !s.spec().Suspend {
		return Step{}, false
	}
	mayLook := s.Identity.ID != "" && s.Connection.Allowed
	if s.requested() && mayLook && s.Connection.Up && !s.Remote.Fresh && s.holding(nil) == nil {
		return Step{Do: Read, ID: s.Identity.ID}, true
	}
	ready := s.ready()
	if s.Remote.State == RemoteUnknown && !s.news() && ready != nil && ready.Reason == v1alpha1.ReasonSuspended {
		return Step{Do: Keep}, true
	}
	r := Report{Status: statusUnknown, Reason: v1alpha1.ReasonSuspended, Message: "suspended; whether the remote group shows the declared fields is not known"}
	if mayLook && s.Remote.State == RemotePresent {
		r.Remote = &s.Remote.Group
		r.Drift = s.Declared.Diff(s.Remote.Group)
		r.Message = "suspended; these declared fields differ remotely: " + list(r.Drift)
		if len(r.Drift) == 0 {
			r.Status, r.Message = statusTrue, "suspended; the remote group shows the declared fields"
		}
	}
	return say(r, 0), true
}

// connected lets only Groups pass whose connection can serve them. A Group with
// nothing to do keeps its status through an outage.
func connected(s *Situation) (Step, bool) {
	c := &s.Connection
	switch {
	case c.Waiting:
		return Step{Do: Keep}, true
	case c.Found && !c.Allowed:
		return say(stalled(v1alpha1.ReasonConnectionNotAllowed, fmt.Sprintf(
			"%s does not allow namespace %s; a cluster admin can change its allowedNamespaces", c.Name, s.Group.Namespace)), allowedRetry), true
	case (!c.Found || !c.Up) && !s.news() && s.inOrder():
		return Step{Do: Keep}, true
	case !c.Found:
		return say(blocked(v1alpha1.ReasonConnectionNotFound, c.missing()+
			"; or delete this Group (deletionPolicy Orphan needs no connection) and create it anew with another connectionRef"), 0), true
	case c.Terminating && s.Identity.ID == "" && !s.unresolvedAttempt():
		return say(terminating(s), 0), true
	case !c.Up:
		return say(blocked(v1alpha1.ReasonConnectionNotReady, c.Name+" is not ready: "+c.Problem), 0), true
	}
	return Step{}, false
}

// conflicted stops Groups whose remote group belongs to somebody else.
func conflicted(s *Situation) (Step, bool) {
	id := &s.Identity
	if id.ForeignCluster != "" && !id.TakeOver {
		r := stalled(v1alpha1.ReasonIDConflict, fmt.Sprintf(
			"remote group %s was bound by another cluster (%s) and is only read; to take it over, annotate %s with %s=%s",
			id.ID, id.ForeignCluster, s.Connection.Name, v1alpha1.AnnotationTakeOver, id.ForeignCluster))
		return say(s.showing(r), 0), true
	}
	if id.Owner != "" {
		r := stalled(v1alpha1.ReasonIDConflict, fmt.Sprintf(
			"remote group %s is owned by Group %s; this one takes over when that one lets go%s", s.wantedID(), id.Owner, s.copiedHint()))
		return say(s.showing(r), 0), true
	}
	return Step{}, false
}

// copiedHint helps with a manifest that was copied, annotations and all.
func (s *Situation) copiedHint() string {
	if s.spec().GroupID != "" || s.Group.Annotations[v1alpha1.AnnotationGroupID] == "" {
		return ""
	}
	return fmt.Sprintf("; if this is a copy that is to have a group of its own, remove its annotations %s and %s",
		v1alpha1.AnnotationGroupID, v1alpha1.AnnotationGroupCluster)
}

// maintain keeps a bound group as declared.
func maintain(s *Situation) Step {
	id := s.Identity.ID
	switch {
	case s.takesOver():
		return takeOver(s)
	case !s.Identity.Recorded && !s.DryRun:
		return Step{Do: Record, ID: id}
	case s.Identity.Unarchive && !s.DryRun:
		return unarchive(s)
	case s.spec().GroupID != "" && s.spec().GroupID != id:
		return contradicted(s)
	case s.requested() && !s.Remote.Fresh && s.Remote.State != RemoteNotFound:
		return read(s, id)
	}
	switch s.Remote.State {
	case RemotePresent:
		return compare(s)
	case RemoteNotFound:
		return missing(s)
	case RemoteUnlisted:
		return read(s, id)
	default:
		if s.news() {
			return read(s, id)
		}
		return Step{Do: Keep}
	}
}

// contradicted: the id was bound before spec.groupID came to name another.
func contradicted(s *Situation) Step {
	return say(s.showing(stalled(v1alpha1.ReasonRejected, fmt.Sprintf(
		"spec.groupID names %s, but this Group is bound to remote group %s; delete it with deletionPolicy Orphan and create it anew, without the annotations %s and %s",
		s.spec().GroupID, s.Identity.ID, v1alpha1.AnnotationGroupID, v1alpha1.AnnotationGroupCluster))), 0)
}

// takesOver: the id was another cluster's or another Group's until now.
func (s *Situation) takesOver() bool { return s.Identity.ForeignCluster != "" || s.Identity.Contender }

// takeOver binds an id that another cluster bound and the connection releases, or
// that another Group has let go of.
func takeOver(s *Situation) Step {
	switch s.Remote.State {
	case RemotePresent:
		return adopt(s, s.Identity.ID, OriginDeclared)
	case RemoteNotFound:
		if !s.Evidence.trusted() {
			return say(untrusted(s), 0)
		}
		return remoteMissing(s, s.Identity.ID)
	default:
		return read(s, s.Identity.ID)
	}
}

// read asks for a GET, unless this Group's own calls have just failed.
func read(s *Situation, id string) Step {
	if hold := s.holding(nil); hold != nil {
		return held(s, hold)
	}
	return Step{Do: Read, ID: id}
}

// compare plans the PUT that makes the remote group as declared.
func compare(s *Situation) Step {
	diff := s.Declared.Diff(s.Remote.Group)
	switch {
	case len(diff) == 0 && s.observes():
		return say(s.showing(Report{Status: statusTrue, Reason: v1alpha1.ReasonObserved, Message: "the remote group shows the declared fields; it is only observed"}), 0)
	case len(diff) == 0:
		return say(s.showing(Report{Status: statusTrue, Reason: v1alpha1.ReasonSynced, Message: "the remote group shows the declared fields"}), 0)
	case s.observes():
		r := Report{Status: statusTrue, Reason: v1alpha1.ReasonDrifted, Message: "only observed; these fields differ remotely: " + list(diff), Drift: diff}
		return say(s.showing(r), 0)
	case s.DryRun:
		return drifting(s, dryRun("set "+list(diff)), diff)
	default:
		return correct(s, diff)
	}
}

// drifting adds the remote group, and the fields that stay different, to a report.
func drifting(s *Situation, step Step, diff []Field) Step {
	step.Report = s.showing(step.Report)
	step.Report.Drift = diff
	return step
}

// correct leaves out fields that are contested and not due yet. What is held
// back is judged by the others: those are what the PUT would send again.
func correct(s *Situation, diff []Field) Step {
	due, contested, again := s.uncontested(diff)
	if len(due) == 0 {
		r := waiting(v1alpha1.ReasonUpdating, "somebody else keeps changing "+list(contested)+"; corrected once an hour, and at once when the spec changes")
		return drifting(s, say(r, again), diff)
	}
	if hold := s.holding(due); hold != nil {
		return drifting(s, held(s, hold), diff)
	}
	return Step{Do: Update, ID: s.Identity.ID, Fields: due, Drifted: s.settled() || s.contestedAny(due)}
}

// missing decides about a bound group that a GET did not find.
func missing(s *Situation) Step {
	switch {
	case !s.Evidence.trusted():
		return Step{Do: Keep}
	case s.settling():
		return Step{Do: Keep, Again: SettleTime / 4}
	case s.spec().GroupID != "" || s.observes():
		return remoteMissing(s, s.Identity.ID)
	case !s.Connection.Complete:
		return unprovenMissing(s)
	case !s.Remote.AbsenceProven || !s.Evidence.Listed.After(s.Identity.Seen.Add(SettleTime)):
		return Step{Do: Keep, AwaitListing: s.Now}
	case s.DryRun:
		return dryRun("create the group anew: " + s.Identity.ID + " is gone")
	}
	if hold := s.holding(nil); hold != nil {
		return held(s, hold)
	}
	return Step{Do: Drop, ID: s.Identity.ID}
}

// unprovenMissing: the newest listing was incomplete. Where it is old, because the
// account is watched otherwise, another one may do better.
func unprovenMissing(s *Situation) Step {
	step := remoteMissing(s, s.Identity.ID)
	if s.Now.Sub(s.Evidence.Listed) > relistAfter {
		step.AwaitListing = s.Now
	}
	return step
}

func remoteMissing(s *Situation, id string) Step {
	why := "and a group that spec.groupID names is never created"
	switch {
	case s.observes():
		why = "and a group that is only observed is never created"
	case s.spec().GroupID == "" && s.takesOver():
		why = "so it cannot be taken over"
	case s.spec().GroupID == "":
		why = "and the account cannot be listed completely, so that its absence cannot be proven; create the Group anew to create a new remote group"
	}
	return say(stalled(v1alpha1.ReasonRemoteMissing, fmt.Sprintf(
		"the API does not find remote group %s (404), %s; if it is not to come back, delete this Group and create it anew, with another groupID or none", id, why)), stalledRetry)
}

func held(s *Situation, h *Hold) Step {
	r := blocked(h.Reason, h.Message)
	r.Stalled = h.Reason == v1alpha1.ReasonRejected || h.Reason == v1alpha1.ReasonNotApplied
	return say(r, h.Until.Sub(s.Now))
}
