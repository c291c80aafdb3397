// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plan

import (
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

func asOf(ago time.Duration) option { return func(s *Facts) { s.Remote.AsOf = now.Add(-ago) } }

func declaredFor(d time.Duration) option {
	return func(s *Facts) { s.History.DeclaredSeen = now.Add(-d) }
}

func deletionSeen(ago time.Duration) option {
	return func(s *Facts) { s.DeletionSeen = now.Add(-ago) }
}

func madeUnrecorded(s *Facts) { s.Identity.Unrecorded, s.Identity.Recorded = true, false }
func noteLost(s *Facts)       { s.Identity.NoteLost = true }

// A spec was edited while a POST was under way. The mirror showed what was edited to by
// chance, or the old declaration was compared: Ready=True/Synced was said of a generation
// that nobody had compared with the API's word.
func TestReadyIsNotSaidOnEvidenceOlderThanTheDeclaration(t *testing.T) {
	read := Step{Action: Read, ID: plazaID}
	synced := says(v1alpha1.ReasonSynced, "shows the declared").ready().showing(plaza())
	decide(t, []decision{
		{"what was seen before the edit does not count", facts(changed, asOf(time.Minute), declaredFor(time.Second)), read},
		{"what was seen after it does", facts(changed, asOf(time.Second), declaredFor(time.Minute)), synced},
		{"an edit of no declared field costs no call", facts(changed, asOf(time.Minute), declaredFor(time.Hour)), synced},
		{"nor does a generation that was compared before a restart", facts(changed, asOf(time.Minute)), synced},
		{"a difference that is only observed is seen afresh too", facts(changed, observe, describedAs("new"), asOf(time.Minute), declaredFor(time.Second)), read},
		{"a difference is corrected at once: the reply is newer", facts(changed, describedAs("new"), asOf(time.Minute), declaredFor(time.Second)),
			Step{Action: Update, ID: plazaID, Fields: []Field{FieldDescription}}},
	})
}

// A group was archived in the mirror, and unarchived by somebody since: its Group was
// released, and the group stayed active and nobody's.
func TestAnArchiveFromBeforeTheDeletionIsReadAgain(t *testing.T) {
	resting := remoteGroup(plaza(archivedSince(now.Add(-time.Hour))))
	decide(t, []decision{
		{"seen before the deletion", facts(deleted, resting, asOf(time.Minute), deletionSeen(time.Second)), Step{Action: Read, ID: plazaID}},
		{"seen after it", facts(deleted, resting, asOf(time.Second), deletionSeen(time.Minute)), Step{Action: Release, ID: plazaID}},
	})
}

// The POST was answered, writing the id down failed once, and the connection went down.
// A person set Orphan and deleted: the event said that the group is left, and a minute
// later it was archived, or deleted for good.
func TestAnIDThatWasMadeIsWrittenDownBeforeAnythingElse(t *testing.T) {
	record := Step{Action: Record, ID: plazaID}
	decide(t, []decision{
		{"while the connection is down", facts(madeUnrecorded, down), record},
		{"while it is gone", facts(madeUnrecorded, notFound), record},
		{"while the namespace may not use it", facts(madeUnrecorded, notAllowed), record},
		{"while suspended", facts(madeUnrecorded, suspend), record},
		{"while being deleted as an Orphan", facts(madeUnrecorded, deleted, policy(v1alpha1.DeletionOrphan)), record},
		{"not where another Group owns it", facts(madeUnrecorded, owned), says(v1alpha1.ReasonIDConflict, "is owned by").again(time.Minute)},
	})
}

// A reply was lost at the beginning of an outage. During it the manifest was replaced,
// which stripped the note, and a second POST went out when the API was back.
func TestAStrippedNoteIsPutBack(t *testing.T) {
	restore := Step{Action: RestoreNote}
	decide(t, []decision{
		{"at once", facts(attempted, noteLost), restore},
		{"while the connection is down", facts(attempted, noteLost, down), restore},
		{"while suspended", facts(attempted, noteLost, suspend), restore},
		{"not where it made nothing", facts(attempted, noteLost, empty), Step{Action: Create}},
		{"not in a dry run", facts(attempted, noteLost, dry, listed(time.Hour)), says(v1alpha1.ReasonCreating, "looking for its group").awaiting(now.Add(-30 * time.Minute))},
	})
}
