// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plan

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

func atLeast(usernames ...string) option {
	return spec(func(g *v1alpha1.GroupSpec) {
		g.ContactsPolicy = v1alpha1.ContactsAtLeast
		for _, name := range usernames {
			g.Contacts = append(g.Contacts, v1alpha1.Contact{Username: name})
		}
	})
}

func readAgo(d time.Duration) option { return func(s *Facts) { s.Remote.ReadAt = now.Add(-d) } }

func listedAgo(d time.Duration) option { return func(s *Facts) { s.Remote.AsOf = now.Add(-d) } }

func members(names ...string) func(*remote.Group) {
	return func(g *remote.Group) { g.Contacts = names }
}

// Adding one person to a group that others keep by hand removed all the others.
func TestAtLeastRemovesNobody(t *testing.T) {
	half := remoteGroup(plaza(members("Eve", "Hector")))
	doubtful := plaza(members("Eve"), func(g *remote.Group) { g.MoreContacts = true })
	decide(t, []decision{
		{"who is more is no difference", facts(atLeast("Hector"), half),
			says(v1alpha1.ReasonSynced, "shows the declared").ready().showing(plaza(members("Eve", "Hector")))},
		{"the members are read just before", facts(atLeast("Cliff"), half), Step{Action: Read, ID: plazaID, WithWrite: true}},
		{"a read of a while ago does not serve", facts(atLeast("Cliff"), half, readAgo(6*time.Second)), Step{Action: Read, ID: plazaID, WithWrite: true}},
		{"nor does a listing of a moment ago", facts(atLeast("Cliff"), half, listedAgo(time.Second)), Step{Action: Read, ID: plazaID, WithWrite: true}},
		{"then who is missing is added", facts(atLeast("Cliff"), half, readAgo(time.Second)),
			Step{Action: Update, ID: plazaID, Fields: []Field{FieldContacts}, Drifted: true}},
		{"also five seconds after the read", facts(atLeast("Cliff"), half, readAgo(membersServe)),
			Step{Action: Update, ID: plazaID, Fields: []Field{FieldContacts}, Drifted: true}},
		{"members that are not shown for certain are not written", facts(atLeast("Cliff"), remoteGroup(doubtful), fresh),
			says(v1alpha1.ReasonNotApplied, "every member").again(time.Hour).showing(doubtful)},
		{"but the other fields are", facts(atLeast("Cliff"), describedAs("new"), remoteGroup(doubtful)),
			Step{Action: Update, ID: plazaID, Fields: []Field{FieldDescription}, Drifted: true}},
	})
	d := Declared{Contacts: []string{"Hector", "Cliff", "Abel"}, AtLeast: true}
	sent := d.Changes([]Field{FieldContacts}, plaza(members("Eve", "Hector")), now)
	if diff := cmp.Diff([]string{"Eve", "Hector", "Cliff", "Abel"}, *sent.Contacts); diff != "" {
		t.Errorf("members sent (-want +got):\n%s", diff)
	}
}

// Sorting the contacts showed members in an order that nobody had declared.
func TestContactsAreSentInTheDeclaredOrder(t *testing.T) {
	f := facts(spec(func(g *v1alpha1.GroupSpec) {
		g.Contacts = []v1alpha1.Contact{{Username: "Hector"}, {Username: "Cedric"}, {Username: "Hector"}, {Username: "Abel"}}
	}))
	if diff := cmp.Diff([]string{"Hector", "Cedric", "Abel"}, *f.Declared.Creation().Contacts); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
	if fields := f.Declared.Diff(plaza(members("Abel", "Cedric", "Hector"))); len(fields) > 0 {
		t.Errorf("another order counts as a difference: %v", fields)
	}
}

// Somebody may add a member before a create is recovered.
func TestARecoveryUnderAtLeastComparesAsASubset(t *testing.T) {
	d := Declared{Name: hotel, Contacts: []string{"Hector"}, AtLeast: true}
	a := NewAttempt(d, now, nil)
	more, less := plaza(createdAt(now), members("Eve", "Hector")), plaza(createdAt(now), members("Eve"))
	if !a.shows(more, d) || a.shows(less, d) {
		t.Errorf("shows more: %t, less: %t", a.shows(more, d), a.shows(less, d))
	}
}

// A person changed the contacts while a create was open: what it made has those that were sent.
func TestARecoveryComparesWithWhatWasSentAndNotWithWhatIsDeclaredSince(t *testing.T) {
	sent, since := []string{"Hector"}, []string{"Cliff"}
	made := plaza(createdAt(now), members(sent...))
	for name, c := range map[string]struct{ sentAtLeast, nowAtLeast bool }{
		"exactly these, both times":       {false, false},
		"exactly these, and now at least": {false, true},
		"at least these, and now exactly": {true, false},
	} {
		a := NewAttempt(Declared{Name: hotel, Contacts: sent, AtLeast: c.sentAtLeast}, now, nil)
		if !a.shows(made, Declared{Name: hotel, Contacts: since, AtLeast: c.nowAtLeast}) {
			t.Errorf("%s: what the create has made is not known again", name)
		}
	}
}
