// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plan

import (
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

func TestDeletionFollowsItsPolicy(t *testing.T) {
	remove := policy(v1alpha1.DeletionDelete)
	orphan := policy(v1alpha1.DeletionOrphan)
	orphaned := Step{Action: Release, ID: plazaID, Orphaned: true, MadeOwn: true}
	adopted := Step{Action: Release, ID: plazaID, Orphaned: true}
	resting := plaza(archivedSince(now.Add(-time.Hour)))
	decide(t, []decision{
		{"a Group without our finalizer is left alone", facts(deleted, func(s *Facts) { s.Group.Finalizers = nil }), Step{Action: Wait}},
		{"Archive archives", facts(deleted), Step{Action: ArchiveRemote, ID: plazaID}},
		{"Archive looks first", facts(deleted, remoteState(RemoteUnknown)), Step{Action: Read, ID: plazaID}},
		{"Archive of an archived group is done", facts(deleted, remoteGroup(resting)), Step{Action: Release, ID: plazaID}},
		{"but not where the API may lag behind the unarchiving of the manager before",
			facts(deleted, remoteGroup(resting), justSeen), Step{Action: ArchiveRemote, ID: plazaID, ArchivedAt: resting.ArchivedAt}},
		{"or behind our own, where somebody else's change is seen late", facts(deleted, remoteGroup(resting), settling),
			Step{Action: ArchiveRemote, ID: plazaID, ArchivedAt: resting.ArchivedAt}},
		{"unless our own write's reply says so", facts(deleted, remoteGroup(resting), justSeen, replied), Step{Action: Release, ID: plazaID}},
		{"Orphan releases", facts(deleted, orphan), orphaned},
		{"Orphan of what was adopted by name", facts(deleted, orphan, byName), adopted},
		{"Orphan of what was adopted by id", facts(deleted, orphan, groupID), adopted},
		{"Orphan needs no connection", facts(deleted, orphan, notFound), orphaned},
		{"Orphan needs no resolved create", facts(attempted, deleted, orphan), Step{Action: Release}},
		{"Orphan goes before suspend", facts(deleted, orphan, suspend), orphaned},
		{"Delete deletes where the connection consents", facts(deleted, remove, allowDelete), Step{Action: DeleteRemote, ID: plazaID}},
		{"Delete without the connection's consent waits", facts(deleted, remove),
			says(v1alpha1.ReasonDeleteNotAllowed, "allowDelete").showing(plaza()).again(deletionRetry)},
		{"the connection's consent alone deletes nothing", facts(deleted, allowDelete), Step{Action: ArchiveRemote, ID: plazaID}},
		{"a CRD that goes takes no group along", facts(deleted, remove, allowDelete, func(s *Facts) { s.CRDGone = true }), orphaned},
		{"and is waited for where that cannot be told yet", facts(deleted, orphan, func(s *Facts) { s.CRDUnread = true }),
			Step{Action: Wait, RequeueAfter: unreadRetry}},
		{"an unbound Group just goes", facts(unbound, deleted), Step{Action: Release}},
		{"a dry run says what it would do", facts(deleted, dry), says(v1alpha1.ReasonDryRun, "would apply deletionPolicy Archive").again(deletionRetry)},
	})
}

func TestDeletionTouchesNothingThatIsNotOurs(t *testing.T) {
	released := Step{Action: Release, ID: plazaID}
	remove := policy(v1alpha1.DeletionDelete)
	decide(t, []decision{
		{"what another Group owns", facts(deleted, remove, allowDelete, owned), released},
		{"not while that one is being bound, which may come to nothing", facts(deleted, remove, allowDelete, owned, notCached),
			says(v1alpha1.ReasonDeleting, "another Group is being bound to remote group "+plazaID).again(deletionRace)},
		{"what another cluster bound", facts(deleted, remove, allowDelete, foreign), released},
		{"not even where it could be taken over", facts(deleted, remove, allowDelete, foreign, takeOverOK), released},
		{"what another Group has just let go of", facts(deleted, remove, allowDelete, noStatus, contends), released},
		{"what is only observed", facts(deleted, remove, allowDelete, observe), Step{Action: Release, ID: plazaID, Orphaned: true}},
		{"groupID of another's group does not hide a create that may have happened",
			facts(attempted, deleted, groupID, owned, shows(plaza(withID(otherID), createdAt(now.Add(-30*time.Minute))))),
			Step{Action: Bind, ID: otherID, Origin: OriginRecovered}},
		{"what annotations alone say of an account that the namespace may not use", facts(deleted, notAllowed, claimedID),
			says(v1alpha1.ReasonConnectionNotAllowed, "deletionPolicy Orphan releases").again(time.Minute)},
		{"a note alone of an attempt there", facts(attempted, deleted, notAllowed),
			says(v1alpha1.ReasonConnectionNotAllowed, "status shows no id").again(time.Minute)},
	})
}

func TestDeletionWaits(t *testing.T) {
	cached := func(s *Facts) {
		s.History.Failed = &Backoff{Until: now.Add(time.Minute), Reason: v1alpha1.ReasonUnavailable, Message: "404 out of a cache", Unprovable: true}
	}
	deletionSeen := func(ago time.Duration) option { return func(s *Facts) { s.DeletionSeen = now.Add(-ago) } }
	stalled := func(s Step) Step {
		s.Report.Stalled = true
		return s
	}
	remove := policy(v1alpha1.DeletionDelete)
	decide(t, []decision{
		{"suspend stops a deletion except Orphan", facts(deleted, suspend),
			says(v1alpha1.ReasonSuspended, "the deletion waits until suspend is false").showing(plaza()).ready().again(deletionRetry)},
		{"a restart leaves a suspended deletion's status alone",
			facts(deleted, suspend, ready(v1alpha1.ReasonSuspended, "True"), remoteState(RemoteUnknown), func(s *Facts) {
				s.Group.Status.ObservedGeneration = s.Group.Generation
			}), Step{Action: Wait}},
		{"for the connection to be looked at", facts(deleted, waitingFor, deletionSeen(0)), Step{Action: Wait, RequeueAfter: reportAfter}},
		{"which is said once it lasts", facts(deleted, waitingFor, deletionSeen(reportAfter)),
			says(v1alpha1.ReasonDeleting, "has not answered a call yet; its conditions say why; deletionPolicy Orphan").again(deletionRetry)},
		{"for a connection that does not exist", facts(deleted, notFound), says(v1alpha1.ReasonDeleting, "does not exist: create it; deletionPolicy Orphan").again(deletionRetry)},
		{"for a connection that is down", facts(deleted, down), says(v1alpha1.ReasonDeleting, "401 Unauthorized").again(deletionRetry)},
		{"but not for allowedNamespaces, once it has an id", facts(deleted, notAllowed), Step{Action: ArchiveRemote, ID: plazaID}},
		{"but not for a connection that is being deleted itself", facts(deleted, leaving), Step{Action: ArchiveRemote, ID: plazaID}},
		{"for an API that fails", facts(deleted, failing), says(v1alpha1.ReasonDeleting, "503").again(4 * time.Second)},
		{"for a person where a cache alone says that the group is gone", facts(deleted, cached, deletionSeen(SettleTime)),
			stalled(says(v1alpha1.ReasonDeleting, "out of a cache").again(time.Minute))},
		{"which may pass by itself at first", facts(deleted, cached, deletionSeen(SettleTime-time.Second)), says(v1alpha1.ReasonDeleting, "out of a cache").again(time.Minute)},
		{"for an API that fails a permanent one", facts(deleted, remove, allowDelete, failing),
			says(v1alpha1.ReasonDeleting, "503").again(4 * time.Second)},
		{"for a person where archiving is refused", facts(deleted, refused(FieldArchived)), says(v1alpha1.ReasonRejected, "422").again(time.Hour)},
		{"for a person where archiving shows nothing", facts(deleted, notApplied(FieldArchived)),
			says(v1alpha1.ReasonNotApplied, "not shown").again(time.Minute)},
		{"but not for a description that was refused", facts(deleted, refused(FieldDescription)), Step{Action: ArchiveRemote, ID: plazaID}},
	})
}

// A call to unarchive that seemed to fail arrived after the Group was gone, and left
// a group without an owner.
func TestADeletionWaitsForAnUnarchivingThatMayStillArrive(t *testing.T) {
	resting := remoteGroup(plaza(archivedSince(now.Add(-time.Hour))))
	unclear := func(until time.Duration) option {
		return func(s *Facts) { s.Remote.Unarchiving = now.Add(until) }
	}
	adopting := func(s *Facts) { s.Identity.Unarchive = true }
	waits := says(v1alpha1.ReasonDeleting, "may still arrive")
	release := Step{Action: Release, ID: plazaID}
	decide(t, []decision{
		{"ours, while the group is still archived", facts(deleted, resting, replied, unclear(time.Minute)), waits.again(time.Minute)},
		{"ours, though it was repeated since", facts(deleted, unclear(time.Minute)), waits.again(time.Minute)},
		{"then it looks once more", facts(deleted, resting, unclear(-time.Second)), Step{Action: Read, ID: plazaID}},
		{"unless reading has just failed", facts(deleted, resting, unclear(-time.Second), failing),
			says(v1alpha1.ReasonDeleting, "deletionPolicy Orphan releases").again(4 * time.Second)},
		{"and releases what is archived still", facts(deleted, resting, fresh), release},
		{"that of the manager before, for an adoption", facts(deleted, resting, adopting, justSeen), waits.again(time.Minute)},
		{"that of the manager before, for the spec", facts(deleted, resting, archivedAs(false), justSeen), waits.again(time.Minute)},
		{"which are looked for too", facts(deleted, resting, archivedAs(false)), Step{Action: Read, ID: plazaID}},
		{"and end with the look", facts(deleted, resting, archivedAs(false), fresh), release},
		{"our own write since then is clear", facts(deleted, resting, archivedAs(false), justSeen, replied, fresh), release},
		{"a spec that says archived unarchives nothing", facts(deleted, resting, archivedAs(true), replied), release},
		{"Orphan does not wait", facts(deleted, resting, unclear(time.Minute), policy(v1alpha1.DeletionOrphan)),
			Step{Action: Release, ID: plazaID, Orphaned: true, MadeOwn: true}},
	})
}

func TestADeletionRecoversALostCreateFirst(t *testing.T) {
	decide(t, []decision{
		{"and then knows what to archive", facts(attempted, deleted, shows(plaza(createdAt(now.Add(-30*time.Minute))))),
			Step{Action: Bind, ID: plazaID, Origin: OriginRecovered}},
		{"and is done if there was none", facts(attempted, deleted), Step{Action: Release}},
		{"which is not waited for where the attempt made nothing", facts(attempted, deleted, empty, distrusted), Step{Action: Release}},
		{"and waits until that is known", facts(attempted, deleted, seen(0), listed(time.Minute)),
			says(v1alpha1.ReasonDeleting, "being looked for").awaiting(now).again(deletionRetry)},
		{"and for a create in flight", facts(attempted, deleted, inFlight), Step{Action: Wait, RequeueAfter: time.Second}},
		{"an incomplete listing proves nothing", facts(attempted, deleted, incomplete),
			says(v1alpha1.ReasonCreateUncertain, "deletionPolicy Orphan releases").again(5 * time.Minute)},
		{"a note that nobody can read needs a person", facts(unreadable, deleted),
			says(v1alpha1.ReasonCreateUncertain, "cannot be read").again(time.Hour)},
	})
}

// A group was made, its id could not be written down, and its Group was taken away by
// force. The policy was once applied as it stood at the POST, with the connection's
// consent of that time: a group was deleted for good after both had been withdrawn.
func TestAGroupWhoseGroupIsGoneGoesAsAnyDeletion(t *testing.T) {
	gone := func(s *Facts) {
		s.GroupGone, s.Group.Finalizers, s.Group.Status = true, nil, v1alpha1.GroupStatus{ObservedGeneration: -1}
	}
	remove := policy(v1alpha1.DeletionDelete)
	released := Step{Action: Release, ID: plazaID}
	decide(t, []decision{
		{"Archive archives", facts(gone), Step{Action: ArchiveRemote, ID: plazaID}},
		{"and is done then", facts(gone, remoteGroup(plaza(archivedSince(now))), replied), released},
		{"Delete deletes where the connection consents now", facts(gone, remove, allowDelete), Step{Action: DeleteRemote, ID: plazaID}},
		{"and is done then", facts(gone, remove, allowDelete, remoteState(RemoteNotFound), deleteTaken(time.Second)), Step{Action: Release, ID: plazaID, Deleted: true}},
		{"Delete without its consent waits", facts(gone, remove), says(v1alpha1.ReasonDeleteNotAllowed, "allowDelete").showing(plaza()).again(goneRetry)},
		{"Orphan leaves it", facts(gone, policy(v1alpha1.DeletionOrphan)), Step{Action: Release, ID: plazaID, Orphaned: true, MadeOwn: true}},
		{"it waits for its connection", facts(gone, down), says(v1alpha1.ReasonDeleting, "401 Unauthorized").again(goneRetry)},
		{"and for its first look", facts(gone, waitingFor), Step{Action: Wait, RequeueAfter: goneRetry}},
		{"its namespace may have lost the right to it", facts(gone, notAllowed), Step{Action: ArchiveRemote, ID: plazaID}},
		{"a call that failed is not repeated at once", facts(gone, failing), says(v1alpha1.ReasonDeleting, "503").again(4 * time.Second)},
	})
}

// The manager before had asked to unarchive the group, died, and its call arrived after
// our own had been answered and the Group was archived and gone.
func TestADeletionWaitsForWhatTheManagerBeforeMayHaveSent(t *testing.T) {
	wrote := func(ago time.Duration) option {
		return func(s *Facts) { s.Remote.Writes = map[Field]time.Time{FieldArchived: now.Add(-ago)} }
	}
	resting := remoteGroup(plaza(archivedSince(now.Add(-30 * time.Second))))
	asked := deletionSeen(40 * time.Second)
	longSeen := func(s *Facts) { inherited(s); s.Identity.Seen = now.Add(-SettleTime) }
	waits := says(v1alpha1.ReasonDeleting, "of a manager before this one, may still arrive").again(time.Minute)
	archive, release := Step{Action: ArchiveRemote, ID: plazaID}, Step{Action: Release, ID: plazaID}
	decide(t, []decision{
		{"where the spec wants it active", facts(deleted, asked, inherited, archivedAs(false)), waits},
		{"though our own unarchiving was answered", facts(deleted, asked, inherited, archivedAs(false), wrote(50*time.Second), replied), waits},
		{"and though we have archived it since", facts(deleted, asked, inherited, archivedAs(false), resting, wrote(30*time.Second), replied), waits},
		{"where the spec says by now that it is archived", facts(deleted, asked, inherited, archivedAs(true), resting, replied), waits},
		{"where the spec says nothing any more, and we have unarchived it", facts(deleted, asked, inherited, wrote(50*time.Second), replied), waits},
		{"where the group was archived when it was found", facts(deleted, asked, inherited, resting), waits},
		{"but not where it was active, and the deletion archives it", facts(deleted, asked, inherited), archive},
		{"nor once it has", facts(deleted, asked, inherited, resting, wrote(30*time.Second), replied, fresh), release},
		{"nor where no manager before knew the group", facts(deleted, asked, justSeen, archivedAs(false), wrote(50*time.Second), replied), archive},
		{"and no longer than such a call may take", facts(deleted, asked, longSeen, archivedAs(false)), archive},
		{"when what was seen before counts no more", facts(deleted, asked, longSeen, resting, asOf(10*time.Second), func(s *Facts) { s.Identity.Seen = now.Add(-SettleTime - 5*time.Second) }),
			Step{Action: Read, ID: plazaID}},
		{"and then it goes", facts(deleted, asked, longSeen, resting, fresh), release},
	})
}
