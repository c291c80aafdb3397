// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"slices"
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/remote"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// A field of which lists show less than a GET does is watched by GETs: its drift is found
// within an interval, and nothing else is taken for drift.
func TestWhatListsShowLessOfIsWatchedByGets(t *testing.T) {
	run(t, simulator.Settings{CutInLists: 2}, func(t *testing.T, b *bench) {
		ids := b.seed(10)
		for _, id := range ids {
			b.sim.Mutate(id, func(g *simulator.Group) { g.Description = new("Ours.") })
		}
		b.cluster.declare(remote.FieldName|remote.FieldDescription, ids...)
		b.configure(func(s *Settings) { s.Burst = 1000 })
		after(time.Second)
		b.readAll(ids...)
		after(3 * time.Minute) // by the second listing it is known
		b.cluster.heard()
		b.sim.ResetRequests()
		after(time.Minute)
		b.counts(map[string]int{"GET list": 1, "GET one": 10})
		if news := b.cluster.heard(); len(news.IDs) > 0 {
			t.Errorf("nobody changed anything, and %v are news", news.IDs)
		}
		b.sim.Mutate(ids[3], func(g *simulator.Group) { g.Description = new("Ours, not.") })
		after(time.Minute)
		if news := b.cluster.heard(); !slices.Equal(news.IDs, ids[3:4]) {
			t.Errorf("the news are of %v, want %s alone", news.IDs, ids[3])
		}
		if r := b.account.Lookup(ids[3]); r.Group.Description != "Ours, not." {
			t.Errorf("the mirror shows %q", r.Group.Description)
		}
		b.sim.Configure(func(s *simulator.Settings) { *s = simulator.Settings{} })
		after(2 * time.Minute)
		b.sim.ResetRequests()
		after(time.Minute)
		b.counts(lists(1)) // lists tell everything by now
	})
}

// Lists that lag, and show for a while what was there before, are no lists that show less.
func TestAListThatAgreesAgainIsBelievedAgain(t *testing.T) {
	m := newMirror()
	m.take(listing(0, group("a", "1")))
	m.read(group("a", "2"), at(10*time.Second))
	changedBy(t, m.take(listing(20*time.Second, group("a", "1")))) // lists show less, or lag
	m.shows(t, 20*time.Second, "a", "2")
	changedBy(t, m.take(listing(30*time.Second, group("a", "2"))))
	changedBy(t, m.take(listing(40*time.Second, group("a", "3"))), "a")
	m.shows(t, 40*time.Second, "a", "3")

	// What a GET showed, and nothing contradicts, is changed by the next listing.
	m.read(group("a", "4"), at(50*time.Second))
	changedBy(t, m.take(listing(time.Minute, group("a", "5"))), "a")
	reordered := func(names ...string) klink.Group {
		g := group("a", "5")
		g.Contacts = names
		return g
	}
	m.take(listing(2*time.Minute, reordered("x", "y")))
	m.read(reordered("y", "x"), at(3*time.Minute))
	m.take(listing(4*time.Minute, reordered("x", "y")))
	if e := m.entries["a"]; e.hidden != 0 {
		t.Errorf("an order is taken for less: %b", e.hidden)
	}
}

// A group that was read before any listing showed it, as one that is bound right after the
// start: where the first listing shows a part of a field, it may be that lists show less,
// and it is read once more. What differs otherwise is a change, and costs no read.
func TestAFirstListingAfterAReadMayShowLess(t *testing.T) {
	whole := klink.Group{ID: "a", Name: "Bar", Description: "Whole.", AvatarURL: "https://x/y.png", Contacts: []string{"x", "y"}}
	for name, test := range map[string]struct {
		change func(*klink.Group)
		want   remote.FieldSet
	}{
		"nothing":        {func(*klink.Group) {}, 0},
		"a text cut":     {func(g *klink.Group) { g.Description = "Who" }, remote.FieldDescription},
		"a name cut":     {func(g *klink.Group) { g.Name = "Ba" }, remote.FieldName},
		"cut with dots":  {func(g *klink.Group) { g.Description = "Who…" }, remote.FieldDescription},
		"a text left":    {func(g *klink.Group) { g.AvatarURL = "" }, remote.FieldAvatarURL},
		"some members":   {func(g *klink.Group) { g.Contacts = []string{"y"} }, remote.FieldContacts},
		"another text":   {func(g *klink.Group) { g.Description = "Other." }, 0},
		"more text":      {func(g *klink.Group) { g.Description = "Whole. More." }, 0},
		"other members":  {func(g *klink.Group) { g.Contacts = []string{"z"} }, 0},
		"hidden members": {func(g *klink.Group) { g.Contacts, g.Unknown = nil, remote.FieldContacts }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			m, shown := newMirror(), whole
			m.take(listing(0))
			m.read(whole, at(10*time.Second))
			test.change(&shown)
			m.take(listing(20*time.Second, shown))
			if untried := m.lookup("a", at(20*time.Second)).Untried; untried != test.want {
				t.Errorf("untried are %b, want %b", untried, test.want)
			}
			other := whole
			other.Name, other.Description, other.AvatarURL, other.Contacts = "Bare", "Else.", "https://z", []string{"z"}
			m.take(listing(30*time.Second, other))
			if untried := m.lookup("a", at(30*time.Second)).Untried; untried != 0 {
				t.Errorf("after a change untried are %b", untried)
			}
		})
	}
}
