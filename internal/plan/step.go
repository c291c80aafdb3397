// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plan

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

// Action is what the controller does next.
type Action int

const (
	// Wait: nothing to do and nothing to say.
	Wait Action = iota
	// WriteStatus: write the report, then stop.
	WriteStatus
	// Read: GET the remote group named by ID.
	Read
	// ReadCandidate: GET the remote group of the same name that ID names.
	ReadCandidate
	// RestoreNote: put the note of an open create back, which somebody stripped.
	RestoreNote
	// Bind: record ID as this Group's remote group.
	Bind
	// Record: put identity, annotations and finalizer back where they belong.
	Record
	// ForgetID: forget an id that is proven gone, to create the group again.
	ForgetID
	// Create: POST.
	Create
	// Update: PUT Fields.
	Update
	// ArchiveRemote: PUT archived_at = now, because the Group is being deleted; or
	// once more what it shows, where that may be older than an unarchiving.
	ArchiveRemote
	// Unarchive: PUT archived_at = null, because the group was adopted.
	Unarchive
	// DeleteRemote: DELETE, permanently.
	DeleteRemote
	// Release: remove the finalizer; the Group is finished.
	Release
)

// String names the action for logs.
func (a Action) String() string {
	return [...]string{
		"Wait", "WriteStatus", "Read", "ReadCandidate", "RestoreNote", "Bind", "Record", "ForgetID", "Create", "Update",
		"ArchiveRemote", "Unarchive", "DeleteRemote", "Release",
	}[a]
}

// Origin is how a Group comes by the id that it binds to.
type Origin int

const (
	// OriginDeclared: spec.groupID, ByName, or a take-over: an adoption.
	OriginDeclared Origin = iota
	// OriginRecovered: an earlier create of ours made it.
	OriginRecovered
	// OriginRestored: it was bound before, says the annotation while no status does, or
	// this process, which gave it up.
	OriginRestored
)

// Step is one decision.
type Step struct {
	Action Action
	// ID is the remote group concerned.
	ID string
	// Origin goes with Bind.
	Origin Origin
	// Unarchive goes with Bind: the group is archived, and is to be unarchived.
	Unarchive bool
	// WithWrite goes with Read: a PUT follows at once, whose rate slot is taken with
	// that of the GET.
	WithWrite bool
	// Fields go with Update, and with Create where it leaves some out.
	Fields []Field
	// Drifted: the fields were right before; somebody else changed them.
	Drifted bool
	// Orphaned goes with Release: the remote group is left as it is. MadeOwn: it can
	// only have been made for this Group, so that no open create of another may take
	// it for what it has made.
	Orphaned, MadeOwn bool
	// Deleted goes with Release: our own DELETE has removed the remote group.
	Deleted bool
	// ArchivedAt goes with ArchiveRemote: the date that an archived group keeps, where
	// what it shows may be older than an unarchiving; zero means now.
	ArchivedAt time.Time
	// Report is what to say if the step is WriteStatus, or cannot be finished in this pass.
	Report Report
	// RequeueAfter is when to look again; zero leaves it to events.
	RequeueAfter time.Duration
	// AwaitListing asks for a listing that begins after this instant.
	AwaitListing time.Time
}

// Report is what the Ready condition says, and what stands beside it.
type Report struct {
	Status  metav1.ConditionStatus
	Reason  string
	Message string
	// Stalled: a person is needed. Reconciling: it will go on by itself.
	Stalled     bool
	Reconciling bool
	// Drift are the fields that differ and are not being corrected.
	Drift []Field
	// Remote is the remote group to show in status; nil leaves what is there.
	Remote *remote.Group
}

// How long a Group that needs a person waits before it looks again by itself.
const stalledRetry = time.Hour

// How often a Group whose namespace may not use its connection looks whether the
// namespace's labels have changed.
const allowedRetry = time.Minute

// How old an incomplete listing must be for another one to be asked for.
const relistAfter = 5 * time.Minute

func writeStatus(r Report, again time.Duration) Step {
	return Step{Action: WriteStatus, Report: r, RequeueAfter: again}
}

func stalled(reason, message string) Report {
	return Report{Status: metav1.ConditionFalse, Reason: reason, Message: message, Stalled: true}
}

func blocked(reason, message string) Report {
	return Report{Status: metav1.ConditionFalse, Reason: reason, Message: message}
}

func waiting(reason, message string) Report {
	return Report{Status: metav1.ConditionFalse, Reason: reason, Message: message, Reconciling: true}
}

func dryRun(would string) Step {
	return writeStatus(Report{Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonDryRun, Message: "dry run: would " + would}, 0)
}
