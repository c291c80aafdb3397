// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plan

import (
	"fmt"
	"strings"
	"time"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

// bind finds or creates the remote group of a Group that has none.
func bind(f *Facts) Step {
	switch {
	case f.spec().GroupID != "":
		return bindDeclared(f)
	case f.unresolvedAttempt():
		return recoverAttempt(f)
	case f.byName():
		return bindByName(f)
	default:
		return create(f)
	}
}

// bindDeclared binds to spec.groupID, and never creates.
func bindDeclared(f *Facts) Step {
	id := f.spec().GroupID
	switch f.Remote.State {
	case RemotePresent:
		return adopt(f, id, OriginDeclared)
	case RemoteNotFound:
		if !f.Evidence.trusted() {
			return writeStatus(untrusted(f), 0)
		}
		return remoteMissing(f, id)
	case RemoteUnknown, RemoteUnlisted, RemoteDeleted:
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
	return Step{Action: Bind, ID: id, Origin: origin, Unarchive: unmanaged && f.group(id).Archived()}
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

// group is what is known of the group to bind to.
func (f *Facts) group(id string) remote.Group {
	if f.Remote.State == RemotePresent && f.Remote.Group.ID == id {
		return f.Remote.Group
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
	if f.Identity.AttemptUnreadable {
		return writeStatus(uncertain(f, "the annotation "+v1alpha1.AnnotationCreateAttempt+" cannot be read", nil), stalledRetry)
	}
	if f.Identity.CreateInFlight {
		return Step{Action: Wait, RequeueAfter: inFlightPoll}
	}
	r := Recover(*f.Identity.Attempt, f.Identity.AttemptSeen, f.Evidence)
	switch r.Outcome {
	case OutcomeBind:
		return adopt(f, r.ID, OriginRecovered)
	case OutcomeNone:
		// The name may have changed since, or appeared elsewhere.
		if f.byName() && !f.Connection.Terminating {
			return bindByName(f)
		}
		return create(f)
	case OutcomeUncertain:
		return writeStatus(uncertain(f, "a create may have happened", r.Candidates), uncertainRetry)
	case OutcomeWait:
	}
	step := writeStatus(waiting(v1alpha1.ReasonCreating, "a create got no clear answer; looking for its group before trying again"), 0)
	if f.History.Refused.active(f.Now) {
		step = backedOff(f, f.History.Refused) // a person can fix it meanwhile
	}
	step.AwaitListing = f.recoveryListing()
	return step
}

// recoveryListing is after when the listing that a recovery needs next has to
// begin: at once, since an exact candidate counts at once, and after the settle
// time. It is zero where only trust is wanting, which no listing more would mend.
func (f *Facts) recoveryListing() time.Time {
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
	if len(candidates) > 0 {
		detail = "and these groups may be it: " + describe(candidates)
	}
	if f.Identity.AttemptUnreadable {
		detail = "so whether a group was created is not known"
	}
	return stalled(v1alpha1.ReasonCreateUncertain, fmt.Sprintf(
		"%s, %s; set spec.groupID to its id, or remove the annotation %s when none was made", what, detail, v1alpha1.AnnotationCreateAttempt))
}

// bindByName binds to the remote group of this name, or creates it.
func bindByName(f *Facts) Step {
	if !f.Evidence.Listed.After(f.History.FirstSeen) {
		return Step{Action: Wait, AwaitListing: f.History.FirstSeen}
	}
	a := AdoptByName(f.Declared.Name, f.Evidence)
	switch {
	case a.Outcome == OutcomeBind && a.Owned:
		return writeStatus(stalled(v1alpha1.ReasonIDConflict, fmt.Sprintf(
			"the group of this name, %s, is owned by another Group; this one binds to it when that one lets go", a.ID)), 0)
	case a.Outcome == OutcomeBind:
		return adopt(f, a.ID, OriginDeclared)
	case a.Outcome == OutcomeUncertain && len(a.Candidates) > 0:
		return writeStatus(stalled(v1alpha1.ReasonAdoptionAmbiguous, "several active groups have this name: "+describe(a.Candidates)+
			"; set spec.groupID (with adoptionPolicy Never) to the one that is meant"), 0)
	case a.Outcome == OutcomeUncertain:
		return writeStatus(uncertain(f, "a group of this name may exist", nil), uncertainRetry)
	case a.Outcome == OutcomeWait:
		return writeStatus(untrusted(f), 0)
	default:
		return create(f)
	}
}

// create plans the POST, once nothing stands against it.
func create(f *Facts) Step {
	if b := f.backoff(nil); b != nil {
		return backedOff(f, b)
	}
	switch {
	case f.observes():
		return writeStatus(stalled(v1alpha1.ReasonRemoteMissing, "no group of this name exists, and a group that is only observed is never created"), 0)
	case f.Connection.Terminating:
		return writeStatus(terminating(f), 0)
	case !f.Evidence.Mirrored:
		return Step{Action: Wait}
	case !f.Evidence.trusted():
		return writeStatus(untrusted(f), 0)
	}
	if id, found := FindLostCreate(f.Declared, f.Group.CreationTimestamp.Time, f.Evidence); found && f.Identity.Attempt == nil {
		if f.Identity.CreateInFlight {
			return Step{Action: Wait, RequeueAfter: inFlightPoll} // it may be that create's
		}
		return adopt(f, id, OriginRecovered)
	}
	if f.DryRun {
		return dryRun(fmt.Sprintf("create the group %q", f.Declared.Name))
	}
	return Step{Action: Create}
}

func untrusted(f *Facts) Report {
	return blocked(v1alpha1.ReasonConnectionNotReady, f.Connection.Name+
		" does not show the groups that its Groups own; nothing is created or adopted until it does")
}

func terminating(f *Facts) Report {
	return blocked(v1alpha1.ReasonConnectionNotReady, f.Connection.Name+" is being deleted and takes no new Groups")
}

// describe lists groups for a person who has to choose, at most ten of them.
func describe(groups []remote.Group) string {
	const most = 10
	var b strings.Builder
	for i, g := range groups {
		if i == most {
			fmt.Fprintf(&b, " and %d more", len(groups)-most)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(g.ID)
		if !g.CreatedAt.IsZero() {
			b.WriteString(" (created " + g.CreatedAt.UTC().Format(time.RFC3339) + ")")
		}
	}
	return b.String()
}
