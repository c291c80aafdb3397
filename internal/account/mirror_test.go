// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"slices"
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func at(d time.Duration) time.Time { return start.Add(d) }

func group(id, description string) klink.Group {
	return klink.Group{ID: id, Name: "Plaza Hotel", Description: description, Contacts: []string{}, CreatedAt: start}
}

// listing is complete, and was begun and taken in d after the start.
func listing(d time.Duration, groups ...klink.Group) klink.Listing {
	return klink.Listing{Groups: groups, Begun: at(d), Pages: 1, Complete: true}
}

func (m *mirror) take(l klink.Listing, owned ...string) []string {
	return m.takeLate(l, l.Begun, owned...)
}

// takeLate takes in a listing that took until now.
func (m *mirror) takeLate(l klink.Listing, now time.Time, owned ...string) []string {
	changed, _ := m.apply(l, owned, now)
	return changed
}

// shows checks what the mirror shows d after the start.
func (m *mirror) shows(t *testing.T, d time.Duration, id, description string) {
	t.Helper()
	if r := m.lookup(id, at(d)); r.Presence != Present || r.Group.Description != description {
		t.Errorf("the mirror shows %+v, want %q present", r, description)
	}
}

func (m *mirror) lacks(t *testing.T, d time.Duration, id string, proven bool) {
	t.Helper()
	if r := m.lookup(id, at(d)); r.Presence != Unlisted || !r.Absent.IsZero() != proven {
		t.Errorf("the mirror shows %+v, want it unlisted (proven: %t)", r, proven)
	}
}

func changedBy(t *testing.T, changed []string, want ...string) {
	t.Helper()
	slices.Sort(changed)
	if !slices.Equal(changed, want) {
		t.Errorf("changed: %v, want %v", changed, want)
	}
}

func TestBeforeTheFirstListingNothingIsKnown(t *testing.T) {
	m := newMirror()
	if r := m.lookup("a", start); r.Presence != Unknown {
		t.Errorf("an unlisted account shows %+v", r)
	}
	m.wrote(group("a", "ours"), nil, start)
	m.shows(t, 0, "a", "ours")
	changedBy(t, m.take(listing(time.Minute, group("a", "ours"), group("b", ""))), "b")
	m.lacks(t, time.Minute, "c", true)
}

func TestOnlyWhatChangedIsNews(t *testing.T) {
	m := newMirror()
	changedBy(t, m.take(listing(0, group("a", "1"), group("b", "1"))), "a", "b")
	changedBy(t, m.take(listing(time.Minute, group("a", "1"), group("b", "1"))))
	changedBy(t, m.take(listing(2*time.Minute, group("a", "1"), group("b", "2"), group("c", ""))), "b", "c")
	changedBy(t, m.take(listing(3*time.Minute, group("a", "1"), group("b", "2"))), "c")
	changedBy(t, m.take(listing(4*time.Minute, group("a", "1"), group("b", "2"))))
	changedBy(t, m.take(listing(5*time.Minute, group("a", "1"), group("b", "2"), group("c", ""))), "c")
}

func TestAListingBegunBeforeAWriteNeverOverwritesIt(t *testing.T) {
	m := newMirror()
	m.take(listing(0, group("a", "old")))
	m.wrote(group("a", "ours"), nil, at(time.Minute))
	l := listing(59*time.Second, group("a", "somebody's, from before"))
	changedBy(t, m.takeLate(l, at(time.Hour))) // it took long
	m.shows(t, time.Hour, "a", "ours")
	changedBy(t, m.takeLate(listing(59*time.Second), at(time.Hour), "a"))
	m.shows(t, time.Hour, "a", "ours")
}

func TestWhatOurWriteReplacedIsTheAPIsLagForTheSettleTime(t *testing.T) {
	m := newMirror()
	m.take(listing(0, group("a", "1")))
	m.wrote(group("a", "2"), nil, at(time.Minute))
	m.wrote(group("a", "3"), nil, at(2*time.Minute))
	for _, lagging := range []string{"1", "2"} {
		changedBy(t, m.take(listing(3*time.Minute, group("a", lagging))))
		if g := m.read(group("a", lagging), at(3*time.Minute)); g.Description != "3" {
			t.Errorf("a GET that shows %q is believed", g.Description)
		}
	}
	m.shows(t, 3*time.Minute, "a", "3")
	changedBy(t, m.take(listing(4*time.Minute, group("a", "2"))), "a")
	m.shows(t, 4*time.Minute, "a", "2")
}

func TestEachFieldLagsByItself(t *testing.T) {
	old := klink.Group{ID: "a", Name: "n", Description: "d", AvatarURL: "u", Contacts: []string{"Hector"}}
	ours := klink.Group{ID: "a", Name: "N2", Description: "D", AvatarURL: "U", Contacts: []string{}, ArchivedAt: start}
	m := newMirror()
	m.take(listing(0, old))
	m.wrote(ours, nil, at(time.Minute))
	changedBy(t, m.take(listing(90*time.Second, old)))
	if got := m.entries["a"].group; !same(got, ours) {
		t.Errorf("the mirror shows %+v, want %+v", got, ours)
	}
	if len(m.named("n", start)) != 0 || len(m.named("N2", start)) != 1 {
		t.Error("it is found by the name that our write replaced")
	}
}

// Somebody archived the group before we unarchived it; where the API lags, that is
// seen after. It is news, but no reply of ours.
func TestAChangeSeenLateIsNotWhatOurWriteReplied(t *testing.T) {
	active, archived := group("a", ""), group("a", "")
	archived.ArchivedAt = start
	m := newMirror()
	m.take(listing(0, active))
	m.wrote(active, nil, at(time.Minute))
	if r := m.lookup("a", at(time.Minute)); !r.Replied {
		t.Errorf("the mirror shows %+v, want what was replied", r)
	}
	changedBy(t, m.take(listing(90*time.Second, archived)), "a")
	if r := m.lookup("a", at(90*time.Second)); !r.Settling || r.Replied {
		t.Errorf("the mirror shows %+v, want it settling and not as replied", r)
	}
}

// What our call without a clear answer may have done is no lag.
func TestAnUnarchivingWithoutAClearAnswerMayArriveLater(t *testing.T) {
	active, archived := group("a", ""), group("a", "")
	archived.ArchivedAt = start
	m := newMirror()
	m.take(listing(0, active))
	m.wrote(archived, nil, at(time.Second))
	m.entries.unclear("a", at(2*time.Second))
	until := at(2 * time.Second).Add(SettleTime)
	if r := m.lookup("a", at(time.Minute)); !r.Unarchiving.Equal(until) || !r.Group.Archived() {
		t.Errorf("the mirror shows %+v, want it archived until it is read after %s", r, until)
	}
	if g := m.read(active, at(time.Minute)); g.Archived() {
		t.Error("a GET that shows the group active is taken for a lagging one")
	}
	m.entries.clear("a", until.Add(-time.Second))
	if r := m.lookup("a", until); r.Unarchiving.IsZero() {
		t.Error("a GET that began too early ends the doubt")
	}
	m.entries.clear("a", until)
	if r := m.lookup("a", until); !r.Unarchiving.IsZero() {
		t.Error("a GET that began after does not end the doubt")
	}
}

// Such a call casts doubt on what is shown active, and only until a later write.
func TestAnUnclearUnarchivingLeavesTheRestToTheSettleTime(t *testing.T) {
	active, archived := group("a", ""), group("a", "")
	archived.ArchivedAt = start
	m := newMirror()
	m.take(listing(0, archived))
	m.entries.unclear("a", at(time.Second))
	m.wrote(active, nil, at(3*time.Second)) // tried again, and answered
	m.take(listing(10*time.Second, archived))
	if m.lookup("a", at(10*time.Second)).Group.Archived() {
		t.Error("a lagging listing undoes the reply to the second try")
	}
	m.wrote(archived, nil, at(24*time.Hour)) // nobody has read it by itself meanwhile
	m.take(listing(24*time.Hour+5*time.Second, active))
	if !m.lookup("a", at(24*time.Hour+5*time.Second)).Group.Archived() {
		t.Error("a lagging listing undoes the reply to a write of the next day")
	}
}

func TestAThirdValueIsBelievedAtOnce(t *testing.T) {
	m := newMirror()
	m.take(listing(0, group("a", "old")))
	m.wrote(group("a", "ours"), nil, at(time.Minute))
	changedBy(t, m.take(listing(61*time.Second, group("a", "somebody's"))), "a")
	m.shows(t, 61*time.Second, "a", "somebody's")
}

func TestAnAbsenceWithinTheSettleTimeIsTheAPIsLag(t *testing.T) {
	m := newMirror()
	m.take(listing(0))
	m.wrote(group("a", ""), nil, at(time.Minute))
	changedBy(t, m.take(listing(2*time.Minute), "a"))
	m.shows(t, 2*time.Minute, "a", "")
	if !m.lookup("a", at(2*time.Minute)).Settling || m.lookup("a", at(3*time.Minute)).Settling {
		t.Error("the settle time is not two minutes")
	}
	changedBy(t, m.take(listing(3*time.Minute), "a"), "a")
	m.lacks(t, 3*time.Minute, "a", true)
}

func TestByPageNumberAnAbsenceTakesTwoListings(t *testing.T) {
	paged := func(d time.Duration, groups ...klink.Group) klink.Listing {
		l := listing(d, groups...)
		l.ByPageNumber = true
		return l
	}
	m := newMirror()
	m.take(paged(0, group("a", ""), group("b", "")), "a", "never seen")
	if since, complete := m.listings.provenSince(); complete || !since.IsZero() {
		t.Errorf("one listing proves absences since %v", since)
	}
	changedBy(t, m.take(paged(time.Minute, group("b", "")), "a", "never seen"), "a", "never seen")
	m.lacks(t, time.Minute, "a", false)
	m.lacks(t, time.Minute, "never seen", true)
	if len(m.named("Plaza Hotel", start)) != 2 {
		t.Error("a group that one listing lacks is taken for gone")
	}
	changedBy(t, m.take(paged(2*time.Minute, group("b", "")), "a", "never seen"), "a")
	m.lacks(t, 2*time.Minute, "a", true)
	if since, complete := m.listings.provenSince(); !complete || !since.Equal(at(time.Minute)) {
		t.Errorf("two listings prove absences since %v, want since the first of them", since)
	}
	changedBy(t, m.take(paged(3*time.Minute, group("b", "")), "a", "never seen"))
	m.take(paged(4*time.Minute, group("a", ""), group("b", "")), "a")
	changedBy(t, m.take(paged(5*time.Minute, group("b", "")), "a"), "a")
	m.lacks(t, 5*time.Minute, "a", false)
}

func TestAnIncompleteListingProvesNothing(t *testing.T) {
	partial := func(d time.Duration) klink.Listing {
		l := listing(d, group("b", ""))
		l.Complete = false
		return l
	}
	m := newMirror()
	m.take(listing(0, group("a", ""), group("b", "")), "a")
	for i := range 3 { // each time: its Group reads it
		d := time.Duration(i+1) * time.Minute
		changedBy(t, m.take(partial(d), "a", "never seen"), "a", "never seen")
		m.lacks(t, d, "a", false)
		m.lacks(t, d, "never seen", false)
	}
	if since, complete := m.listings.provenSince(); complete || !since.Equal(at(3*time.Minute)) {
		t.Errorf("an incomplete listing: since %v, complete %t", since, complete)
	}
	m.take(listing(4*time.Minute, group("b", "")), "a")
	m.lacks(t, 4*time.Minute, "a", true)
	m.take(partial(5*time.Minute), "a")
	m.lacks(t, 5*time.Minute, "a", false)
}

func TestAGetBringsAnUnlistedGroupBack(t *testing.T) {
	m := newMirror()
	m.take(listing(0, group("a", "")), "a")
	m.take(listing(time.Minute), "a")
	m.lacks(t, time.Minute, "a", true)
	m.read(group("a", "back"), at(2*time.Minute))
	m.shows(t, 2*time.Minute, "a", "back")
	m.read(group("new", ""), at(2*time.Minute))
	m.shows(t, 2*time.Minute, "new", "")
}

func TestOurOwnDelete(t *testing.T) {
	m := newMirror()
	m.take(listing(0, group("a", ""), group("b", "")))
	m.entries.removed("a", at(time.Minute))
	m.lacks(t, time.Minute, "a", false)
	if got := m.named("Plaza Hotel", start); len(got) != 1 {
		t.Errorf("the deleted group is still found by its name: %+v", got)
	}
	changedBy(t, m.take(listing(2*time.Minute, group("a", ""), group("b", ""))))
	m.lacks(t, 2*time.Minute, "a", false)
	changedBy(t, m.take(listing(4*time.Minute, group("b", ""))))
	if m.entries["a"] != nil {
		t.Error("the deleted group is kept for good")
	}
}

func TestADeletedGroupThatStaysIsBelievedInTheEnd(t *testing.T) {
	m := newMirror()
	m.take(listing(0, group("a", "")))
	m.entries.removed("a", at(time.Minute))
	changedBy(t, m.take(listing(3*time.Minute, group("a", ""))), "a")
	m.shows(t, 3*time.Minute, "a", "")
}

// A Group that is deleted right after a start: its DELETE overtakes the first listing.
func TestADeletedGroupIsNotBroughtBackByAListingThatHadBegun(t *testing.T) {
	m := newMirror()
	m.entries.removed("a", at(time.Second))
	changedBy(t, m.takeLate(listing(0, group("a", "")), at(2*time.Second)))
	if got := m.named("Plaza Hotel", start); len(got) != 0 {
		t.Errorf("it can be adopted: %+v", got)
	}
	m.take(listing(5 * time.Minute))
	if len(m.entries) != 0 {
		t.Error("its tombstone is kept for good")
	}
}

func TestWhatNobodyOwnsAndNoListingShowsIsForgotten(t *testing.T) {
	m := newMirror()
	m.take(listing(0, group("a", ""), group("b", ""), group("c", "")), "a", "never seen")
	m.take(listing(time.Minute, group("c", "")), "a", "never seen")
	m.prune([]string{"a"}, start)
	if m.entries["b"] != nil || m.entries["a"] == nil || m.entries["c"] == nil {
		t.Errorf("kept: %v", m.entries)
	}
	if len(m.listings.lacked) != 1 {
		t.Errorf("counted: %v, want a alone", m.listings.lacked)
	}
	m.take(listing(2*time.Minute), "a")
	m.prune(nil, start)
	if len(m.entries) != 0 || len(m.names) != 0 || len(m.listings.lacked) != 0 {
		t.Errorf("left: %v, %v, %v", m.entries, m.names, m.listings.lacked)
	}
}

// A list of summaries lacks what a GET has shown: that stands until a read shows otherwise.
func TestASummaryTakesNothingFromWhatWasRead(t *testing.T) {
	m := newMirror()
	m.read(group("a", "d"), at(0))
	summary := klink.Group{ID: "a", Name: "Plaza Hotel", Contacts: []string{}, Unknown: remote.AllFields &^ remote.FieldName}
	changedBy(t, m.take(listing(time.Minute, summary)))
	if got := m.entries["a"].group; got.Description != "d" || got.Unknown != 0 {
		t.Errorf("the mirror shows %+v", got)
	}
}
