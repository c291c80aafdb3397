// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plan

import (
	"fmt"
	"strings"
	"time"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/klink"
)

// bind finds or creates the remote group of a Group that has none.
func bind(s *Situation) Step {
	switch {
	case s.spec().GroupID != "":
		return bindDeclared(s)
	case s.unresolvedAttempt():
		return recoverAttempt(s)
	case s.byName():
		return bindByName(s)
	default:
		return create(s)
	}
}

// bindDeclared binds to spec.groupID, and never creates.
func bindDeclared(s *Situation) Step {
	id := s.spec().GroupID
	switch s.Remote.State {
	case RemotePresent:
		return adopt(s, id, OriginDeclared)
	case RemoteNotFound:
		if !s.Evidence.trusted() {
			return say(untrusted(s), 0)
		}
		return remoteMissing(s, id)
	default:
		return read(s, id)
	}
}

// adopt binds to a group that was seen. One that is archived is unarchived then,
// unless the spec says archived itself.
func adopt(s *Situation, id string, origin Origin) Step {
	if s.DryRun {
		return dryRun("bind to remote group " + id)
	}
	unmanaged := !s.observes() && origin == OriginDeclared && s.Declared.Archived == nil
	return Step{Do: Bind, ID: id, Origin: origin, Unarchive: unmanaged && s.archived(id)}
}

// unarchive ends the adoption of a group that was archived. It comes after the
// binding, so that no group is unarchived for a Group that does not get it.
func unarchive(s *Situation) Step {
	finished := Step{Do: Record, ID: s.Identity.ID}
	switch {
	case s.Declared.Archived != nil, s.observes(), s.Remote.State == RemoteNotFound:
		return finished
	case s.Remote.State != RemotePresent:
		return read(s, s.Identity.ID)
	case !s.Remote.Group.Archived():
		return finished
	}
	if hold := s.holding([]Field{FieldArchived}); hold != nil {
		return held(s, hold)
	}
	return Step{Do: Unarchive, ID: s.Identity.ID}
}

// archived reports whether the group to adopt is archived.
func (s *Situation) archived(id string) bool {
	if s.Remote.State == RemotePresent && s.Remote.Group.ID == id {
		return s.Remote.Group.Archived()
	}
	for _, g := range s.Evidence.Named {
		if g.ID == id {
			return g.Archived()
		}
	}
	return false
}

// recoverAttempt finds out what became of a create that got no clear answer.
func recoverAttempt(s *Situation) Step {
	if s.Identity.AttemptUnreadable {
		return say(uncertain(s, "the annotation "+v1alpha1.AnnotationCreateAttempt+" cannot be read", nil), stalledRetry)
	}
	if s.Identity.CreateInFlight {
		return Step{Do: Keep, Again: inFlightPoll}
	}
	r := Recover(*s.Identity.Attempt, s.Identity.AttemptSeen, s.Evidence)
	switch r.Outcome {
	case OutcomeBind:
		return adopt(s, r.ID, OriginRecovered)
	case OutcomeNone:
		// The name may have changed since, or appeared elsewhere.
		if s.byName() && !s.Connection.Terminating {
			return bindByName(s)
		}
		return create(s)
	case OutcomeUncertain:
		return say(uncertain(s, "a create may have happened", r.Candidates), uncertainRetry)
	default:
		step := say(waiting(v1alpha1.ReasonCreating, "a create got no clear answer; looking for its group before trying again"), 0)
		if s.Past.Refused.active(s.Now) {
			step = held(s, s.Past.Refused) // a person can mend it meanwhile
		}
		step.AwaitListing = s.recoveryListing()
		return step
	}
}

// recoveryListing is after when the listing that a recovery needs next has to
// begin: at once, since an exact candidate counts at once, and after the settle
// time. It is zero where only trust is wanting, which no listing more would mend.
func (s *Situation) recoveryListing() time.Time {
	seen := s.Identity.AttemptSeen
	for _, after := range []time.Time{seen, seen.Add(SettleTime)} {
		if !s.Evidence.Listed.After(after) {
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

func uncertain(s *Situation, what string, candidates []klink.Group) Report {
	detail := "and the account cannot be listed completely"
	if s.Evidence.OtherAccount && s.Evidence.Complete {
		detail = "and the connection has had another endpoint or token since"
	}
	if len(candidates) > 0 {
		detail = "and these groups may be it: " + describe(candidates)
	}
	if s.Identity.AttemptUnreadable {
		detail = "so whether a group was created is not known"
	}
	return stalled(v1alpha1.ReasonCreateUncertain, fmt.Sprintf(
		"%s, %s; set spec.groupID to its id, or remove the annotation %s when none was made", what, detail, v1alpha1.AnnotationCreateAttempt))
}

// bindByName binds to the remote group of this name, or creates it.
func bindByName(s *Situation) Step {
	if !s.Evidence.Listed.After(s.Past.FirstSeen) {
		return Step{Do: Keep, AwaitListing: s.Past.FirstSeen}
	}
	a := AdoptByName(s.Declared.Name, s.Evidence)
	switch {
	case a.Outcome == OutcomeBind && a.Owned:
		return say(stalled(v1alpha1.ReasonIDConflict, fmt.Sprintf(
			"the group of this name, %s, is owned by another Group; this one binds to it when that one lets go", a.ID)), 0)
	case a.Outcome == OutcomeBind:
		return adopt(s, a.ID, OriginDeclared)
	case a.Outcome == OutcomeUncertain && len(a.Candidates) > 0:
		return say(stalled(v1alpha1.ReasonAdoptionAmbiguous, "several active groups have this name: "+describe(a.Candidates)+
			"; set spec.groupID (with adoptionPolicy Never) to the one that is meant"), 0)
	case a.Outcome == OutcomeUncertain:
		return say(uncertain(s, "a group of this name may exist", nil), uncertainRetry)
	case a.Outcome == OutcomeWait:
		return say(untrusted(s), 0)
	default:
		return create(s)
	}
}

// create plans the POST, once nothing stands against it.
func create(s *Situation) Step {
	if hold := s.holding(nil); hold != nil {
		return held(s, hold)
	}
	switch {
	case s.observes():
		return say(stalled(v1alpha1.ReasonRemoteMissing, "no group of this name exists, and a group that is only observed is never created"), 0)
	case s.Connection.Terminating:
		return say(terminating(s), 0)
	case !s.Evidence.Mirrored:
		return Step{Do: Keep}
	case !s.Evidence.trusted():
		return say(untrusted(s), 0)
	}
	if id, found := Twin(s.Declared, s.Group.CreationTimestamp.Time, s.Evidence); found && s.Identity.Attempt == nil {
		if s.Identity.CreateInFlight {
			return Step{Do: Keep, Again: inFlightPoll} // it may be that create's
		}
		return adopt(s, id, OriginRecovered)
	}
	if s.DryRun {
		return dryRun(fmt.Sprintf("create the group %q", s.Declared.Name))
	}
	return Step{Do: Create}
}

func untrusted(s *Situation) Report {
	return blocked(v1alpha1.ReasonConnectionNotReady, s.Connection.Name+
		" does not show the groups that its Groups own; nothing is created or adopted until it does")
}

func terminating(s *Situation) Report {
	return blocked(v1alpha1.ReasonConnectionNotReady, s.Connection.Name+" is being deleted and takes no new Groups")
}

// describe lists groups for a person who has to choose, at most ten of them.
func describe(groups []klink.Group) string {
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
