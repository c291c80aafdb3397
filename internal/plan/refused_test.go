// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plan

import (
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

// An API that wants unique names counts archived groups too. What has the name is told,
// with the way to bind to it, and once that is gone the request is made again.
func TestANameThatTheAPIRefusesIsToldWithItsHolder(t *testing.T) {
	conflict := func(holders ...string) option {
		return func(s *Facts) {
			refused(FieldName)(s)
			s.History.Refused.Conflict, s.History.Refused.Holders = true, holders
		}
	}
	notAdopting := option(func(s *Facts) { s.Connection.MayAdopt = false })
	archived := plaza(withID(otherID), archivedSince(now.Add(-time.Hour)))
	renamed := option(func(s *Facts) { s.Remote.Group.Name = "Plaza"; changed(s) })
	says := func(text string) Step { return says(v1alpha1.ReasonRejected, text).again(heldPoll) }
	put := Step{Action: Update, ID: plazaID, Fields: []Field{FieldName}}
	shown := func(s Step) Step { return s.showing(plaza(named("Plaza")), FieldName) }
	decide(t, []decision{
		{"an archived group has it", facts(unbound, conflict(otherID), shows(archived)),
			says("this name has archived remote group " + otherID + ": to bind to it, set adoptionPolicy to ByName, or groupID")},
		{"so has one that another Group left", facts(unbound, conflict(otherID), shows(archived), func(s *Facts) { s.Evidence.Candidates[0].MadeForOther = true }), says("to bind to it, set adoptionPolicy to ByName")},
		{"and nobody here may adopt", facts(unbound, conflict(otherID), shows(archived), notAdopting), says("groups of this name exist (1); declare another name, or ask a cluster admin")},
		{"another Group's has it", facts(unbound, allowDuplicate, conflict(otherID), shows(archived), claimed(otherID)), says("archived remote group " + otherID + " of Group lobby/other: declare another name")},
		{"nobody is seen to have it", facts(unbound, conflict()), says("adoptionPolicy ByName or its id as groupID")},
		{"nor is anybody where nobody here may adopt", facts(unbound, conflict(), notAdopting), says("if a group has this name already, an archived one too")},
		{"it is free by now", facts(unbound, conflict(otherID)), Step{Action: Create}},
		{"the holder is called otherwise by now", facts(unbound, conflict(otherID), shows(plaza(withID(otherID), named("Ritz")))), Step{Action: Create}},
		{"another one has it by now", facts(unbound, conflict("gone"), shows(archived)), Step{Action: Create}},
		{"while the create is recovered", facts(attempted, seen(time.Minute), conflict(otherID), shows(plaza(withID(otherID), createdAt(now.Add(-24*time.Hour))))),
			says("this name has remote group " + otherID).awaiting(now.Add(-time.Minute))},
		{"a bound Group is renamed", facts(renamed, conflict(otherID), shows(archived, plaza())), shown(says("archived remote group " + otherID + ": rename that group"))},
		{"to a name that is free by now", facts(renamed, conflict(otherID), shows(plaza())), put},
		{"nobody is seen to have that", facts(renamed, conflict()), shown(says("if another group has this name"))},
		{"another refusal stands for an hour", facts(unbound, refused(FieldName)), says("422").again(time.Hour)},
	})
	if h := facts(conflict(otherID), shows(remote.Group{ID: otherID, Unknown: remote.FieldName})).refused(); h == nil {
		t.Error("a holder whose name cannot be read is taken for gone")
	}
}
