// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plan

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

// Every author of Groups may write annotations and finalizers. A Group that looked bound
// got its id confirmed, and its deletion deleted somebody else's remote group.
func TestAnAnnotationAloneOwnsNothing(t *testing.T) {
	old := func(s *Facts) { s.Group.CreationTimestamp = metav1.NewTime(now.Add(-time.Minute)) } // younger than its remote group
	decide(t, []decision{
		{"it is bound once the API shows it", facts(claimedID), Step{Action: Bind, ID: plazaID, Origin: OriginRestored}},
		{"as it is: what was archived stays so", facts(claimedID, remoteGroup(plaza(archivedSince(now)))), Step{Action: Bind, ID: plazaID, Origin: OriginRestored}},
		{"but for an adoption that has yet to unarchive it", facts(claimedID, func(s *Facts) { s.Identity.Unarchive = true }), Step{Action: Bind, ID: plazaID, Origin: OriginRestored, Unarchive: true}},
		{"not before the first listing", facts(claimedID, unmirrored), Step{Action: Wait}},
		{"not on an untrusted connection", facts(claimedID, distrusted), says(v1alpha1.ReasonConnectionNotReady, "does not show the groups")},
		{"it is read where the listing lacks it", facts(claimedID, remoteState(RemoteUnlisted)), Step{Action: Read, ID: plazaID}},
		{"a dry run binds nothing", facts(claimedID, dry), says(v1alpha1.ReasonDryRun, "would bind")},
		{"another Group's is not shown", facts(claimedID, owned), says(v1alpha1.ReasonIDConflict, "owned by Group lobby/plaza").again(time.Minute)},
		{"nor compared while suspended", facts(claimedID, owned, suspend, describedAs("guess")), says(v1alpha1.ReasonSuspended, "not known")},
		{"nor read", facts(claimedID, owned, suspend, requested), says(v1alpha1.ReasonSuspended, "not known")},
		{"another spelling in spec.groupID contradicts", facts(claimedID, spec(func(g *v1alpha1.GroupSpec) { g.GroupID = otherID })),
			says(v1alpha1.ReasonRejected, "bound to remote group "+plazaID).showing(plaza())},
		{"a namespace that may not use the account gets nothing", facts(claimedID, notAllowed), says(v1alpha1.ReasonConnectionNotAllowed, "does not allow").again(time.Minute)},
		{"a namespace that may not adopt gets nothing", facts(claimedID, adoptsNothing, old), says(v1alpha1.ReasonAdoptionNotAllowed, "allowedAdoptionNamespaces").again(time.Minute)},
		{"not even the news of an owner", facts(claimedID, adoptsNothing, owned), says(v1alpha1.ReasonAdoptionNotAllowed, "only the annotation").again(time.Minute)},
		{"nor a call", facts(claimedID, adoptsNothing, remoteState(RemoteUnlisted)), says(v1alpha1.ReasonAdoptionNotAllowed, "only the annotation").again(time.Minute)},
		{"but what was made after the Group is its own create's", facts(claimedID, adoptsNothing), Step{Action: Bind, ID: plazaID, Origin: OriginRestored}},
		{"which the first listing shows", facts(claimedID, adoptsNothing, unmirrored, remoteState(RemoteUnknown)), Step{Action: Wait}},
		{"another cluster's is none of its creates", facts(claimedID, adoptsNothing, foreign), says(v1alpha1.ReasonAdoptionNotAllowed, "only the annotation").again(time.Minute)},
		{"nor, before it, the news of an owner", facts(claimedID, adoptsNothing, unmirrored, remoteState(RemoteUnknown), owned), Step{Action: Wait}},
		{"take-over is the admin's consent", facts(claimedID, adoptsNothing, old, takeOverOK), Step{Action: Bind, ID: plazaID, Origin: OriginRestored}},
		{"also for another cluster's", facts(claimedID, adoptsNothing, old, foreign, takeOverOK), Step{Action: Bind, ID: plazaID}},
	})
}

func TestAnAnnotationAloneDeletesNothing(t *testing.T) {
	old := func(s *Facts) { s.Group.CreationTimestamp = metav1.NewTime(now.Add(-time.Minute)) }
	decide(t, []decision{
		{"it is bound first", facts(deleted, claimedID), Step{Action: Bind, ID: plazaID, Origin: OriginRestored}},
		{"and read before that", facts(deleted, claimedID, remoteState(RemoteUnknown)), Step{Action: Read, ID: plazaID}},
		{"but not while that fails", facts(deleted, claimedID, remoteState(RemoteUnknown), failing), says(v1alpha1.ReasonDeleting, "503").again(4 * time.Second)},
		{"one that is gone holds nothing", facts(deleted, claimedID, remoteState(RemoteNotFound), proven), Step{Action: Release}},
		{"where the namespace may not use the account", facts(deleted, claimedID, notAllowed),
			says(v1alpha1.ReasonConnectionNotAllowed, "Orphan releases").again(time.Minute)},
		{"where it may not adopt", facts(deleted, claimedID, adoptsNothing, old),
			says(v1alpha1.ReasonAdoptionNotAllowed, "deletionPolicy Orphan").again(time.Minute)},
		{"an Orphan goes everywhere", facts(deleted, claimedID, notAllowed, policy(v1alpha1.DeletionOrphan)), Step{Action: Release}},
		{"another Group's is left alone", facts(deleted, claimedID, owned), Step{Action: Release}},
		{"on an untrusted connection it waits", facts(deleted, claimedID, distrusted),
			says(v1alpha1.ReasonDeleting, "does not show").again(SettleTime)},
	})
}

// Counting only what a status confirms, and making again what was not found, made five
// groups in a wrong account after a restore.
func TestAnIDThatNoReplyConfirmedIsNotMadeAnew(t *testing.T) {
	gone := func(s *Facts) {
		remoteState(RemoteNotFound)(s)
		proven(s)
	}
	decide(t, []decision{
		{"it is missing", facts(claimedID, gone), says(v1alpha1.ReasonRemoteMissing, v1alpha1.AnnotationAcceptMissing).again(time.Hour)},
		{"until a person accepts it", facts(claimedID, gone, accepted), Step{Action: ForgetID, ID: plazaID}},
		{"which the listing that proves it need not ask again for", facts(claimedID, gone, accepted, unlisted), Step{Action: ForgetID, ID: plazaID}},
		{"who can accept nothing for groupID", facts(claimedID, gone, accepted, groupID),
			says(v1alpha1.ReasonRemoteMissing, "never created").again(time.Hour)},
		{"nor for what the API may still show", facts(claimedID, gone, accepted, justSeen), Step{Action: Wait, RequeueAfter: SettleTime / 4}},
		{"an untrusted connection misses nothing", facts(claimedID, gone, accepted, distrusted),
			says(v1alpha1.ReasonConnectionNotReady, "does not show the groups")},
	})
}

// A namespace that may use an account, and shall have in it what it makes and no more.
func TestWhoMayNotAdoptMakesItsOwn(t *testing.T) {
	made := plaza(createdAt(now.Add(-30 * time.Minute)))
	undated := made
	undated.CreatedAt = time.Time{}
	before := func(s *Facts) { s.Group.CreationTimestamp = metav1.NewTime(now.Add(-10 * time.Minute)) }
	none := func(reason string) Step { return says(v1alpha1.ReasonAdoptionNotAllowed, reason).again(time.Minute) }
	decide(t, []decision{
		{"groupID", facts(unbound, adoptsNothing, groupID, remoteGroup(plaza())), none("spec.groupID")},
		{"groupID of another Group's", facts(unbound, adoptsNothing, groupID, owned), none("spec.groupID")},
		{"ByName", facts(unbound, adoptsNothing, byName, shows(plaza())), none("of this name exists")},
		{"ByName of several", facts(unbound, adoptsNothing, byName, shows(plaza(), plaza(withID(otherID)))), none("of this name exists")},
		{"ByName of another Group's", facts(unbound, adoptsNothing, byName, shows(plaza()), claimed(plazaID)), none("of this name exists")},
		{"ByName where there is none: it is created", facts(unbound, adoptsNothing, byName), Step{Action: Create}},
		{"Never creates", facts(unbound, adoptsNothing), Step{Action: Create}},
		{"what it has stays its own", facts(adoptsNothing, describedAs("new")), Step{Action: Update, ID: plazaID, Fields: []Field{FieldDescription}, Drifted: true}},
		{"a lost create is recovered", facts(attempted, adoptsNothing, shows(made)), Step{Action: Bind, ID: plazaID, Origin: OriginRecovered}},
		{"beside a group that does not say when it was made", facts(attempted, adoptsNothing, shows(made, plaza(withID(otherID), createdAt(time.Time{})))),
			Step{Action: Bind, ID: plazaID, Origin: OriginRecovered}},
		{"a create from before the Group is not its own", facts(attempted, adoptsNothing, shows(made), before), none("of a create from before")},
		{"nor is a group from before it", facts(attempted, adoptsNothing, shows(made), func(s *Facts) {
			s.Group.CreationTimestamp = metav1.NewTime(made.CreatedAt.Add(6 * time.Minute))
			s.Identity.Attempt.Time = made.CreatedAt.Add(2 * time.Minute)
		}), Step{Action: ReadCandidate, ID: plazaID}}, // a namesake like any other, then
		{"what does not say when it was made may be it, and is not bound", facts(attempted, adoptsNothing, shows(undated)),
			says(v1alpha1.ReasonCreateUncertain, "1 groups may be it").again(5 * time.Minute)},
		{"what may be it is counted, and not named", facts(describedAs("ours"), attempted, adoptsNothing, shows(made)),
			says(v1alpha1.ReasonCreateUncertain, "1 groups may be it").again(5 * time.Minute)},
	})
}

// Two Groups that spelled an id in two ways owned one remote group, or it was missed.
func TestAnIDInAnotherSpellingIsRejected(t *testing.T) {
	spelled := func(s *Facts) {
		s.Remote = Remote{State: RemoteMisspelled, Fresh: true, Group: remote.Group{ID: "L7cGNIBKZiNJ6wqF"}}
	}
	decide(t, []decision{
		{"groupID", facts(unbound, groupID, spelled), says(v1alpha1.ReasonRejected, "the API writes this id L7cGNIBKZiNJ6wqF; delete this Group, and make it again with that").again(time.Hour)},
		{"an annotation", facts(claimedID, spelled), says(v1alpha1.ReasonRejected, "which the API writes L7cGNIBKZiNJ6wqF").again(time.Hour)},
		{"a bound id", facts(spelled), says(v1alpha1.ReasonRejected, "which the API writes L7cGNIBKZiNJ6wqF").again(time.Hour)},
		{"a deletion", facts(deleted, spelled), says(v1alpha1.ReasonRejected, "deletionPolicy Orphan").again(time.Hour)},
		{"also after a DELETE", facts(deleted, policy(v1alpha1.DeletionDelete), allowDelete, spelled, deleteTaken(0)), says(v1alpha1.ReasonRejected, "deletionPolicy Orphan").again(time.Hour)},
		{"a deletion for good reads what the mirror lacks first", facts(deleted, policy(v1alpha1.DeletionDelete), allowDelete, remoteState(RemoteUnlisted)),
			Step{Action: Read, ID: plazaID}},
	})
}

// What another Group's create may have made is waited for, and said so; but a note is
// anybody's to write.
func TestWhatAnotherMayHaveMadeIsKeptForAWhile(t *testing.T) {
	made := plaza(createdAt(now))
	for name, c := range map[string]struct {
		noted   time.Duration // before now
		resting bool
		want    bool
	}{
		"a minute ago":                          {time.Minute, false, true},
		"an hour ago":                           {time.Hour, false, false},
		"by a Group that is suspended":          {time.Minute, true, true},
		"and was for longer than the settling":  {2 * time.Minute, true, false},
		"to come":                               {-4 * time.Minute, true, false},
		"to come by as much as a POST may take": {-PostWindow, true, false},
		"by a clock that is ahead":              {-4 * time.Minute, false, true},
		"by one that is too far ahead":          {-ClockSkew, false, false},
	} {
		attempt := NewAttempt(Declared{Name: hotel}, now.Add(-c.noted), nil)
		g := made
		g.CreatedAt = attempt.Time
		if got := (Claimant{Attempt: &attempt, Resting: c.resting}).MayHaveMade(g, now); got != c.want {
			t.Errorf("a create noted %s keeps what it may have made: %t", name, got)
		}
	}
}
