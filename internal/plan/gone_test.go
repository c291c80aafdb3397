// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plan

import (
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

func absentBefore(s *Facts) { s.Remote.Absent = askedAt }
func unlisted(s *Facts)     { s.Remote.State = RemoteUnlisted }

// asksAgain: it was asked within the settle time of its first sight, then before the
// listing, and once more after it.
func asksAgain(s *Facts) {
	s.Identity.Seen = now.Add(-SettleTime - 2*time.Minute)
	s.Remote.FirstNotFound, s.Remote.NotFoundListed, s.Remote.NotFound = now.Add(-3*time.Minute), askedAt, now
}

// deleteTaken: our own DELETE was answered so long ago.
func deleteTaken(ago time.Duration) option {
	return func(s *Facts) { s.Remote.Deleted, s.Remote.Settling = now.Add(-ago), ago < SettleTime }
}

// The 404 of an ingress that answered so to everything ended deletions whose remote
// groups were there.
func TestADeletionEndsWhereTheGroupIsProvenGone(t *testing.T) {
	gone := remoteState(RemoteNotFound)
	remove := policy(v1alpha1.DeletionDelete)
	release := Step{Action: Release, ID: plazaID}
	decide(t, []decision{
		{"a 404 and a listing begun after it", facts(deleted, gone, proven), release},
		{"of a permanent one too", facts(deleted, remove, allowDelete, gone, proven), release},
		{"which need not be asked again after it", facts(deleted, gone, proven, unlisted), release},
		{"a 404 alone does not", facts(deleted, gone), says(v1alpha1.ReasonDeleting, "a listing is to say").awaiting(askedAt).again(time.Minute)},
		{"nor with a listing from before it", facts(deleted, gone, absentBefore),
			says(v1alpha1.ReasonDeleting, "a listing is to say").awaiting(askedAt).again(time.Minute)},
		{"it is waited for in silence at first, and without asking", facts(deleted, gone, unlisted, deletionSeen(time.Minute)),
			says(v1alpha1.ReasonDeleting, "a listing is to say").awaiting(askedAt).again(time.Minute)},
		{"in silence at first", facts(deleted, gone, func(s *Facts) {
			s.DeletionSeen, s.Remote.FirstNotFound, s.Remote.NotFound = now.Add(-10*time.Second), now, now
		}), Step{Action: Wait, AwaitListing: now, RequeueAfter: 20 * time.Second}},
		{"and aloud after half a minute", facts(deleted, gone, func(s *Facts) {
			s.DeletionSeen, s.Remote.FirstNotFound, s.Remote.NotFound = now.Add(-reportAfter), now, now
		}), says(v1alpha1.ReasonDeleting, "a listing is to say").awaiting(now).again(time.Minute)},
		{"what was asked before the deletion says nothing of it", facts(deleted, gone, unlisted, proven, deletionSeen(0)), Step{Action: Read, ID: plazaID}},
		{"a listing alone does not either", facts(deleted, remoteState(RemoteUnlisted), proven), Step{Action: Read, ID: plazaID}},
		{"a 404 on an untrusted connection does not", facts(deleted, gone, proven, distrusted),
			says(v1alpha1.ReasonDeleting, "a 404 proves nothing").again(2 * time.Minute)},
		{"nor one right after our own write", facts(deleted, gone, proven, settling),
			says(v1alpha1.ReasonDeleting, "may be its lag").again(30 * time.Second)},
		{"nor right after the manager before us wrote", facts(deleted, gone, proven, justSeen),
			says(v1alpha1.ReasonDeleting, "may be its lag").again(30 * time.Second)},
	})
}

func TestWhereNoListingProvesItTheAPIsOwnWordCompletesADeletion(t *testing.T) {
	gone := remoteState(RemoteNotFound)
	twice := func(s *Facts) { s.Remote.NotFoundTwice = now }
	again := says(v1alpha1.ReasonDeleting, "is asked once more")
	decide(t, []decision{
		{"given twice", facts(deleted, gone, incomplete, twice), Step{Action: Release, ID: plazaID}},
		{"not once", facts(deleted, gone, incomplete), again.again(time.Minute)},
		{"it is asked for again", facts(deleted, gone, unlisted, incomplete), Step{Action: Read, ID: plazaID}},
		{"not while that fails", facts(deleted, gone, unlisted, incomplete, failing), again.again(4 * time.Second)},
		{"nor by what was said before the deletion was seen", facts(deleted, gone, incomplete, func(s *Facts) {
			s.Remote.NotFoundTwice, s.DeletionSeen, s.Remote.NotFound = askedAt, now, now
		}), Step{Action: Wait, RequeueAfter: 5 * time.Second}},
		{"not on an untrusted connection", facts(deleted, gone, incomplete, twice, distrusted),
			says(v1alpha1.ReasonDeleting, "a 404 proves nothing").again(2 * time.Minute)},
		{"what nothing can prove needs a person", facts(deleted, gone, incomplete, func(s *Facts) { s.Remote.FirstNotFound = now.Add(-2 * time.Minute) }),
			says(v1alpha1.ReasonDeleting, "nothing proves it gone; deletionPolicy Orphan").stalled().again(2 * time.Minute)},
		{"nothing is made again by it", facts(gone, incomplete, twice), says(v1alpha1.ReasonRemoteMissing, "cannot be listed completely").again(time.Hour)},
	})
}

// A DELETE whose reply was not followed by the release at once was repeated every half
// minute, and nothing was said meanwhile.
func TestAfterOurOwnDeleteAGetSaysWhetherTheGroupIsGone(t *testing.T) {
	remove := policy(v1alpha1.DeletionDelete)
	shown := func(s *Facts) {
		remoteGroup(plaza())(s)
		fresh(s)
	}
	waits := says(v1alpha1.ReasonDeleting, "took the DELETE")
	decide(t, []decision{
		{"it is asked", facts(deleted, remove, allowDelete, remoteState(RemoteUnlisted), deleteTaken(0)), Step{Action: Read, ID: plazaID}},
		{"also where a listing shows it still", facts(deleted, remove, allowDelete, deleteTaken(3*time.Minute)), Step{Action: Read, ID: plazaID}},
		{"not while that fails", facts(deleted, remove, allowDelete, deleteTaken(0), failing), says(v1alpha1.ReasonDeleting, "503").again(4 * time.Second)},
		{"nor where it was not found before", facts(deleted, remove, allowDelete, remoteState(RemoteNotFound), unlisted, deleteTaken(3*time.Minute), failing),
			says(v1alpha1.ReasonDeleting, "503").again(4 * time.Second)},
		{"a 404 alone is the end, untrusted or not", facts(deleted, remove, allowDelete, remoteState(RemoteNotFound), deleteTaken(0), distrusted),
			Step{Action: Release, ID: plazaID, Deleted: true}},
		{"whatever the policy and the consent are by now", facts(deleted, remoteState(RemoteNotFound), deleteTaken(0)), Step{Action: Release, ID: plazaID, Deleted: true}},
		{"where it shows the group it is asked again soon", facts(deleted, remove, allowDelete, shown, deleteTaken(0)), waits.again(time.Second)},
		{"and then later", facts(deleted, remove, allowDelete, shown, deleteTaken(20*time.Second)), waits.again(20 * time.Second)},
		{"until the settle time is over", facts(deleted, remove, allowDelete, shown, deleteTaken(110*time.Second)), waits.again(10 * time.Second)},
		{"then a person is needed", facts(deleted, remove, allowDelete, shown, deleteTaken(SettleTime)),
			says(v1alpha1.ReasonNotApplied, "shows the remote group still").showing(plaza()).again(2 * time.Minute)},
		{"who need not look again before that", facts(deleted, remove, allowDelete, shown, deleteTaken(50*time.Minute)),
			says(v1alpha1.ReasonNotApplied, "shows the remote group still").showing(plaza()).again(10 * time.Minute)},
		{"and it is tried once more within the hour", facts(deleted, remove, allowDelete, shown, deleteTaken(time.Hour)), Step{Action: DeleteRemote, ID: plazaID}},
		{"without the consent it is not", facts(deleted, remove, shown, deleteTaken(time.Minute)),
			says(v1alpha1.ReasonDeleteNotAllowed, "allowDelete").showing(plaza()).again(time.Minute)},
		{"it may be archived instead by then", facts(deleted, shown, deleteTaken(time.Minute)), Step{Action: ArchiveRemote, ID: plazaID}},
	})
}
