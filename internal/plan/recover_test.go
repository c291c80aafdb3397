// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plan

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/klink-cloud/klink-operator/internal/remote"
)

// evidence is what facts know of the account, changed by options.
func evidence(options ...option) Evidence { return facts(options...).Evidence }

func TestRecover(t *testing.T) {
	started := now.Add(-10 * time.Minute)
	declared := Declared{Name: hotel, Description: new("World-renowned.")}
	attempt := NewAttempt(declared, started, nil)
	attempt.Known = []string{"known"}
	ours := func(edits ...func(*remote.Group)) remote.Group {
		return plaza(append([]func(*remote.Group){createdAt(started), described("World-renowned.")}, edits...)...)
	}
	later := ours(withID("later"), createdAt(started.Add(time.Second)))
	vague := ours(withID("vague"), described("else"))
	near, composed := ours(named(" plaza HOTEL\n")), ours(named("Plaza Ho\u00adtel"))
	nameless := ours(named(""), func(g *remote.Group) { g.Unknown = remote.FieldName })
	longAgo := createdAt(started.Add(-time.Hour))
	for _, c := range []struct {
		name string
		e    Evidence
		want Recovery
	}{
		{"nothing, for sure", evidence(), Recovery{Outcome: OutcomeNone}},
		{"an exact one", evidence(shows(ours())), Recovery{Outcome: OutcomeBind, ID: plazaID}},
		{"the first of exact ones", evidence(shows(later, ours())), Recovery{Outcome: OutcomeBind, ID: plazaID}},
		{"the lower id of those made at one time", evidence(shows(ours(withID("b")), ours(withID("a")))), Recovery{Outcome: OutcomeBind, ID: "a"}},
		{"an exact one beside another", evidence(shows(vague, later)), Recovery{Outcome: OutcomeBind, ID: "later"}},
		{"an exact one even before the settle time is over", evidence(listed(20*time.Minute), incomplete, shows(ours())), Recovery{Outcome: OutcomeBind, ID: plazaID}},
		{"one that may be it", evidence(shows(vague)), Recovery{Outcome: OutcomeUncertain, Candidates: []remote.Group{vague}}},
		{"one at the edge of the clock skew", evidence(shows(ours(createdAt(started.Add(-ClockSkew))))), Recovery{Outcome: OutcomeBind, ID: plazaID}},
		{"one beyond it", evidence(shows(ours(createdAt(started.Add(-ClockSkew - time.Second))))), Recovery{Outcome: OutcomeNone}},
		{"one of the future beyond it", evidence(shows(ours(createdAt(started.Add(ClockSkew + time.Second))))), Recovery{Outcome: OutcomeNone}},
		{"one without a creation time", evidence(shows(ours(createdAt(time.Time{})))), Recovery{Outcome: OutcomeBind, ID: plazaID}},
		{"one that another Group owns", evidence(shows(ours()), claimed(plazaID)), Recovery{Outcome: OutcomeNone}},
		{"one that was there before", evidence(shows(ours(withID("known")))), Recovery{Outcome: OutcomeNone}},
		{"one of another name", evidence(shows(ours(named("Ritz")))), Recovery{Outcome: OutcomeNone}},
		{"one whose name the API has trimmed or folded", evidence(shows(near)), Recovery{Outcome: OutcomeUncertain, Candidates: []remote.Group{near}}},
		{"an exact one beside it", evidence(shows(near, later)), Recovery{Outcome: OutcomeBind, ID: "later"}},
		{"one whose name differs in more than that", evidence(shows(composed)), Recovery{Outcome: OutcomeNone}},
		{"one whose name the API does not show", evidence(shows(nameless)), Recovery{Outcome: OutcomeUncertain, Candidates: []remote.Group{nameless}}},
		{"one of long ago whose name it does not show", evidence(shows(func() remote.Group { g := nameless; longAgo(&g); return g }())), Recovery{Outcome: OutcomeNone}},
		{"an incomplete listing after the settle time", evidence(incomplete), Recovery{Outcome: OutcomeUncertain}},
		{"an incomplete listing before", evidence(incomplete, listed(9*time.Minute)), Recovery{Outcome: OutcomeWait}},
		{"a listing begun exactly the settle time after", evidence(listed(8 * time.Minute)), Recovery{Outcome: OutcomeWait}},
		{"an untrusted listing", evidence(distrusted), Recovery{Outcome: OutcomeWait}},
		{"an untrusted, incomplete listing", evidence(distrusted, incomplete), Recovery{Outcome: OutcomeWait}},
		{"no listing", evidence(unmirrored), Recovery{Outcome: OutcomeWait}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, Recover(attempt, Declared{}, started, c.e)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestFindLostCreate(t *testing.T) {
	created := now.Add(-time.Hour)
	declared := Declared{Name: hotel, Contacts: []string{"Cedric", "Hector"}}
	equal := func(edits ...func(*remote.Group)) remote.Group {
		g := plaza(edits...)
		g.Contacts = []string{"Hector", "Cedric", "Hector"}
		return g
	}
	for _, c := range []struct {
		name string
		e    Evidence
		want string
	}{
		{"none", evidence(), ""},
		{"made with the Group", evidence(shows(equal(createdAt(created)))), plazaID},
		{"what is undeclared does not count", evidence(shows(equal(described("any")))), plazaID},
		{"archived, as another Group left it", evidence(shows(equal(archivedSince(now)))), ""},
		{"the first of several", evidence(shows(equal(withID(otherID), createdAt(now)), equal())), plazaID},
		{"older than the Group", evidence(shows(equal(createdAt(created.Add(-time.Second))))), ""},
		{"without a creation time", evidence(shows(equal(createdAt(time.Time{})))), ""},
		{"of another name", evidence(shows(equal(named("Ritz")))), ""},
		{"with other members", evidence(shows(plaza())), ""},
		{"owned", evidence(shows(equal()), claimed(plazaID)), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if id, found := FindLostCreate(declared, created, c.e); id != c.want || found != (c.want != "") {
				t.Errorf("bound to %q (found: %t), want %q", id, found, c.want)
			}
		})
	}
}

// Contacts that are not declared are nobody's business.
func TestALostCreateWithoutDeclaredContactsIsFound(t *testing.T) {
	g := plaza(createdAt(now))
	g.Contacts = []string{"Eve"}
	for name, d := range map[string]Declared{"undeclared": {Name: hotel}, "at least these": {Name: hotel, Contacts: []string{"Eve"}, AtLeast: true}} {
		if id, found := FindLostCreate(d, now.Add(-time.Hour), evidence(shows(g))); !found || id != plazaID {
			t.Errorf("%s: found %q", name, id)
		}
	}
	if id, found := FindLostCreate(Declared{Name: hotel, Contacts: []string{"Bob"}, AtLeast: true}, now.Add(-time.Hour), evidence(shows(g))); found {
		t.Errorf("%s lacks a contact, and was found", id)
	}
}

// Of copies that name an id in their annotations alone, or in spec.groupID, the oldest keeps
// the others off; a Group that does not name it gives way to any of them. Where that was not
// whom Owner picks, two Groups waited for each other, and one without a word.
func TestWhatAnnotationsSayIsKeptByTheOldest(t *testing.T) {
	claims := func(s *Facts) { claimedID(s); s.Group.CreationTimestamp.Time = now.Add(-time.Hour) }
	other := func(created time.Duration) []Claimant {
		return []Claimant{{UID: "other", Created: now.Add(created), MayBind: true, Recorded: true}}
	}
	for _, c := range []struct {
		name   string
		in     *Facts
		others []Claimant
		want   bool
	}{
		{"the older one", facts(claims), other(0), true},
		{"the younger one", facts(claims), other(-2 * time.Hour), false},
		{"the older one, by spec.groupID", facts(unbound, groupID), other(0), true},
		{"the younger one, by spec.groupID", facts(unbound, groupID), other(-2 * time.Hour), false},
		{"one that does not name it", facts(unbound, byName), other(0), false},
		{"nobody", facts(claims), nil, true},
		{"one whose status does not say so yet", facts(claims), []Claimant{{UID: "other", Created: now.Add(-2 * time.Hour), MayBind: true}}, true},
	} {
		if got := MayBind(c.in, Step{Action: Bind, ID: plazaID}, c.others, false); got != c.want {
			t.Errorf("%s may bind: %t", c.name, got)
		}
		reported := HeldOff(c.in, Step{Action: Bind, ID: plazaID}, c.others).Action == WriteStatus
		if reported == c.want {
			t.Errorf("%s says what it waits for: %t", c.name, reported)
		}
	}
}

func TestOwner(t *testing.T) {
	old := Claimant{UID: "b", Created: now.Add(-time.Hour), MayBind: true}
	young := Claimant{UID: "a", Created: now, MayBind: true}
	with := func(c Claimant, edit func(*Claimant)) Claimant {
		edit(&c)
		return c
	}
	bound := func(c *Claimant) { c.Bound = true }
	deleting := func(c *Claimant) { c.Deleting = true }
	powerless := func(c *Claimant) { c.MayBind = false }
	held := func(c *Claimant) { c.Held = true }
	leaving := with(with(old, deleting), held)
	for _, c := range []struct {
		name      string
		claimants []Claimant
		want      string
	}{
		{"nobody", nil, ""},
		{"the only one", []Claimant{young}, "a"},
		{"the older", []Claimant{young, old}, "b"},
		{"whose status says so", []Claimant{with(young, bound), old}, "a"},
		{"the older of two whose status says so", []Claimant{with(young, bound), with(old, bound)}, "b"},
		{"of one age, the lower UID", []Claimant{with(old, func(c *Claimant) { c.UID = "c" }), old}, "b"},
		{"one being deleted never takes over", []Claimant{with(old, deleting), young}, "a"},
		{"one being deleted keeps what it has", []Claimant{young, with(with(old, bound), deleting)}, "b"},
		{"one whose word does not count keeps nothing from others", []Claimant{with(old, powerless), young}, "a"},
		{"nor owns it alone", []Claimant{with(old, powerless)}, ""},
		{"but keeps what it has", []Claimant{with(with(old, bound), powerless), young}, "b"},
		{"nobody but one being deleted", []Claimant{with(old, deleting)}, ""},
		{"which keeps what it holds", []Claimant{leaving}, "b"},
		{"also beside an older one that holds nothing yet", []Claimant{old, with(with(young, deleting), held)}, "a"},
		{"not beside one that holds it too", []Claimant{leaving, with(young, held)}, "a"},
		{"nor where its word does not count", []Claimant{with(leaving, powerless), young}, "a"},
		{"nor beside one whose status says so", []Claimant{leaving, with(young, bound)}, "a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := append([]Claimant(nil), c.claimants...)
			owner, found := Owner(c.claimants)
			if owner.UID != c.want || found != (c.want != "") {
				t.Errorf("owner %q (found: %t), want %q", owner.UID, found, c.want)
			}
			if diff := cmp.Diff(before, c.claimants); diff != "" {
				t.Errorf("the claimants were changed:\n%s", diff)
			}
		})
	}
}

// The API server itself is asked before and after a Group is bound to what it did not
// just make: two managers, at a change of leaders, bound two Groups to one group.
func TestNoGroupIsBoundToWhatAnotherMayOwn(t *testing.T) {
	open := NewAttempt(Declared{Name: hotel}, now, nil)
	old := NewAttempt(Declared{Name: hotel}, now.Add(-2*time.Hour), nil)
	g := plaza(createdAt(now))
	step := Step{Action: Bind, ID: plazaID}
	for _, c := range []struct {
		name   string
		f      *Facts
		others []Claimant
		bound  bool
		want   bool
	}{
		{"nobody", facts(unbound, byName, shows(g)), nil, false, true},
		{"one that names it in its spec alone", facts(unbound, byName, shows(g)), []Claimant{{UID: "a"}}, false, true},
		{"one whose status or annotation names it", facts(unbound, byName, shows(g)), []Claimant{{UID: "a"}, {UID: "b", Recorded: true, MayBind: true}}, false, false},
		{"one whose annotation does not count", facts(unbound, byName, shows(g)), []Claimant{{UID: "b", Recorded: true}}, false, true},
		{"nor does its status count less than before", facts(unbound, byName, shows(g)), []Claimant{{UID: "b", Recorded: true, Bound: true}}, false, false},
		{"of two copies the older gets it", facts(claimedID), []Claimant{{UID: "b", Recorded: true, MayBind: true, Created: now}}, false, true},
		{"and the younger does not", facts(claimedID), []Claimant{{UID: "b", Recorded: true, MayBind: true}}, false, false},
		{"a copy gets nothing that a status shows", facts(claimedID), []Claimant{{UID: "b", Recorded: true, Bound: true, Created: now}}, false, false},
		{"one whose open create may have made it", facts(unbound, byName, shows(g)), []Claimant{{UID: "a", Attempt: &open}}, false, false},
		{"which is no longer looked at after the binding", facts(unbound, byName, shows(g)), []Claimant{{UID: "a", Attempt: &open}}, true, true},
		{"one whose open create cannot have", facts(unbound, byName, shows(g)), []Claimant{{UID: "a", Attempt: &old}}, false, true},
		{"groupID is a person's word", facts(unbound, groupID, remoteGroup(g)), []Claimant{{UID: "a", Attempt: &open}}, false, true},
		{"a recovery has a create of its own", facts(attempted, shows(g)), []Claimant{{UID: "a", Attempt: &open}}, false, true},
		{"but takes nothing that is bound", facts(attempted, shows(g)), []Claimant{{UID: "a", Recorded: true, MayBind: true}}, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := MayBind(c.f, step, c.others, c.bound); got != c.want {
				t.Errorf("may bind: %t, want %t", got, c.want)
			}
			if held := HeldOff(c.f, step, c.others); !c.bound && (held.Action == WriteStatus) == c.want {
				t.Errorf("what it waits for is told as %q", held.Report.Message)
			}
		})
	}
}

// Two Groups of one name: the one's group is released while the other's create
// got no answer. Binding to it would leave the other's own group behind.
func TestARecoveryTakesNothingThatAnotherGroupLeftBehind(t *testing.T) {
	declared := Declared{Name: hotel}
	released := plaza(withID("released"), createdAt(now))
	released.ArchivedAt = now.Add(time.Minute)
	attempt := NewAttempt(declared, now, candidates(released))
	e := Evidence{Candidates: candidates(released), Trust: TrustEarned, Complete: true, Listed: now.Add(time.Hour)}
	if r := Recover(attempt, Declared{}, now, e); r.Outcome != OutcomeNone {
		t.Errorf("a group that was claimed when the attempt was noted is taken: %+v", r)
	}

	attempt = NewAttempt(declared, now, nil)
	e.Candidates[0].MadeForOther = true
	if r := Recover(attempt, Declared{}, now, e); r.Outcome != OutcomeNone {
		t.Errorf("a group that this process made for another is taken: %+v", r)
	}

	e.Candidates[0].MadeForOther = false
	own := plaza(withID("own"), createdAt(now.Add(time.Second)))
	e.Candidates = append(e.Candidates, Candidate{Group: own})
	if r := Recover(attempt, Declared{}, now, e); r.Outcome != OutcomeBind || r.ID != "own" {
		t.Errorf("an archived group is preferred to an active one: %+v", r)
	}
}

// Two creates of one name without an answer: the one that sent a description must
// not lose its group to the one that sent none.
func TestARecoveryPrefersWhatWasSentAndNoMore(t *testing.T) {
	attempt := NewAttempt(Declared{Name: hotel}, now, nil)
	more, plain := plaza(withID("a"), createdAt(now), described("any")), plaza(withID("b"), createdAt(now.Add(time.Second)))
	more.Contacts, plain.Contacts = nil, nil
	e := Evidence{Candidates: candidates(more, plain)}
	if r := Recover(attempt, Declared{}, now, e); r.ID != "b" {
		t.Errorf("bound to %q, want the group that shows no more than was sent", r.ID)
	}
	e.Candidates = e.Candidates[:1]
	if r := Recover(attempt, Declared{}, now, e); r.Outcome != OutcomeWait {
		t.Errorf("outcome %d before the settle time, when a better one may be about to show", r.Outcome)
	}
	e.Listed = now.Add(SettleTime + time.Second)
	if r := Recover(attempt, Declared{}, now, e); r.ID != "a" {
		t.Errorf("bound to %q, want the only one: the API may fill in what was not sent", r.ID)
	}
}

// The token was changed to another tenant's while a create was open, and no Group
// owns an id yet that could tell.
func TestAnotherAccountProvesNothing(t *testing.T) {
	attempt := NewAttempt(Declared{Name: hotel}, now, nil)
	e := Evidence{Trust: TrustEarned, Complete: true, Listed: now.Add(time.Hour), OtherAccount: true}
	if r := Recover(attempt, Declared{}, now, e); r.Outcome != OutcomeUncertain {
		t.Errorf("outcome %d, want uncertain", r.Outcome)
	}
	e.OtherAccount = false
	if r := Recover(attempt, Declared{}, now, e); r.Outcome != OutcomeNone {
		t.Errorf("outcome %d, want none", r.Outcome)
	}
}
