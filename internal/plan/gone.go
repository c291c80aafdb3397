// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plan

import (
	"time"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// A group is gone when a GET says 404, and a complete listing of a trusted connection
// lacks its id that began after that was asked. An ingress that had lost its way
// answered 404 to everything, and deletions were finished whose remote groups were
// there. Where there is no such listing, the API's own 404 has to do for a deletion,
// if it is given twice and lists are answered; and after our own DELETE it does alone.

const (
	// askAgain is how soon what proves nothing yet is asked again, at first; the time
	// doubles up to askAgainMost.
	askAgain     = 5 * time.Second
	askAgainMost = 5 * time.Minute
	// deleteAgain is when a group is deleted once more that the API goes on to show.
	deleteAgain = time.Hour
)

// goneSince is the time that evidence of an absence has to be newer than: the last
// write to the group that may be lagging, and the deletion, if there is one.
func (f *Facts) goneSince() time.Time {
	since := f.Identity.Seen.Add(SettleTime)
	if f.DeletionSeen.After(since) {
		since = f.DeletionSeen
	}
	return since
}

// notFound is when the question was asked that was answered with 404 and counts: the
// oldest one known, which a listing may have answered since. Zero without one.
func (f *Facts) notFound() time.Time {
	if f.Remote.State != RemoteNotFound && f.Remote.State != RemoteUnlisted || f.Remote.Settling {
		return time.Time{}
	}
	since := f.goneSince()
	for _, asked := range []time.Time{f.Remote.FirstNotFound, f.Remote.NotFoundListed, f.Remote.NotFound} {
		if !asked.IsZero() && !asked.Before(since) {
			return asked
		}
	}
	return time.Time{}
}

// provenGone: a 404 and a listing say so.
func (f *Facts) provenGone() bool {
	asked := f.notFound()
	return f.Evidence.trusted() && !asked.IsZero() && f.Remote.Absent.After(asked)
}

// asksListing: the group was not found, and only a listing can say more.
func (f *Facts) asksListing() bool { return f.Connection.Complete && !f.notFound().IsZero() }

// missing decides about a bound group that was not found.
func missing(f *Facts) Step {
	switch {
	case !f.Evidence.trusted():
		return Step{Action: Wait, RequeueAfter: f.Evidence.judgedAgain()}
	case f.notFound().IsZero():
		return waitForAbsence(f, Step{Action: Wait, RequeueAfter: SettleTime / 4})
	case f.Connection.Complete && !f.provenGone():
		return waitForAbsence(f, Step{Action: Wait, AwaitListing: f.notFound()})
	case f.spec().GroupID != "" || f.observes():
		return remoteMissing(f, f.Identity.ID)
	case !f.Connection.Complete:
		return unprovenMissing(f)
	default:
		return forget(f, f.Identity.ID)
	}
}

// forget gives an id up for a new group, once it is proven gone.
func forget(f *Facts, id string) Step {
	switch {
	case !f.provenGone():
		return waitForAbsence(f, Step{Action: Wait, AwaitListing: f.Now})
	case f.DryRun:
		return dryRun("create the group again: " + id + " is gone")
	}
	if b := f.backoff(nil); b != nil {
		return backedOff(f, b)
	}
	return Step{Action: ForgetID, ID: id}
}

// waitForAbsence waits until it is known whether the group is gone. What a person waits
// for says so once that has lasted.
func waitForAbsence(f *Facts, step Step) Step {
	if !userIsWaiting(f.Group) {
		return step
	}
	said := waitReported(f, v1alpha1.ReasonUpdating, "the API does not find remote group "+f.Identity.boundOrClaimed()+
		" (404); waiting until a listing shows whether it is gone", SettleTime/4)
	said.AwaitListing = step.AwaitListing
	return said
}

// unprovenMissing: the newest listing was incomplete. Where it is old, because the
// account is watched otherwise, another one may do better.
func unprovenMissing(f *Facts) Step {
	step := remoteMissing(f, f.Identity.ID)
	if f.Now.Sub(f.Evidence.Listed) > relistAfter {
		step.AwaitListing = f.Now
	}
	return step
}

// lost reports whether a deletion is not to be tried, since the group was not found.
func (f *Facts) lost() bool {
	return f.Remote.State == RemoteNotFound || f.Remote.State == RemoteUnlisted && !f.notFound().IsZero()
}

// finalizeMissing finishes a deletion where it is proven that the group is gone.
func finalizeMissing(f *Facts) Step {
	asked := f.notFound()
	switch {
	case !f.Evidence.trusted():
		step := writeStatus(deleting(f.Connection.Name+" does not show the groups that its Groups own, so that a 404 proves nothing"), 0)
		step.RequeueAfter = SettleTime
		return step
	case f.provenGone():
		return Step{Action: Release, ID: f.Identity.ID}
	case asked.IsZero():
		return deletionWaits(f, "the API does not find the remote group (404), which so soon after a write may be its lag", SettleTime/4)
	case f.Connection.Complete:
		step := deletionWaits(f, "the API does not find the remote group (404), and a listing is to say whether it is gone", deletionRetry)
		step.AwaitListing = asked
		return step
	default:
		return finalizeUnlistable(f)
	}
}

// finalizeUnlistable: no listing can prove the absence, and the API's own word has to do.
func finalizeUnlistable(f *Facts) Step {
	since := f.goneSince()
	waited := f.Now.Sub(since)
	if f.Remote.FirstNotFound.After(since) {
		waited = f.Now.Sub(f.Remote.FirstNotFound)
	}
	switch {
	case !f.Remote.NotFoundTwice.Before(since):
		return Step{Action: Release, ID: f.Identity.ID}
	case f.Remote.State != RemoteNotFound && f.backoff(nil) == nil:
		return Step{Action: Read, ID: f.Identity.ID}
	case waited >= SettleTime:
		report := deleting("the API does not find the remote group (404), but neither can the account be listed completely nor is that the API's own word, so that nothing proves it gone")
		report.Stalled = true
		return writeStatus(report, askedAgain(f, waited))
	default:
		return deletionWaits(f, "the API does not find the remote group (404), and is asked once more", askedAgain(f, waited))
	}
}

// askedAgain doubles with what was waited for already.
func askedAgain(f *Facts, waited time.Duration) time.Duration {
	if b := f.backoff(nil); b != nil {
		return b.Until.Sub(f.Now)
	}
	return min(max(waited, askAgain), askAgainMost)
}

// deletionWaits says what a deletion waits for once that has lasted.
func deletionWaits(f *Facts, what string, again time.Duration) Step {
	if waited := f.Now.Sub(f.DeletionSeen); !f.GroupGone && waited < reportAfter {
		return Step{Action: Wait, RequeueAfter: min(again, reportAfter-waited)}
	}
	return writeStatus(deleting(what), again)
}

// confirmDelete looks whether the group is gone that our own DELETE, which was
// answered, has asked to delete. The API may lag behind, or take its time: it is not
// asked to delete again before that is over.
func confirmDelete(f *Facts) (_ Step, stop bool) {
	if f.Remote.Deleted.IsZero() {
		return Step{}, false
	}
	waited := f.Now.Sub(f.Remote.Deleted)
	switch {
	case f.Remote.State == RemoteNotFound:
		return Step{Action: Release, ID: f.Identity.ID, Deleted: true}, true
	case f.Remote.State == RemoteMisspelled:
		return Step{}, false
	case !f.Remote.Fresh:
		if b := f.backoff(nil); b != nil {
			return backedOffDeletion(f, b), true
		}
		return Step{Action: Read, ID: f.Identity.ID}, true
	case f.spec().DeletionPolicy != v1alpha1.DeletionDelete || !f.Connection.AllowDelete:
		return Step{}, false
	case waited < SettleTime:
		return deletionWaits(f, "the API took the DELETE, and shows the remote group still", min(max(waited, time.Second), SettleTime-waited)), true
	case waited < deleteAgain:
		report := stalled(v1alpha1.ReasonNotApplied, "the API took the DELETE, and shows the remote group still; it is asked again within the hour; deletionPolicy Orphan releases this Group without a remote call")
		return writeStatus(showing(f, report), min(waited, deleteAgain-waited)), true
	default:
		return Step{}, false
	}
}
