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
	resting := plaza(archivedSince(now.Add(-time.Hour)))
	decide(t, []decision{
		{"a Group without our finalizer is left alone", situation(deleted, func(s *Situation) { s.Group.Finalizers = nil }), Step{Do: Keep}},
		{"Archive archives", situation(deleted), Step{Do: ArchiveRemote, ID: plazaID}},
		{"Archive looks first", situation(deleted, remote(RemoteUnknown)), Step{Do: Read, ID: plazaID}},
		{"Archive of an archived group is done", situation(deleted, remoteGroup(resting)), Step{Do: Release, ID: plazaID}},
		{"but not where the API may lag behind the unarchiving of the manager before",
			situation(deleted, remoteGroup(resting), justSeen), Step{Do: ArchiveRemote, ID: plazaID}},
		{"or behind our own, where somebody else's change is seen late", situation(deleted, remoteGroup(resting), settling), Step{Do: ArchiveRemote, ID: plazaID}},
		{"unless our own write's reply says so", situation(deleted, remoteGroup(resting), justSeen, replied), Step{Do: Release, ID: plazaID}},
		{"Orphan releases", situation(deleted, orphan), Step{Do: Release, ID: plazaID, Orphaned: true}},
		{"Orphan needs no connection", situation(deleted, orphan, notFound), Step{Do: Release, ID: plazaID, Orphaned: true}},
		{"Orphan needs no resolved create", situation(attempted, deleted, orphan), Step{Do: Release}},
		{"Orphan goes before suspend", situation(deleted, orphan, suspend), Step{Do: Release, ID: plazaID, Orphaned: true}},
		{"Delete deletes where the connection consents", situation(deleted, remove, allowDelete), Step{Do: DeleteRemote, ID: plazaID}},
		{"Delete without the connection's consent waits", situation(deleted, remove),
			says(v1alpha1.ReasonDeleteNotAllowed, "allowDelete").showing(plaza())},
		{"the connection's consent alone deletes nothing", situation(deleted, allowDelete), Step{Do: ArchiveRemote, ID: plazaID}},
		{"a CRD that goes takes no group along", situation(deleted, remove, allowDelete, func(s *Situation) { s.CRDGone = true }),
			Step{Do: Release, ID: plazaID, Orphaned: true}},
		{"an unbound Group just goes", situation(unbound, deleted), Step{Do: Release}},
		{"a dry run says what it would do", situation(deleted, dry), says(v1alpha1.ReasonDryRun, "would apply deletionPolicy Archive")},
	})
}

func TestDeletionTouchesNothingThatIsNotOurs(t *testing.T) {
	released := Step{Do: Release, ID: plazaID}
	remove := policy(v1alpha1.DeletionDelete)
	decide(t, []decision{
		{"what another Group owns", situation(deleted, remove, allowDelete, owned), released},
		{"what another cluster bound", situation(deleted, remove, allowDelete, foreign), released},
		{"not even where it could be taken over", situation(deleted, remove, allowDelete, foreign, takeOverOK), released},
		{"what another Group has just let go of", situation(deleted, remove, allowDelete, noStatus, contends), released},
		{"what is only observed", situation(deleted, remove, allowDelete, observe), Step{Do: Release, ID: plazaID, Orphaned: true}},
		{"groupID of another's group does not hide a create that may have happened",
			situation(attempted, deleted, groupID, owned, shows(plaza(withID(otherID), createdAt(now.Add(-30*time.Minute))))),
			Step{Do: Bind, ID: otherID, Origin: OriginRecovered}},
		{"what annotations alone say of an account that the namespace may not use", situation(deleted, notAllowed, noStatus),
			says(v1alpha1.ReasonConnectionNotAllowed, "deletionPolicy Orphan releases").again(time.Minute)},
		{"a note alone of an attempt there", situation(attempted, deleted, notAllowed),
			says(v1alpha1.ReasonConnectionNotAllowed, "status shows no id").again(time.Minute)},
	})
}

func TestDeletionWaits(t *testing.T) {
	gone := remote(RemoteNotFound)
	remove := policy(v1alpha1.DeletionDelete)
	decide(t, []decision{
		{"suspend stops a deletion except Orphan", situation(deleted, suspend),
			says(v1alpha1.ReasonSuspended, "the deletion waits until suspend is false").showing(plaza()).ready()},
		{"a restart leaves a suspended deletion's status alone",
			situation(deleted, suspend, ready(v1alpha1.ReasonSuspended, "True"), remote(RemoteUnknown), func(s *Situation) {
				s.Group.Status.ObservedGeneration = s.Group.Generation
			}), Step{Do: Keep}},
		{"for the connection to be looked at", situation(deleted, waitingFor), Step{Do: Keep}},
		{"for a connection that does not exist", situation(deleted, notFound), says(v1alpha1.ReasonDeleting, "does not exist: create it; deletionPolicy Orphan")},
		{"for a connection that is down", situation(deleted, down), says(v1alpha1.ReasonDeleting, "401 Unauthorized")},
		{"but not for allowedNamespaces, once it has an id", situation(deleted, notAllowed), Step{Do: ArchiveRemote, ID: plazaID}},
		{"but not for a connection that is being deleted itself", situation(deleted, leaving), Step{Do: ArchiveRemote, ID: plazaID}},
		{"a 404 completes a deletion", situation(deleted, gone), Step{Do: Release, ID: plazaID}},
		{"a 404 completes a permanent one", situation(deleted, remove, allowDelete, gone), Step{Do: Release, ID: plazaID}},
		{"a 404 on an untrusted connection completes no deletion", situation(deleted, gone, distrusted),
			says(v1alpha1.ReasonDeleting, "a 404 proves nothing").again(2 * time.Minute)},
		{"a 404 right after our own write completes none", situation(deleted, gone, settling), Step{Do: Keep, Again: 30 * time.Second}},
		{"for an API that fails", situation(deleted, failing), says(v1alpha1.ReasonDeleting, "503").again(4 * time.Second)},
		{"for an API that fails a permanent one", situation(deleted, remove, allowDelete, failing),
			says(v1alpha1.ReasonDeleting, "503").again(4 * time.Second)},
		{"for a person where archiving is refused", situation(deleted, refused(FieldArchived)), says(v1alpha1.ReasonRejected, "422").again(time.Hour)},
		{"for a person where archiving shows nothing", situation(deleted, notApplied(FieldArchived)),
			says(v1alpha1.ReasonNotApplied, "not shown").again(time.Minute)},
		{"but not for a description that was refused", situation(deleted, refused(FieldDescription)), Step{Do: ArchiveRemote, ID: plazaID}},
	})
}

// A call to unarchive that seemed to fail arrived after the Group was gone, and left
// a group without an owner.
func TestADeletionWaitsForAnUnarchivingThatMayStillArrive(t *testing.T) {
	resting := remoteGroup(plaza(archivedSince(now.Add(-time.Hour))))
	unclear := func(until time.Duration) option {
		return func(s *Situation) { s.Remote.Unarchiving = now.Add(until) }
	}
	adopting := func(s *Situation) { s.Identity.Unarchive = true }
	waits := says(v1alpha1.ReasonDeleting, "may still arrive")
	release := Step{Do: Release, ID: plazaID}
	decide(t, []decision{
		{"ours, while the group is still archived", situation(deleted, resting, replied, unclear(time.Minute)), waits.again(time.Minute)},
		{"ours, though it was repeated since", situation(deleted, unclear(time.Minute)), waits.again(time.Minute)},
		{"then it looks once more", situation(deleted, resting, unclear(-time.Second)), Step{Do: Read, ID: plazaID}},
		{"unless reading has just failed", situation(deleted, resting, unclear(-time.Second), failing),
			says(v1alpha1.ReasonDeleting, "deletionPolicy Orphan releases").again(4 * time.Second)},
		{"and releases what is archived still", situation(deleted, resting, fresh), release},
		{"that of the manager before, for an adoption", situation(deleted, resting, adopting, justSeen), waits.again(time.Minute)},
		{"that of the manager before, for the spec", situation(deleted, resting, archivedAs(false), justSeen), waits.again(time.Minute)},
		{"which are looked for too", situation(deleted, resting, archivedAs(false)), Step{Do: Read, ID: plazaID}},
		{"and end with the look", situation(deleted, resting, archivedAs(false), fresh), release},
		{"our own write since then is clear", situation(deleted, resting, archivedAs(false), justSeen, replied, fresh), release},
		{"a spec that says archived unarchives nothing", situation(deleted, resting, archivedAs(true), replied), release},
		{"Orphan does not wait", situation(deleted, resting, unclear(time.Minute), policy(v1alpha1.DeletionOrphan)), Step{Do: Release, ID: plazaID, Orphaned: true}},
	})
}

func TestADeletionRecoversALostCreateFirst(t *testing.T) {
	decide(t, []decision{
		{"and then knows what to archive", situation(attempted, deleted, shows(plaza(createdAt(now.Add(-30*time.Minute))))),
			Step{Do: Bind, ID: plazaID, Origin: OriginRecovered}},
		{"and is done if there was none", situation(attempted, deleted), Step{Do: Release}},
		{"which is not waited for where the attempt made nothing", situation(attempted, deleted, empty, distrusted), Step{Do: Release}},
		{"and waits until that is known", situation(attempted, deleted, seen(0), listed(time.Minute)),
			says(v1alpha1.ReasonDeleting, "being looked for").awaiting(now)},
		{"and for a create in flight", situation(attempted, deleted, inFlight), Step{Do: Keep, Again: time.Second}},
		{"an incomplete listing proves nothing", situation(attempted, deleted, incomplete),
			says(v1alpha1.ReasonCreateUncertain, "deletionPolicy Orphan releases").again(5 * time.Minute)},
		{"a note that nobody can read needs a person", situation(unreadable, deleted),
			says(v1alpha1.ReasonCreateUncertain, "cannot be read").again(time.Hour)},
	})
}
