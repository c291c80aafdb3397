// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plan

import (
	"fmt"
	"slices"
	"time"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

// Every author of Groups may write annotations, and finalizers too. So what only an
// annotation says ties a Group to a remote group only where its namespace may use the
// connection and adopt over it, or where the connection's own take-over annotation
// agrees, and only once the API has shown that group. The one exception is what was
// made after the Group: that may be its own create.

// MadeSince reports whether a remote group was made after an object of Kubernetes,
// less the skew of the clocks.
func MadeSince(g remote.Group, created time.Time) bool {
	return !g.CreatedAt.Before(created.Add(-ClockSkew))
}

func (f *Facts) madeSince(g remote.Group) bool {
	return MadeSince(g, f.Group.CreationTimestamp.Time)
}

// boundOrClaimed is the id that the Group is bound to, or the one that only its
// annotation carries.
func (i *Identity) boundOrClaimed() string {
	if i.ID != "" {
		return i.ID
	}
	return i.ClaimedID
}

// maySee: the remote group is shown to its owner, and to anyone who may adopt what
// nobody owns.
func (f *Facts) maySee() bool {
	id := &f.Identity
	switch {
	case id.OtherOwner != "" || f.Identity.boundOrClaimed() == "":
		return false
	case id.ID != "" && id.ForeignCluster == "":
		return true
	default:
		return f.Connection.Allowed && (f.Connection.MayAdopt || id.TakeOver)
	}
}

// mayBindClaimed: the id that only the annotation carries may become this Group's.
func (f *Facts) mayBindClaimed() bool {
	id := &f.Identity
	recovers := id.OtherOwner == "" && id.ForeignCluster == "" && f.Remote.State == RemotePresent && f.madeSince(f.Remote.Group)
	return f.Connection.Allowed && (f.Connection.MayAdopt || id.TakeOver || recovers)
}

// adoptionForbidden stops Groups that would bind to what they did not make, in a
// namespace that may not adopt. It comes before any call, and before whose the group
// is.
func adoptionForbidden(f *Facts) (Step, bool) {
	id := &f.Identity
	if id.ID != "" || f.Connection.MayAdopt {
		return Step{}, false
	}
	attempt := id.Attempt
	switch {
	case f.spec().GroupID != "" && !f.Identity.unresolvedAttempt():
		return groupIDForbidden(f)
	case id.ClaimedID != "" && !f.mayBindClaimed():
		if !f.Evidence.Mirrored {
			return Step{Action: Wait}, true // the first listing may show that it was made since
		}
		return writeStatus(adoptionNotAllowed(f, fmt.Sprintf("only the annotation %s names one; remove it to have a group made, or",
			v1alpha1.AnnotationGroupID)), allowedRetry), true
	case attempt != nil && !id.AttemptEmpty && attempt.Time.Before(f.Group.CreationTimestamp.Add(-ClockSkew)):
		return writeStatus(adoptionNotAllowed(f, fmt.Sprintf("the annotation %s is of a create from before this Group; remove it to have a group made, or",
			v1alpha1.AnnotationCreateAttempt)), allowedRetry), true
	}
	return Step{}, false
}

func groupIDForbidden(f *Facts) (Step, bool) {
	return writeStatus(adoptionNotAllowed(f, "spec.groupID names one; remove this Group, or"), allowedRetry), !f.Connection.MayAdopt
}

func adoptionNotAllowed(f *Facts, what string) Report {
	return stalled(v1alpha1.ReasonAdoptionNotAllowed, fmt.Sprintf(
		"%s does not let namespace %s bind to remote groups that its Groups did not make, and %s ask a cluster admin to change its allowedAdoptionNamespaces",
		f.Connection.Name, f.Group.Namespace, what))
}

// bindClaimed binds to the id that only the annotation carries, as after a restore
// without status, once the API has shown it.
func bindClaimed(f *Facts) Step {
	id := f.Identity.ClaimedID
	switch {
	case f.spec().GroupID != "" && f.spec().GroupID != id:
		return contradicted(f)
	case !f.Evidence.Mirrored:
		return Step{Action: Wait}
	case !f.Evidence.trusted():
		return writeStatus(untrusted(f), f.Evidence.judgedAgain())
	}
	switch f.Remote.State {
	case RemotePresent:
		step := adopt(f, id, claimOrigin(f))
		step.Unarchive = step.Unarchive || step.Action == Bind && f.Identity.Unarchive
		return step
	case RemoteNotFound:
		return claimedMissing(f)
	case RemoteUnlisted:
		if f.asksListing() {
			return claimedMissing(f)
		}
	case RemoteUnknown, RemoteMisspelled:
	}
	return read(f, id)
}

// claimOrigin: a Group that takes over from another one, or from another cluster,
// adopts; one that was restored has what it had.
func claimOrigin(f *Facts) Origin {
	if f.Identity.takesOver() {
		return OriginDeclared
	}
	return OriginRestored
}

// claimedMissing: an id that no reply has ever confirmed is not given up for a new
// group, unless a person has accepted that groups are missing.
func claimedMissing(f *Facts) Step {
	switch {
	case f.spec().GroupID != "" || f.observes() || f.Identity.takesOver() || !f.Connection.Complete || !f.Evidence.MissingAccepted:
		return remoteMissing(f, f.Identity.ClaimedID)
	case f.notFound().IsZero():
		return Step{Action: Wait, RequeueAfter: SettleTime / 4}
	default:
		return forget(f, f.Identity.ClaimedID)
	}
}

// finalizeClaimed applies the deletion policy to an id that only the annotation
// carries by binding it first, where that is allowed.
func finalizeClaimed(f *Facts) Step {
	id := f.Identity.ClaimedID
	switch {
	case !f.mayBindClaimed():
		report := adoptionNotAllowed(f, "only the annotation "+v1alpha1.AnnotationGroupID+" names one; set deletionPolicy Orphan to release this Group without a remote call, or")
		return writeStatus(report, allowedRetry)
	case f.lost():
		return finalizeMissing(f)
	case !f.Evidence.trusted():
		return writeStatus(deleting(f.Connection.Name+" does not show the groups that its Groups own"), SettleTime)
	case f.Remote.State == RemotePresent:
		return Step{Action: Bind, ID: id, Origin: OriginRestored}
	}
	if b := f.backoff(nil); b != nil {
		return backedOffDeletion(f, b)
	}
	return Step{Action: Read, ID: id}
}

// misspelled: ids are compared byte by byte, and the API writes this one otherwise.
func misspelled(f *Facts) Step {
	shown, id := f.Remote.Group.ID, f.wantedID()
	what := fmt.Sprintf("this Group names remote group %s, which the API writes %s", id, shown)
	how := "delete this Group with deletionPolicy Orphan, and make it again with groupID " + shown
	if f.Identity.boundOrClaimed() == "" {
		what = fmt.Sprintf("spec.groupID says %s, and the API writes this id %s", id, shown)
		how = "delete this Group, and make it again with that"
	}
	return writeStatus(stalled(v1alpha1.ReasonRejected, what+"; "+how), stalledRetry)
}

// concludeAttempt concludes what became of the open attempt. Where the namespace may not
// adopt, only what was made after the Group can be its own create's. What does not say when it
// was made is not bound there, and yet may be what the create has made.
func concludeAttempt(f *Facts) Recovery {
	evidence, attempt := f.Evidence, *f.Identity.Attempt
	if f.Connection.MayAdopt {
		return Recover(attempt, f.Declared, f.Identity.AttemptSeen, evidence)
	}
	evidence.Candidates = slices.DeleteFunc(slices.Clone(evidence.Candidates), func(c Candidate) bool { return !f.madeSince(c.Group) })
	r := Recover(attempt, f.Declared, f.Identity.AttemptSeen, evidence)
	if r.Outcome != OutcomeNone {
		return r
	}
	undated := slices.DeleteFunc(attempt.candidates(f.Evidence), func(g remote.Group) bool { return !g.CreatedAt.IsZero() })
	if len(undated) > 0 {
		return Recovery{Outcome: OutcomeUncertain, Candidates: undated}
	}
	return r
}

const (
	// ownerRetry is how often a Group looks whether another one still claims what it
	// wants: that can end with the other's rights.
	ownerRetry = time.Minute
)
