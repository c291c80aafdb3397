// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plan

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

func attemptedBefore(s *Facts) { s.History.Attempted = true }
func saidTaken(s *Facts)       { s.History.NameTaken = true }
func adoptsNothing(s *Facts)   { s.Connection.MayAdopt = false }
func byGets(s *Facts)          { s.Evidence.ByGets = true }

func asked(ago time.Duration) option {
	return func(s *Facts) { s.History.AskedAt = now.Add(-ago) }
}

func eachCandidate(edit func(*Candidate)) option {
	return func(s *Facts) {
		for i := range s.Evidence.Candidates {
			edit(&s.Evidence.Candidates[i])
		}
	}
}

func madeForOther(s *Facts) { eachCandidate(func(c *Candidate) { c.MadeForOther = true })(s) }
func letGo(s *Facts)        { eachCandidate(func(c *Candidate) { c.MadeForOther, c.LetGo = true, true })(s) }
func readNow(s *Facts)      { eachCandidate(func(c *Candidate) { c.AsOf = now })(s) }

func openFor(ago time.Duration) option {
	return eachCandidate(func(c *Candidate) { c.OpenCreate, c.OpenSince = "lobby/other", now.Add(-ago) })
}

// A cluster that is rebuilt from Git applied every manifest, and each group was made a
// second time.
func TestNeverCreatesNothingBesideAnUnownedNamesake(t *testing.T) {
	old := plaza(createdAt(now.Add(-48 * time.Hour)))
	second := plaza(withID(otherID), createdAt(now.Add(-47*time.Hour)))
	taken := func(message string) Step { return says(v1alpha1.ReasonNameTaken, message).again(time.Hour) }
	decide(t, []decision{
		{"it is read first", facts(unbound, shows(old)), Step{Action: ReadCandidate, ID: plazaID}},
		{"unless the API fails", facts(unbound, shows(old), failing), says(v1alpha1.ReasonUnavailable, "503").again(4 * time.Second)},
		{"then the ways out are named", facts(unbound, shows(old), readNow), taken(plazaID + " (created 2026-02-27T12:00:00Z); to bind to it, set groupID to its id, or adoptionPolicy to ByName")},
		{"each is read", facts(unbound, shows(old, second), readNow, func(s *Facts) { s.Evidence.Candidates[1].AsOf = now.Add(-2 * time.Hour) }),
			Step{Action: ReadCandidate, ID: otherID}},
		{"what was said once is not read again", facts(unbound, shows(old), saidTaken), taken(plazaID)},
		{"who may not adopt reads a count, and whom to ask", facts(unbound, shows(old, second), readNow, adoptsNothing),
			taken("2 remote groups of this name exist that no Group owns; to create another one beside, set adoptionPolicy to AllowDuplicate, or ask a cluster admin")},
		{"also where there is one", facts(unbound, shows(old), readNow, adoptsNothing), taken("1 remote group of this name exists that no Group owns; to create")},
		{"a dry run says it too", facts(unbound, dry, shows(old), readNow), taken(plazaID)},
		{"AllowDuplicate creates", facts(unbound, allowDuplicate, shows(old)), Step{Action: Create}},
		{"an archived one does not stand in the way", facts(unbound, shows(plaza(archivedSince(now)))), Step{Action: Create}},
		{"nor one of nearly this name", facts(unbound, shows(plaza(named("plaza hotel")))), Step{Action: Create}},
		{"nor one that a Group owns", facts(unbound, shows(old), claimed(plazaID)), Step{Action: Create}},
		{"nor one made for a Group that is gone", facts(unbound, shows(old), madeForOther), Step{Action: Create}},
		{"but one that such a Group has let go of does", facts(unbound, shows(old), letGo), Step{Action: ReadCandidate, ID: plazaID}},
		{"one that another Group has taken since is no reason to create", facts(unbound, saidTaken, shows(old), claimed(plazaID)),
			taken("belongs to Group")},
		{"nor one that was made for a Group that is gone", facts(unbound, saidTaken, shows(old), madeForOther), taken("belongs to a Group that is gone by now")},
		{"a create of this name in flight may have made it", facts(unbound, inFlight, shows(old)), Step{Action: Wait, RequeueAfter: time.Second}},
		{"where there is none, that holds nothing up", facts(unbound, inFlight), Step{Action: Create}},
		{"what another's open create may have made is waited for in silence", facts(unbound, shows(old), openFor(time.Minute), asked(0)),
			Step{Action: Wait, RequeueAfter: 5 * time.Second}},
		{"and then aloud", facts(unbound, shows(old), openFor(time.Minute)), says(v1alpha1.ReasonCreating, "waiting for Group lobby/other").again(5 * time.Second)},
		{"after half a minute", facts(unbound, shows(old), openFor(time.Minute), asked(reportAfter)), says(v1alpha1.ReasonCreating, "waiting for Group lobby/other").again(5 * time.Second)},
		{"for an hour", facts(unbound, shows(old), openFor(time.Hour)), Step{Action: ReadCandidate, ID: plazaID}},
	})
}

// With an interval of a day, the newest listing may be from before a namesake was made.
func TestATakenNameIsJudgedByAListingOfTheLastTenMinutes(t *testing.T) {
	took := func(d time.Duration) option { return func(s *Facts) { s.Evidence.ListedFor = d } }
	decide(t, []decision{
		{"an old one does not serve", facts(unbound, listed(11*time.Minute), asked(0)), Step{Action: Wait, AwaitListing: now.Add(-10 * time.Minute), RequeueAfter: 30 * time.Second}},
		{"which is said once it lasts", facts(unbound, listed(11*time.Minute), asked(time.Minute)),
			says(v1alpha1.ReasonCreating, "waiting for a listing").again(2 * time.Minute).awaiting(now.Add(-10 * time.Minute))},
		{"one that took long serves for longer", facts(unbound, listed(11*time.Minute), took(2*time.Minute)), Step{Action: Create}},
		{"AllowDuplicate asks for none", facts(unbound, allowDuplicate, listed(11*time.Minute)), Step{Action: Create}},
		{"an account that cannot be listed shows what it shows", facts(unbound, incomplete, listed(11*time.Minute)), Step{Action: Create}},
		{"as does one that is watched by gets", facts(unbound, byGets, listed(11*time.Minute)), Step{Action: Create}},
	})
}

// An account with a thousand groups of one name costs ten reads, and a message of ten.
func TestManyNamesakesAreReadTenAtMost(t *testing.T) {
	var groups []remote.Group
	for i := range 50 {
		groups = append(groups, plaza(withID(fmt.Sprintf("id-%02d", i)), createdAt(now.Add(-48*time.Hour))))
	}
	f := facts(unbound, shows(groups...))
	reads := 0
	for step := Next(f); step.Action == ReadCandidate; step = Next(f) {
		reads++
		eachCandidate(func(c *Candidate) {
			if c.Group.ID == step.ID {
				c.AsOf = now
			}
		})(f)
	}
	if reads != mostRead || Next(f).Report.Reason != v1alpha1.ReasonNameTaken {
		t.Errorf("%d reads, then %+v", reads, Next(f))
	}
}

func TestTenOfManyAreNamed(t *testing.T) {
	var many []Candidate
	for i := range mostRead {
		many = append(many, Candidate{Group: remote.Group{ID: fmt.Sprint(i)}})
	}
	many[1].Group.CreatedAt, many[1].OwnedBy = now, "lobby/plaza"
	const ten = "0, 1 (created 2026-03-01T12:00:00Z) which Group lobby/plaza owns, 2, 3, 4, 5, 6, 7, 8, 9"
	if got := describeOwned(many); got != ten {
		t.Errorf("ten: %s", got)
	}
	if got := describeOwned(append(many, Candidate{}, Candidate{})); got != ten+" and 2 more" {
		t.Errorf("twelve: %s", got)
	}
	if got, want := describe(groupsOf(many[:3])), "0, 1 (created 2026-03-01T12:00:00Z), 2"; got != want {
		t.Errorf("three: %s, want %s", got, want)
	}
}

// A team that may use the account took groups of others by name or id.
func TestANamespaceThatMayNotAdoptBindsToNothingItDidNotMake(t *testing.T) {
	refusedTo := says(v1alpha1.ReasonAdoptionNotAllowed, "allowedAdoptionNamespaces").again(time.Minute)
	decide(t, []decision{
		{"by its id, before any call", facts(unbound, groupID, adoptsNothing), refusedTo},
		{"nor is it told whose it is", facts(unbound, groupID, owned, adoptsNothing), refusedTo},
		{"by its name", facts(unbound, byName, shows(plaza()), adoptsNothing), refusedTo},
		{"nor is it told which there are", facts(unbound, byName, shows(plaza(), plaza(withID(otherID))), claimed(plazaID), adoptsNothing), refusedTo},
		{"what nobody has the name of is created", facts(unbound, byName, adoptsNothing), Step{Action: Create}},
		{"what its own create made is recovered", facts(attempted, shows(plaza(createdAt(now.Add(-30*time.Minute)))), adoptsNothing),
			Step{Action: Bind, ID: plazaID, Origin: OriginRecovered}},
		{"what groupID names and is bound stays bound", facts(adoptsNothing, groupID), says(v1alpha1.ReasonSynced, "shows the declared").ready().showing(plaza())},
		{"what is bound stays bound", facts(adoptsNothing), says(v1alpha1.ReasonSynced, "shows the declared").ready().showing(plaza())},
	})
}

// The one that was archived last is the one that a person has put away.
func TestTheNamesakeArchivedLastIsTheOne(t *testing.T) {
	archived := func(id string, ago time.Duration, edits ...func(*remote.Group)) remote.Group {
		return plaza(append(edits, withID(id), archivedSince(now.Add(-ago)))...)
	}
	others := []remote.Group{plaza(withID("active")), archived("another name", time.Minute, named("Ritz"))}
	if last, found := archivedNamesake(facts(shows(others...))); found {
		t.Errorf("%s was taken for an archived one of this name", last.Group.ID)
	}
	ours := []remote.Group{archived("older", 3*time.Hour), archived("last", time.Hour), archived("oldest", 5*time.Hour), others[1]}
	if last, found := archivedNamesake(facts(shows(slices.Concat(others, ours)...))); !found || last.Group.ID != "last" {
		t.Errorf("got %q, %t", last.Group.ID, found)
	}
}
