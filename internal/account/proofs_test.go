// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

// byPage is a listing by page number, of which it takes two to prove an absence.
func byPage(d time.Duration, groups ...klink.Group) klink.Listing {
	l := listing(d, groups...)
	l.ByPageNumber = true
	return l
}

func partial(l klink.Listing) klink.Listing {
	l.Complete = false
	return l
}

func archivedGroup(id string) klink.Group {
	g := group(id, "")
	g.ArchivedAt = start
	return g
}

func TestEachFieldDiffersByItself(t *testing.T) {
	one := group("a", "described")
	for field, edit := range map[remote.FieldSet]func(*klink.Group){
		remote.FieldName:        func(g *klink.Group) { g.Name = "Ritz" },
		remote.FieldDescription: func(g *klink.Group) { g.Description = "" },
		remote.FieldAvatarURL:   func(g *klink.Group) { g.AvatarURL = "https://x" },
		remote.FieldContacts:    func(g *klink.Group) { g.Contacts = []string{"Hector"} },
		remote.FieldArchivedAt:  func(g *klink.Group) { g.ArchivedAt = start },
		0:                       func(*klink.Group) {},
	} {
		other := one
		edit(&other)
		if got := differing(&one, &other); got != field {
			t.Errorf("%b differ, want %b", got, field)
		}
		other.Unknown = field
		if got := differing(&one, &other); got != 0 {
			t.Errorf("%b differ, though one of the two does not show it", got)
		}
	}
}

// What a write replaced is the API's lag for the settle time, and news after it.
func TestWhatWasReplacedLongAgoIsNoLag(t *testing.T) {
	m := newMirror()
	m.take(listing(0, group("a", "1")))
	m.wrote(group("a", "2"), nil, at(time.Minute))
	m.wrote(group("a", "3"), nil, at(time.Hour))
	changedBy(t, m.take(listing(time.Hour+10*time.Second, group("a", "1"))), "a")
	m.shows(t, time.Hour, "a", "1")
	m.take(listing(2*time.Hour, group("a", "4")))
	if n := len(m.entries["a"].ours.past); n != 0 {
		t.Errorf("of what was replaced %d states are kept for good", n)
	}
}

// A GET that showed what no list did says once that lists may show less.
func TestAValueThatComesBackIsAChange(t *testing.T) {
	m := newMirror()
	m.take(listing(0, group("a", "1")))
	m.read(group("a", "2"), at(10*time.Second))
	changedBy(t, m.take(listing(20*time.Second, group("a", "3"))), "a")
	changedBy(t, m.take(listing(30*time.Second, group("a", "1"))), "a")
	m.shows(t, 30*time.Second, "a", "1")

	m.read(group("new", "1"), at(40*time.Second)) // that no list has shown before
	changedBy(t, m.take(listing(50*time.Second, group("a", "1"), group("new", ""))), "new")
	m.shows(t, 50*time.Second, "new", "")
}

// How a large group was before a GET showed it otherwise takes no room.
func TestHowALargeGroupWasIsNotKept(t *testing.T) {
	for size, kept := range map[int]bool{largeBulk: true, largeBulk + 1: false} {
		m := newMirror()
		m.read(group("a", strings.Repeat("x", size)), start)
		m.read(group("a", "short"), at(time.Second))
		if was := m.entries["a"].listed; (was.Description != "") != kept || was.Unknown.Has(remote.FieldDescription) == kept {
			t.Errorf("of %d bytes %d are kept", size, len(was.Description))
		}
	}
}

// What a list leaves out is known from the first time that it shows the group.
func TestWhatTheFirstListingLeavesOutIsKnown(t *testing.T) {
	m := newMirror()
	summary := group("a", "")
	summary.Unknown = remote.FieldDescription
	m.take(listing(0, summary, group("b", "Whole.")))
	if e := m.entries["a"]; e.hidden != remote.FieldDescription || e.untried != remote.AllFields {
		t.Errorf("hidden are %b, untried %b", e.hidden, e.untried)
	}
	m.read(group("c", "Whole."), at(time.Second))
	m.take(listing(time.Minute, summary, group("b", "Whole."), group("c", "Whole.")))
	m.take(listing(2*time.Minute, summary, group("b", "Who"), group("c", "Who"))) // which lists had shown whole
	for _, id := range []string{"b", "c"} {
		if e := m.entries[id]; e.untried.Has(remote.FieldDescription) || e.group.Description != "Who" {
			t.Errorf("the change of %s is taken for a list that shows less: %b", id, e.untried)
		}
	}
}

// A call for a group by itself settles what lists left open.
func TestACallForOneGroupEndsWhatListsLeftOpen(t *testing.T) {
	for how, call := range map[string]func(*mirror){
		"read":    func(m *mirror) { m.read(group("a", ""), at(3*time.Minute)) },
		"written": func(m *mirror) { m.wrote(group("a", ""), nil, at(3*time.Minute)) },
	} {
		m := newMirror()
		m.take(listing(0, group("a", "")))
		m.notFound("a", at(time.Minute), true)
		if _, contradicts := m.apply(listing(2*time.Minute, group("a", "")), nil, at(2*time.Minute)); !contradicts {
			t.Errorf("%s: a listing that shows what was not found contradicts nothing", how)
		}
		if r := m.lookup("a", at(2*time.Minute)); !r.Contradicted || r.Untried != remote.AllFields {
			t.Fatalf("%s: before it: %+v", how, r)
		}
		m.notFound("a", at(150*time.Second), true)
		call(m)
		if r := m.lookup("a", at(3*time.Minute)); r.Contradicted || r.Untried != 0 || !r.NotFound.IsZero() || r.Presence != Present {
			t.Errorf("%s: after it: %+v", how, r)
		}
	}
}

// What was shown between two listings by page number is not proven absent by the second.
func TestAReadBeginsTheCountOfAbsencesAgain(t *testing.T) {
	m := newMirror()
	m.take(byPage(0, group("a", "")), "a")
	m.take(byPage(time.Minute), "a")
	m.read(group("a", ""), at(90*time.Second))
	m.take(byPage(2*time.Minute), "a")
	m.lacks(t, 2*time.Minute, "a", false)

	// Nor by two that an incomplete one lies between.
	m.take(partial(byPage(3*time.Minute)), "a")
	m.take(byPage(4*time.Minute), "a")
	if m.listings.proven("a") {
		t.Error("one complete listing since the incomplete one proves an absence")
	}
	if since, complete := m.listings.provenSince(); complete || !since.IsZero() {
		t.Errorf("absences are proven since %s", since)
	}
}

// Under a new token nothing is proven, and what it shows is what it has shown itself.
func TestANewTokenBeginsWithoutProof(t *testing.T) {
	m := newMirror()
	m.take(listing(0, group("a", ""), group("b", "")), "gone")
	m.doubt()
	if since, complete := m.listings.provenSince(); complete || !since.IsZero() || m.listings.proven("gone") || len(m.listings.lacked) != 0 {
		t.Errorf("complete %t since %s, lacked %v", complete, since, m.listings.lacked)
	}
	if m.sighted || m.entries.shown("a") {
		t.Error("what the token before has shown counts as shown")
	}
	m.read(group("b", ""), at(time.Second))
	if !m.sighted || !m.entries.shown("b") || m.entries.shown("a") {
		t.Error("a read counts for what it has shown")
	}
	m.doubt()
	m.take(listing(time.Minute, group("a", "")))
	if !m.sighted || !m.entries.shown("a") || m.entries.shown("b") {
		t.Error("a listing counts for what it has shown")
	}
}

// An archived group that no list shows is looked for only where it may be hidden.
func TestWhichArchivedGroupAListingMayHide(t *testing.T) {
	deleted := func(m *mirror) { m.entries.removed("a", start.Add(-time.Hour)) }
	unlisted := func(m *mirror) { m.entries.missed("a") }
	written := func(m *mirror) { m.wrote(archivedGroup("a"), nil, start) }
	none := func(*mirror) {}
	for name, c := range map[string]struct {
		known  []klink.Group
		edit   func(*mirror)
		listed []klink.Group
		want   string
	}{
		"the first of those that it lacks": {[]klink.Group{archivedGroup("c"), archivedGroup("a"), archivedGroup("b")}, none, nil, "a"},
		"not one that it shows":            {[]klink.Group{archivedGroup("a"), archivedGroup("b")}, none, []klink.Group{group("a", "")}, "b"},
		"none where it shows another":      {[]klink.Group{archivedGroup("a")}, none, []klink.Group{archivedGroup("z")}, ""},
		"not one that is active":           {[]klink.Group{group("a", "")}, none, nil, ""},
		"nor one that is deleted":          {[]klink.Group{archivedGroup("a")}, deleted, nil, ""},
		"nor one that was not found":       {[]klink.Group{archivedGroup("a")}, unlisted, nil, ""},
		"nor one that was just written":    {[]klink.Group{archivedGroup("a")}, written, nil, ""},
	} {
		m := newMirror()
		for _, g := range c.known {
			m.read(g, start.Add(-time.Hour))
		}
		c.edit(m)
		if got := m.entries.archivedUnlike(listing(0, c.listed...), start); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// What nobody owns is kept for as long as it may be there, and no longer.
func TestWhatNobodyOwnsIsForgottenInTime(t *testing.T) {
	lackedBy := func(n int, l func(time.Duration, ...klink.Group) klink.Listing) func(*mirror) {
		return func(m *mirror) {
			m.take(listing(0, group("a", "")))
			for i := range n {
				m.take(l(time.Duration(i+1) * time.Minute))
			}
		}
	}
	incomplete := func(d time.Duration, groups ...klink.Group) klink.Listing { return partial(listing(d, groups...)) }
	read := func(m *mirror) { m.read(group("a", ""), at(time.Minute)) }
	for name, c := range map[string]struct {
		known func(*mirror)
		after time.Duration
		kept  bool
	}{
		"one listing proves it gone":           {lackedBy(1, listing), time.Hour, false},
		"by page number not one":               {lackedBy(1, byPage), time.Hour, true},
		"but two":                              {lackedBy(2, byPage), time.Hour, false},
		"of incomplete ones not two":           {lackedBy(incompleteProofs-1, incomplete), time.Hour, true},
		"but three":                            {lackedBy(incompleteProofs, incomplete), time.Hour, false},
		"what a listing shows stays":           {lackedBy(0, listing), 24 * time.Hour, true},
		"what was read since is kept at first": {read, time.Minute + strayKept - 1, true},
		"and not for longer than an hour":      {read, time.Minute + strayKept, false},
		"a DELETE settles first":               {func(m *mirror) { m.entries.removed("a", start) }, SettleTime - 1, true},
		"and is forgotten then":                {func(m *mirror) { m.entries.removed("a", start) }, SettleTime, false},
	} {
		for _, owned := range [][]string{nil, {"a"}} {
			m := newMirror()
			c.known(m)
			m.prune(owned, at(c.after))
			if kept := m.entries["a"] != nil; kept != (c.kept || owned != nil) {
				t.Errorf("%s: owned by %v it is kept: %t", name, owned, kept)
			}
			if len(owned) == 0 && !c.kept && len(m.listings.lacked) != 0 {
				t.Errorf("%s: counted are %v", name, m.listings.lacked)
			}
		}
	}
}

func TestQuestionsAboutWhatNobodyOwnsAreForgottenAfterAnHour(t *testing.T) {
	for after, kept := range map[time.Duration]bool{strayKept - 1: true, strayKept: false} {
		r := refusals{}
		r.note("owned", start, true)
		r.note("stray", start, true)
		r.prune(sets.New("owned"), at(after))
		if r["owned"] == nil || (r["stray"] != nil) != kept {
			t.Errorf("after %s there are %v", after, r)
		}
	}
}

// The list in between counts once the API itself has said 404, and the first such list.
func TestTheListBetweenTwo404sIsTheFirstAfterTheAPIsWord(t *testing.T) {
	r := refusals{}
	r.probed("never asked", start)
	r.note("a", start, false)
	r.probed("a", at(time.Second))
	if one := r["a"]; !one.probed.IsZero() || !one.word.IsZero() {
		t.Errorf("what a server before the API said counts as its word: %+v", one)
	}
	r.note("a", at(2*time.Second), true)
	r.probed("a", at(3*time.Second))
	r.probed("a", at(10*time.Second))
	if one := r["a"]; !one.probed.Equal(at(3 * time.Second)) {
		t.Errorf("it was probed at %s", one.probed)
	}
}

func TestWhatIsKnownIsInOrder(t *testing.T) {
	m := newMirror()
	var groups []klink.Group
	for n := range 40 {
		groups = append(groups, group(fmt.Sprintf("group-%02d", 39-n), ""))
	}
	m.take(listing(0, groups...))
	named := m.named("Plaza Hotel", start)
	if !slices.IsSortedFunc(named, func(a, b klink.Group) int { return strings.Compare(a.ID, b.ID) }) || len(named) != 40 {
		t.Errorf("%d namesakes are not in order", len(named))
	}
	if changed := m.take(listing(time.Minute)); !slices.IsSorted(changed) || len(changed) != 40 {
		t.Errorf("news are not in order: %v", changed)
	}
	m.drop("group-07")
	if _, counted := m.listings.lacked["group-07"]; counted {
		t.Error("what is forgotten is counted still")
	}
	if nameless := group("unnamed", ""); true {
		nameless.Name = ""
		m.take(listing(2*time.Minute, nameless))
	}
	if found := m.named("", start); len(found) != 1 {
		t.Errorf("a group with an empty name is not found by it: %v", found)
	}
}

// How often listings in a row have lacked a group outlives each of them: it would be news
// each time, or never be proven absent.
func TestWhatListingsLackIsCountedFromOneToTheNext(t *testing.T) {
	m := newMirror()
	changedBy(t, m.take(listing(0), "gone"), "gone")
	m.prune([]string{"gone"}, start)
	changedBy(t, m.take(listing(time.Minute), "gone"))

	m.take(byPage(2*time.Minute, group("a", "")))
	m.take(byPage(3 * time.Minute))
	m.prune(nil, at(3*time.Minute))
	m.take(byPage(4 * time.Minute))
	if !m.listings.proven("a") {
		t.Error("two listings that lack a group do not prove its absence")
	}
}
