// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plan

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

func writes(a Action) bool {
	return slices.Contains([]Action{Create, Update, ArchiveRemote, Unarchive, DeleteRemote}, a)
}

// forbidsCreate says why nothing may be created with such facts, or "".
func forbidsCreate(s *Facts) string {
	id := s.Identity
	switch {
	case id.ID != "":
		return "an id is bound"
	case id.AttemptUnreadable && !id.AttemptEmpty, id.Attempt != nil && !id.AttemptEmpty && !provenNone(s):
		return "an attempt is unresolved"
	case !trustworthy(s):
		return "the connection is untrusted"
	case !s.Evidence.Mirrored:
		return "nothing was listed yet"
	case s.Group.Spec.GroupID != "":
		return "groupID names a group"
	case s.GroupGone || !s.Group.DeletionTimestamp.IsZero():
		return "it is being deleted"
	case s.Connection.Terminating:
		return "the connection is being deleted"
	}
	return forbidsWrite(s, Step{Action: Create})
}

// provenNone is said here once more, in other words than in Recover. The clocks of the API and
// ours may differ by five minutes, and no group made further from the attempt may be its own.
func provenNone(s *Facts) bool {
	candidates := slices.ContainsFunc(s.Evidence.Candidates, func(c Candidate) bool {
		apart := c.Group.CreatedAt.Sub(s.Identity.Attempt.Time).Abs()
		return c.Group.Name == s.Identity.Attempt.Name && c.OwnedBy == "" && !c.MadeForOther && (c.Group.CreatedAt.IsZero() || apart <= 5*time.Minute)
	})
	return !candidates && !s.Evidence.OtherAccount && !s.Identity.AttemptUnreadable && s.Evidence.Complete && s.Evidence.Listed.Sub(s.Identity.AttemptSeen) > 2*time.Minute
}

// trustworthy: nothing speaks against what the account shows.
func trustworthy(s *Facts) bool {
	return s.Evidence.Trust == TrustEarned || s.Evidence.Trust == TrustProvisional
}

func forbidsWrite(s *Facts, step Step) string {
	switch {
	case s.Group.Spec.Suspend:
		return "it is suspended"
	case s.Group.Spec.ManagementPolicy == v1alpha1.ManagementObserve:
		return "it is only observed"
	case s.DryRun:
		return "it is a dry run"
	case s.Identity.ForeignCluster != "" && !s.Identity.TakeOver:
		return "another cluster bound it"
	case s.Identity.OtherOwner != "" && (step.ID == "" || step.ID == s.wantedID()):
		return "another Group owns it" // which says nothing of what this one's own create has made
	case !s.Connection.Found || !s.Connection.Up || s.Connection.Waiting:
		return "the connection cannot be used"
	case !s.Connection.Allowed && s.Group.DeletionTimestamp.IsZero() && !s.GroupGone:
		return "the namespace is not allowed"
	}
	return ""
}

func TestNoSituationLeadsToAForbiddenWrite(t *testing.T) {
	done := map[Action]int{}
	rapid.Check(t, func(t *rapid.T) {
		for range factsAtOnce {
			s := anyFacts(t)
			step := Next(s)
			done[step.Action]++
			obeys(t, s, step)
		}
	})
	for a := Wait; a <= Release; a++ {
		if done[a] == 0 {
			t.Errorf("no facts led to %s: the draw is too narrow to prove anything", a)
		}
	}
}

// factsAtOnce makes a check large enough to see every action.
const factsAtOnce = 150

// obeys fails unless the step keeps every promise that concerns remote writes.
func obeys(t *rapid.T, s *Facts, step Step) {
	defer func() {
		if t.Failed() {
			t.Logf("decided on %s", s)
		}
	}()
	if why := forbidsWrite(s, step); writes(step.Action) && why != "" {
		t.Fatalf("%s, though %s", step.Action, why)
	}
	if why := forbidsCreate(s); step.Action == Create && why != "" {
		t.Fatalf("Create, though %s", why)
	}
	if step.Action == WriteStatus && userIsWaiting(s.Group) && s.Remote.AsOf.Before(s.History.DeclaredSeen) &&
		(step.Report.Reason == v1alpha1.ReasonSynced || step.Report.Reason == v1alpha1.ReasonObserved) {
		t.Fatalf("%s on evidence that is older than the declaration", step.Report.Reason)
	}
	if s.Identity.Unrecorded && !s.GroupGone && s.Identity.OtherOwner == "" && step.Action != Record {
		t.Fatalf("%s before the id is written down", step.Action)
	}
	if step.Action == Create && s.Group.Spec.AdoptionPolicy == v1alpha1.AdoptNever {
		for _, c := range s.Evidence.Candidates {
			if c.Group.Name == s.Declared.Name && !c.Group.Archived() && c.OwnedBy == "" && !c.MadeForOther {
				t.Fatalf("Create beside %+v, which nobody owns", c)
			}
		}
	}
	if step.Action == DeleteRemote && (s.Group.Spec.DeletionPolicy != v1alpha1.DeletionDelete || !s.Connection.AllowDelete || s.Group.DeletionTimestamp == nil && !s.GroupGone) {
		t.Fatal("DeleteRemote without both consents and a deletion")
	}
	if s.Identity.ID == "" && (step.Action == Update || step.Action == ArchiveRemote || step.Action == Unarchive || step.Action == DeleteRemote || step.Action == Record) {
		t.Fatalf("%s of a remote group that only an annotation names", step.Action)
	}
	if step.Action == Bind {
		bindsWithRight(t, s, step)
	}
	if step.Report.Remote != nil && s.Identity.OtherOwner != "" {
		t.Fatal("another Group's remote group is shown")
	}
	if step.Action == ArchiveRemote && s.Group.DeletionTimestamp == nil && !s.GroupGone {
		t.Fatal("ArchiveRemote without a deletion")
	}
	if step.Action == ForgetID && (!lostAndAbsent(s) || s.DryRun || s.Group.Spec.Suspend) {
		t.Fatal("an id is dropped without a 404 and a complete listing of a trusted connection")
	}
	if step.Action == DeleteRemote && !s.Remote.Deleted.IsZero() && now.Sub(s.Remote.Deleted) < SettleTime {
		t.Fatal("a DELETE that was answered is repeated within the settle time")
	}
	if step.Action == Release && step.ID != "" && !step.Orphaned && s.Identity.OtherOwner == "" && s.Identity.ForeignCluster == "" && !s.Identity.WaitsForOwner && !s.observes() {
		archived := s.Remote.State == RemotePresent && s.Remote.Group.Archived()
		twice := !s.Connection.Complete && !s.Remote.NotFoundTwice.IsZero() && trustworthy(s)
		ours := s.Remote.State == RemoteNotFound && !s.Remote.Deleted.IsZero()
		if !archived && !twice && !ours && !lostAndAbsent(s) {
			t.Fatal("a Group is released whose remote group may be there")
		}
	}
	if step.Action == Update && s.Declared.AtLeast && slices.Contains(step.Fields, FieldContacts) && now.Sub(s.Remote.ReadAt) > 5*time.Second {
		t.Fatal("members are written back that no GET has just shown")
	}
	if step.Action == Bind && step.Origin == OriginRecovered && !slices.ContainsFunc(s.Evidence.Candidates, func(c Candidate) bool {
		return c.Group.ID == step.ID && c.OwnedBy == "" && !c.MadeForOther
	}) {
		t.Fatal("a recovery binds to a group that another Group owns, or that was made for one")
	}
	if step.Action == Release && s.DryRun {
		t.Fatal("a dry run released a Group")
	}
	if step.Action == WriteStatus && (step.Report.Reason == "" || step.Report.Message == "" || step.Report.Stalled && step.Report.Reconciling) {
		t.Fatalf("half a report: %+v", step.Report)
	}
}

// lostAndAbsent is said here once more, in other words than in provenGone.
func lostAndAbsent(s *Facts) bool {
	asked := slices.ContainsFunc([]time.Time{s.Remote.FirstNotFound, s.Remote.NotFoundListed, s.Remote.NotFound}, func(at time.Time) bool {
		return !at.IsZero() && s.Remote.Absent.After(at) && !at.Before(s.DeletionSeen)
	})
	return (s.Remote.State == RemoteNotFound || s.Remote.State == RemoteUnlisted) && asked && trustworthy(s) && !s.Remote.Settling
}

// bindsWithRight fails where a Group binds to what it may not have.
func bindsWithRight(t *rapid.T, f *Facts, step Step) {
	g := knownGroup(f, step.ID)
	recovers := !g.CreatedAt.Before(f.Group.CreationTimestamp.Add(-5 * time.Minute))
	switch {
	case !f.Connection.Allowed:
		t.Fatal("Bind, though the namespace is not allowed")
	case f.Identity.OtherOwner != "" && step.ID == f.wantedID():
		t.Fatal("Bind, though another Group owns it")
	case step.ID == f.Dropped.ID && step.Origin == OriginRestored && (f.Dropped.OtherOwner != "" || !f.Dropped.Remote.AsOf.After(f.Dropped.At) || !trustworthy(f)):
		t.Fatalf("Bind again to %+v", f.Dropped)
	case f.Connection.MayAdopt || f.Identity.TakeOver || f.Identity.ID != "" || step.ID == f.Dropped.ID && f.Dropped.Confirmed:
	case !recovers || f.Group.Spec.GroupID != "" && step.Origin == OriginDeclared:
		t.Fatalf("Bind to %+v of a Group that may not adopt", g)
	}
}

func TestAnUpdateNamesDeclaredFieldsThatDiffer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := facts()
		s.Declared, s.Remote.Group = anyDeclared(t), anyGroup(t, plazaID)
		step := Next(s)
		if step.Action != Update {
			if diff := s.Declared.Diff(s.Remote.Group); len(diff) > 0 {
				t.Fatalf("%s, though %v differ", step.Action, diff)
			}
			return
		}
		after := s.Remote.Group
		changes := s.Declared.Changes(step.Fields, s.Remote.Group, now)
		if !slices.Equal(changes.Names(), step.Fields) {
			t.Fatalf("the PUT sets %v, the step says %v", changes.Names(), step.Fields)
		}
		for _, field := range step.Fields {
			before := after
			set(&after, field, changes)
			if slices.Equal(canonical(before.Contacts), canonical(after.Contacts)) && before.Name == after.Name && before.Description == after.Description &&
				before.AvatarURL == after.AvatarURL && before.Archived() == after.Archived() {
				t.Fatalf("%s is sent, though it did not differ", field)
			}
		}
		if diff := s.Declared.Diff(after); len(diff) > 0 {
			t.Fatalf("%v still differ after the PUT", diff)
		}
	})
}

// set does to a group what a PUT with the field does.
func set(g *remote.Group, field Field, changes remote.Fields) {
	switch field {
	case FieldName:
		g.Name = *changes.Name
	case FieldDescription:
		g.Description = *changes.Description
	case FieldAvatarURL:
		g.AvatarURL = *changes.AvatarURL
	case FieldContacts:
		g.Contacts = *changes.Contacts
	case FieldArchived:
		g.ArchivedAt = *changes.ArchivedAt
	}
}

func TestTheAPIsViewOfACreatedGroupMatchesItsAttempt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := anyDeclared(t)
		attempt, err := ParseAttempt(NewAttempt(d, now, nil).Encode())
		if err != nil {
			t.Fatal(err)
		}
		// The API shows null, which a client reads as "", for what was not sent.
		made := remote.Group{ID: plazaID, CreatedAt: now}
		creation := d.Creation()
		for _, field := range creation.Names() {
			set(&made, field, creation)
		}
		made.Contacts = slices.Clone(made.Contacts)
		slices.Reverse(made.Contacts)
		if !attempt.shows(made, d) {
			t.Fatalf("the group made for %+v is not recognised: %+v", d, made)
		}
		if fields := d.Diff(made); len(fields) > 0 && !slices.Equal(fields, []Field{FieldArchived}) {
			t.Fatalf("the group made for %+v lacks %v", d, fields)
		}
		other := anyGroup(t, otherID)
		lacking := slices.DeleteFunc(d.Diff(other), func(f Field) bool { return f == FieldArchived })
		if attempt.shows(other, d) != (len(lacking) == 0) {
			t.Fatalf("taken for the attempt's own: %t, though it lacks %v", attempt.shows(other, d), lacking)
		}
	})
}
