// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

// bind finds or creates the remote group of a Group that has none: what an open create
// has made comes first, then what spec.groupID names, then what was given up and shows
// again, then the name.
func bind(f *Facts) Step {
	if f.Identity.unresolvedAttempt() {
		return recoverAttempt(f)
	}
	return bindResolved(f)
}

func bindResolved(f *Facts) Step {
	switch {
	case f.Identity.ClaimedID != "":
		return bindClaimed(f)
	case f.spec().GroupID != "":
		return bindDeclared(f)
	}
	if step, stop := bindAgain(f); stop {
		return step
	}
	switch {
	case f.byName() && !f.Connection.Terminating:
		return bindByName(f)
	default:
		return create(f)
	}
}

// bindDeclared binds to spec.groupID, and never creates.
func bindDeclared(f *Facts) Step {
	if step, stop := groupIDForbidden(f); stop {
		return step // the open create that went before it is settled
	}
	id := f.spec().GroupID
	switch f.Remote.State {
	case RemotePresent:
		return adopt(f, id, OriginDeclared)
	case RemoteNotFound:
		if !f.Evidence.trusted() {
			return writeStatus(untrusted(f), f.Evidence.judgedAgain())
		}
		return remoteMissing(f, id)
	case RemoteUnknown, RemoteUnlisted, RemoteMisspelled:
	}
	return read(f, id)
}

// adopt binds to a group that was seen. One that is archived is unarchived then,
// unless the spec says archived itself.
func adopt(f *Facts, id string, origin Origin) Step {
	if f.DryRun {
		return dryRun("bind to remote group " + id)
	}
	unmanaged := !f.observes() && origin == OriginDeclared && f.Declared.Archived == nil
	return Step{Action: Bind, ID: id, Origin: origin, Unarchive: unmanaged && knownGroup(f, id).Archived()}
}

// unarchive ends the adoption of a group that was archived. It comes after the
// binding, so that no group is unarchived for a Group that does not get it.
func unarchive(f *Facts) Step {
	finished := Step{Action: Record, ID: f.Identity.ID}
	switch {
	case f.Declared.Archived != nil, f.observes(), f.Remote.State == RemoteNotFound:
		return finished
	case f.Remote.State != RemotePresent:
		return read(f, f.Identity.ID)
	case !f.Remote.Group.Archived():
		return finished
	}
	if b := f.backoff([]Field{FieldArchived}); b != nil {
		return backedOff(f, b)
	}
	return Step{Action: Unarchive, ID: f.Identity.ID}
}

// knownGroup is what is known of the group to bind to.
func knownGroup(f *Facts, id string) remote.Group {
	for _, r := range []*Remote{&f.Remote, &f.Dropped.Remote} {
		if r.State == RemotePresent && r.Group.ID == id {
			return r.Group
		}
	}
	for _, c := range f.Evidence.Candidates {
		if c.Group.ID == id {
			return c.Group
		}
	}
	return remote.Group{ID: id}
}

// recoverAttempt finds out what became of a create that got no clear answer.
func recoverAttempt(f *Facts) Step {
	if f.Identity.AttemptUnreadable && f.spec().GroupID != "" {
		return bindDeclared(f)
	}
	if step, stop := cannotConclude(f); stop {
		return step
	}
	r := concludeAttempt(f)
	switch r.Outcome {
	case OutcomeBind:
		return adopt(f, r.ID, OriginRecovered)
	case OutcomeNone:
		return bindResolved(f) // the name may have changed since, or appeared elsewhere
	case OutcomeUncertain:
		if f.spec().GroupID != "" {
			return bindDeclared(f) // a person's answer
		}
		return writeStatus(uncertain(f, "a create may have happened", r.Candidates), uncertainRetry)
	case OutcomeWait:
	}
	step := writeStatus(waiting(v1alpha1.ReasonCreating, noClearAnswer(f)), 0)
	if refused := f.refused(); refused != nil {
		step = backedOff(f, refused) // a person can fix it meanwhile
	}
	step.AwaitListing = recoveryListing(f)
	return step
}

// noClearAnswer quotes the answer that a create got. A manager after that of the create has
// not heard it, and leaves what status says of it.
func noClearAnswer(f *Facts) string {
	const what = "a create got no clear answer"
	answer, ready := "", lastReady(f.Group)
	if failed := f.History.Failed; failed != nil {
		answer = " (" + failed.Message + ")"
	} else if ready != nil && ready.ObservedGeneration == f.Group.Generation && ready.Reason == v1alpha1.ReasonCreating && strings.HasPrefix(ready.Message, what) {
		return ready.Message
	}
	return what + answer + "; looking for its group before trying again"
}

// cannotConclude stops where an attempt says nothing, or its call is still under way.
func cannotConclude(f *Facts) (Step, bool) {
	switch {
	case f.Identity.AttemptUnreadable:
		return writeStatus(uncertain(f, "the annotation "+v1alpha1.AnnotationCreateAttempt+" cannot be read", nil), stalledRetry), true
	case f.Identity.CreateInFlight:
		return Step{Action: Wait, RequeueAfter: inFlightPoll}, true
	}
	return Step{}, false
}

// recoveryListing is after when the listing that a recovery needs next has to
// begin: at once, since an exact candidate counts at once, and after the settle
// time. It is zero where only trust is wanting, which another listing would not bring.
func recoveryListing(f *Facts) time.Time {
	seen := f.Identity.AttemptSeen
	for _, after := range []time.Time{seen, seen.Add(SettleTime)} {
		if !f.Evidence.Listed.After(after) {
			return after
		}
	}
	return time.Time{}
}

const (
	// inFlightPoll is how often a Group looks whether another's create of the
	// same name has ended.
	inFlightPoll = time.Second
	// uncertainRetry is how often an uncertain create is judged again by what the
	// listings show since.
	uncertainRetry = 5 * time.Minute
)

func uncertain(f *Facts, what string, candidates []remote.Group) Report {
	detail := "and the account cannot be listed completely"
	if f.Evidence.OtherAccount && f.Evidence.Complete {
		detail = "and the connection has had another endpoint or token since"
	}
	switch {
	case len(candidates) > 0 && f.Connection.MayAdopt:
		detail = "and these groups may be it: " + describe(candidates)
	case len(candidates) > 0:
		detail = fmt.Sprintf("and %d groups may be it, which a cluster admin can look at", len(candidates))
	}
	if f.Identity.AttemptUnreadable {
		detail = "so whether a group was created is not known"
	}
	none := "remove the annotation " + v1alpha1.AnnotationCreateAttempt + " when none was made"
	if f.Group.Annotations[v1alpha1.AnnotationCreateAttempt] == "" {
		none = "set adoptionPolicy AllowDuplicate when there is none"
	}
	return stalled(v1alpha1.ReasonCreateUncertain, fmt.Sprintf("%s, %s; set spec.groupID to its id, or %s", what, detail, none))
}

// create plans the POST, once nothing stands against it.
func create(f *Facts) Step {
	fields, held := f.sendable(f.Declared.creationFields())
	if held != nil {
		return backedOff(f, held)
	}
	if len(fields) == len(f.Declared.creationFields()) {
		fields = nil
	}
	switch {
	case f.observes():
		return writeStatus(stalled(v1alpha1.ReasonRemoteMissing, "no group of this name exists, and a group that is only observed is never created"), 0)
	case f.Connection.Terminating:
		return writeStatus(terminating(f), 0)
	case !f.Evidence.Mirrored:
		return Step{Action: Wait}
	case !f.Evidence.trusted():
		return writeStatus(untrusted(f), f.Evidence.judgedAgain())
	}
	if mayHaveLostNote(f) {
		made := f.Group.CreationTimestamp.Add(-ClockSkew)
		if id, found := FindLostCreate(f.Declared, made, f.Evidence); found && f.Identity.CreateInFlight {
			return Step{Action: Wait, RequeueAfter: inFlightPoll} // it may be that create's
		} else if found && !freshCandidate(f, id) {
			return Step{Action: ReadCandidate, ID: id} // it may be gone or another by now
		} else if found {
			return adopt(f, id, OriginRecovered)
		}
	}
	if step, stop := nameTaken(f); stop {
		return step
	}
	if f.DryRun {
		return dryRun(fmt.Sprintf("create the group %q", f.Declared.Name))
	}
	return Step{Action: Create, Fields: fields}
}

// mayHaveLostNote reports whether a Group without the note of a create may have had one:
// only then is a group that shows its values more than a namesake.
func mayHaveLostNote(f *Facts) bool {
	return f.Identity.Attempt == nil && (f.History.Attempted || slices.Contains(f.Group.Finalizers, v1alpha1.FinalizerGroup))
}

func freshCandidate(f *Facts, id string) bool {
	return slices.ContainsFunc(f.Evidence.Candidates, func(c Candidate) bool { return c.Group.ID == id && isFresh(f, c) })
}

func untrusted(f *Facts) Report {
	return blocked(v1alpha1.ReasonConnectionNotReady, f.Connection.Name+
		" does not show the groups that its Groups own; nothing is created or adopted until it does")
}

func terminating(f *Facts) Report {
	return blocked(v1alpha1.ReasonConnectionNotReady, f.Connection.Name+" is being deleted and takes no new Groups")
}
