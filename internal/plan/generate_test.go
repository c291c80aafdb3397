// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plan

import (
	"time"

	"pgregory.net/rapid"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

// oddity draws what is rare. Most facts are drawn with little of it: where each of forty
// odd things happens once in twelve, few facts have none, and the decisions that need a
// Group without trouble are hardly ever reached.
type oddity struct {
	t  *rapid.T
	in int // one draw of so many
}

func (o oddity) rarely(name string) bool { return rapid.IntRange(1, o.in).Draw(o.t, name) == 1 }

// anyFacts draws from all facts, the impossible ones included: the rules
// must hold whatever the controller believes.
func anyFacts(t *rapid.T) *Facts {
	flag := func(name string) bool { return rapid.Bool().Draw(t, name) }
	odd := oddity{t, rapid.SampledFrom([]int{12, 60, 60}).Draw(t, "odd, one in")}
	rarely := odd.rarely
	s := facts()
	s.Declared = anyDeclared(t)
	s.Group.Spec = v1alpha1.GroupSpec{
		Name: s.Declared.Name, Suspend: rarely("suspend"),
		GroupID:          rapid.SampledFrom([]string{"", "", "", plazaID}).Draw(t, "groupID"),
		AdoptionPolicy:   rapid.SampledFrom([]v1alpha1.AdoptionPolicy{v1alpha1.AdoptNever, v1alpha1.AdoptNever, v1alpha1.AdoptByName, v1alpha1.AdoptAllowDuplicate}).Draw(t, "adoption"),
		ManagementPolicy: rapid.SampledFrom([]v1alpha1.ManagementPolicy{v1alpha1.ManagementManage, v1alpha1.ManagementManage, v1alpha1.ManagementObserve}).Draw(t, "management"),
		DeletionPolicy:   rapid.SampledFrom([]v1alpha1.DeletionPolicy{v1alpha1.DeletionArchive, v1alpha1.DeletionDelete, v1alpha1.DeletionOrphan}).Draw(t, "deletion"),
	}
	if rapid.IntRange(0, 2).Draw(t, "deleted") == 0 {
		deleted(s)
	}
	if rarely("requested") {
		requested(s)
	}
	if rarely("changed") {
		changed(s)
	}
	if rarely("no status") {
		noStatus(s)
	}
	if rarely("no finalizer") {
		s.Group.Finalizers = nil
	}
	s.DryRun, s.CRDGone, s.CRDUnread, s.GroupGone = rarely("dry run"), rarely("CRD gone"), rarely("CRD unread"), rarely("Group gone")
	anyIdentity(odd, s)
	s.Connection = Connection{
		Name: "Connection c", Found: !rarely("not found"), Allowed: !rarely("not allowed"), MayAdopt: !rarely("may not adopt"), Up: !rarely("down"), Waiting: rarely("waiting"),
		Terminating: rarely("terminating"), AllowDelete: flag("allowDelete"), Complete: flag("complete"),
	}
	s.Remote = Remote{
		State: rapid.SampledFrom([]RemoteState{RemotePresent, RemotePresent, RemoteUnknown, RemoteUnlisted, RemoteNotFound}).Draw(t, "state"), Group: anyGroup(t, plazaID), Fresh: flag("fresh"),
		Settling: rarely("settling"),
	}
	ago := func(name string) (at time.Time) {
		if flag(name) {
			at = now.Add(-time.Duration(rapid.IntRange(0, 90).Draw(t, name+", minutes ago")) * time.Minute)
		}
		return at
	}
	s.Remote.Absent, s.Remote.FirstNotFound, s.Remote.NotFound, s.Remote.NotFoundTwice = ago("absent"), ago("first not found"), ago("not found"), ago("not found twice")
	if flag("proven gone") {
		s.Remote.FirstNotFound, s.Remote.NotFound, s.Remote.Absent = askedAt, askedAt, now.Add(-time.Second)
	}
	if rarely("deleted") {
		s.Remote.Deleted = ago("delete answered")
	}
	s.Remote.Replied = s.Remote.Settling && flag("replied")
	if rarely("unarchiving") {
		s.Remote.Unarchiving = now.Add(time.Duration(rapid.IntRange(-2, 2).Draw(t, "unarchiving, minutes ahead")) * time.Minute)
	}
	s.Evidence = Evidence{
		Mirrored: !rarely("unmirrored"), Complete: flag("complete listing"), OtherAccount: rarely("other account"),
		Trust:  rapid.SampledFrom([]Trust{TrustEarned, TrustEarned, TrustEarned, TrustEarned, TrustProvisional, TrustLost, TrustUnjudged}).Draw(t, "trust"),
		Listed: now.Add(-time.Duration(rapid.IntRange(0, 90).Draw(t, "listed, minutes ago")) * time.Minute), ByGets: rarely("by gets"),
	}
	s.Evidence.Newest = s.Evidence.Listed
	s.History.DeclaredSeen = now.Add(-time.Duration(rapid.IntRange(0, 90).Draw(t, "declared, minutes ago")) * time.Minute)
	s.Remote.AsOf = now.Add(-time.Duration(rapid.IntRange(0, 90).Draw(t, "remote group seen, minutes ago")) * time.Minute)
	s.DeletionSeen = now.Add(-time.Duration(rapid.IntRange(0, 90).Draw(t, "deletion seen, minutes ago")) * time.Minute)
	s.History.NameTaken, s.History.Attempted = rarely("said NameTaken"), rarely("attempted before")
	if rarely("named") || s.Identity.ID == "" && flag("of the name") {
		s.Evidence.Candidates = rapid.SliceOfNDistinct(rapid.Custom(anyCandidate), 1, 3, func(c Candidate) string { return c.Group.ID }).Draw(t, "candidates")
	}
	for i := range s.Evidence.Candidates {
		if flag("of the very name") {
			s.Evidence.Candidates[i].Group.Name = s.Declared.Name
		}
		// When a group was made is the same wherever it shows.
		for _, shown := range []remote.Group{s.Dropped.Remote.Group, s.Remote.Group} {
			if c := &s.Evidence.Candidates[i]; c.Group.ID == shown.ID {
				c.Group.CreatedAt = shown.CreatedAt
			}
		}
		// Both are read from the same claims.
		if c := &s.Evidence.Candidates[i]; s.Identity.OtherOwner != "" && c.Group.ID == s.wantedID() {
			c.OwnedBy = s.Identity.OtherOwner
		}
	}
	if rarely("held") {
		refused(rapid.SliceOfN(rapid.SampledFrom(allFields), 0, 2).Draw(t, "held fields")...)(s)
	}
	if rarely("contested") {
		contested(time.Minute, rapid.SampledFrom(allFields).Draw(t, "contested field"))(s)
	}
	anyDetails(odd, s)
	return s
}

// anyDetails draws what few decisions ask for.
func anyDetails(odd oddity, s *Facts) {
	t, rarely := odd.t, odd.rarely
	ago := func(name string) time.Time {
		return now.Add(-time.Duration(rapid.IntRange(0, 90).Draw(t, name+", minutes ago")) * time.Minute)
	}
	s.Declared.AtLeast = len(s.Declared.Contacts) > 0 && rarely("at least")
	if rarely("shown in part") {
		s.Remote.Group.Unknown, s.Remote.Group.MoreContacts = remote.FieldDescription, true
	}
	if rarely("details of the connection") {
		s.Connection.Name, s.Connection.Problem, s.Connection.Selector = "Connection d", "503", "team=a"
	}
	if rarely("details of the evidence") {
		s.Evidence.ListedFor, s.Evidence.MissingAccepted = time.Minute, true
	}
	if rarely("details of the remote group") {
		s.Remote.NotFoundListed, s.Remote.ReadAt = ago("not found and listed"), ago("read")
		s.Remote.Untried = remote.FieldDescription
		s.Remote.Writes = map[Field]time.Time{rapid.SampledFrom(allFields).Draw(t, "written field"): ago("written")}
	}
	if rarely("details of the history") {
		s.History.FirstSeen, s.History.AskedAt, s.History.NameSeen = ago("first seen"), ago("asked"), ago("name seen")
		s.History.Generation, s.History.Requested = 3, "now"
		s.History.Failures, s.History.Unapplied, s.History.Undone = 1, 1, 1
	}
	backoff := func(name string) *Backoff {
		return &Backoff{
			Until: ago(name).Add(time.Hour), Reason: v1alpha1.ReasonUnavailable, Message: "503",
			Unprovable: rapid.Bool().Draw(t, "unprovable"), Write: rapid.Bool().Draw(t, "of a write"),
		}
	}
	if rarely("failed") {
		s.History.Failed = backoff("failed")
	}
	if rarely("not applied") {
		s.History.NotApplied = backoff("not applied")
		s.History.NotApplied.Fields = []Field{rapid.SampledFrom(allFields).Draw(t, "not applied field")}
	}
	if s.History.Refused != nil && rarely("details of the refusal") {
		s.History.Refused.Until, s.History.Refused.Reason, s.History.Refused.Message = ago("refused").Add(time.Hour), v1alpha1.ReasonRejected, "409"
		s.History.Refused.Conflict, s.History.Refused.Holders, s.History.Refused.Rest = true, []string{otherID}, []Field{FieldName}
		s.History.Refused.Unprovable, s.History.Refused.Write = true, true
	}
	for i := range s.Evidence.Candidates {
		if c := &s.Evidence.Candidates[i]; rarely("details of a candidate") {
			c.AsOf, c.OpenCreate, c.OpenSince = ago("candidate seen"), "lobby/other", ago("open")
			c.LetGo = c.MadeForOther
		}
	}
}

var allFields = []Field{FieldName, FieldDescription, FieldAvatarURL, FieldContacts, FieldArchived}

func anyIdentity(odd oddity, s *Facts) {
	t, rarely := odd.t, odd.rarely
	s.Identity = Identity{Recorded: !rarely("unrecorded"), TakeOver: rarely("take over"), WaitsForOwner: rarely("contender"), Unarchive: rapid.Bool().Draw(t, "unarchive"), CreateInFlight: rarely("in flight")}
	switch rapid.SampledFrom([]string{"bound", "bound", "bound", "unbound", "unbound", "unbound", "claimed", "claimed", "attempted", "unreadable"}).Draw(t, "identity") {
	case "bound":
		s.Identity.ID = plazaID
		if rarely("foreign") {
			foreign(s)
		}
	case "claimed":
		s.Identity.ClaimedID, s.Identity.Recorded, s.Group.Status.ID = plazaID, false, ""
		if rarely("foreign claim") {
			foreign(s)
		}
	case "attempted":
		a := NewAttempt(s.Declared, now.Add(-time.Hour), nil)
		if rarely("details of the attempt") {
			a.Account, a.AtLeast = "another", true
		}
		s.Identity.Attempt, s.Identity.AttemptSeen = &a, now.Add(-time.Hour)
	case "unreadable":
		s.Identity.AttemptUnreadable = true
	}
	if rarely("inherited") {
		inherited(s)
	}
	s.Identity.AttemptEmpty = rarely("empty")
	s.Identity.NoteLost = s.Identity.Attempt != nil && rarely("note lost")
	s.Identity.Unrecorded = s.Identity.ID != "" && rarely("unrecorded id")
	if rarely("owned") {
		owned(s)
	}
	if s.Identity.ID == "" && rarely("gave one up") {
		s.Dropped = Dropped{ID: otherID, At: now.Add(-time.Hour), Confirmed: !rarely("unconfirmed"), Remote: Remote{State: RemotePresent, Group: anyGroup(t, otherID), AsOf: now}}
		if rarely("given up, and taken") {
			s.Dropped.OtherOwner = "lobby/other"
		}
		if rarely("given up, and not seen since") {
			s.Dropped.Remote.AsOf = now.Add(-2 * time.Hour)
		}
	}
}

func text(t *rapid.T, name string) string {
	return rapid.SampledFrom([]string{"", "a", "b", hotel, "é<&>\"\u2028"}).Draw(t, name)
}

func anyDeclared(t *rapid.T) Declared {
	d := Declared{Name: rapid.SampledFrom([]string{hotel, "Ritz", "é<&>\"\u2028"}).Draw(t, "name")}
	maybe := func(name string) *string {
		if !rapid.Bool().Draw(t, name+" declared") {
			return nil
		}
		return new(text(t, name))
	}
	d.Description, d.AvatarURL = maybe("description"), maybe("avatarURL")
	if rapid.Bool().Draw(t, "contacts declared") {
		d.Contacts = canonical(rapid.SliceOfN(rapid.SampledFrom([]string{"Hector", "Cedric", "Hester"}), 0, 4).Draw(t, "contacts"))
	}
	if rapid.Bool().Draw(t, "archived declared") {
		d.Archived = new(rapid.Bool().Draw(t, "archived"))
	}
	return d
}

// madeAgo are the ages of remote groups. An attempt is an hour old: some are made at its time,
// some just within or beyond what the clocks may differ by, and some at quite another time.
var madeAgo = []time.Duration{time.Hour, time.Hour, 56 * time.Minute, 53 * time.Minute, 30 * time.Minute, 3 * time.Hour}

func anyGroup(t *rapid.T, id string) remote.Group {
	g := remote.Group{
		ID: id, Name: rapid.SampledFrom([]string{hotel, "Ritz"}).Draw(t, "remote name"), Description: text(t, "remote description"), AvatarURL: text(t, "remote avatar"),
		Contacts:  rapid.SliceOfN(rapid.SampledFrom([]string{"Hector", "Cedric", "Hester"}), 0, 4).Draw(t, "remote contacts"),
		CreatedAt: now.Add(-rapid.SampledFrom(madeAgo).Draw(t, "remote group made, ago")),
	}
	if rapid.IntRange(1, 6).Draw(t, "no creation time") == 1 {
		g.CreatedAt = time.Time{}
	}
	if rapid.Bool().Draw(t, "remote archived") {
		g.ArchivedAt = now.Add(-time.Minute)
	}
	return g
}

func anyCandidate(t *rapid.T) Candidate {
	rarely := func(name string) bool { return rapid.IntRange(0, 3).Draw(t, name) == 0 }
	c := Candidate{Group: anyGroup(t, rapid.SampledFrom([]string{otherID, "third", plazaID}).Draw(t, "candidate")), MadeForOther: rarely("made for another")}
	if rarely("owned by another") {
		c.OwnedBy = "lobby/other"
	}
	return c
}
