// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"maps"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

// listings are what the newest listings were, and what they prove to be absent.
type listings struct {
	// begun is when the newest listing began; zero before the first. before is
	// when the complete one before it began, if there was one.
	begun  time.Time
	before time.Time
	// took is how long it took.
	took time.Duration
	// complete: it showed the whole account. proofs is how many complete listings
	// in a row prove an absence: two by page number, where items can slip.
	complete bool
	proofs   int
	// lacked counts, for ids that a Group owns or the mirror held, the complete
	// listings in a row that lacked them.
	lacked map[string]int
}

func (ls *listings) begin(l klink.Listing) {
	ls.before = time.Time{}
	if ls.complete && l.Complete {
		ls.before = ls.begun
	}
	ls.begun, ls.complete, ls.proofs = l.Begun, l.Complete, 1
	if l.ByPageNumber {
		ls.proofs = 2
	}
	if !l.Complete {
		clear(ls.lacked)
	}
}

// lack notes that the newest listing lacks an id, and reports whether that is news: up to
// where it becomes proof, and each time where listings are incomplete.
func (ls *listings) lack(id string) bool {
	if ls.complete {
		ls.lacked[id]++
	}
	return ls.lacked[id] <= ls.proofs
}

// doubt forgets what was proven.
func (ls *listings) doubt() {
	ls.begun, ls.before, ls.complete = time.Time{}, time.Time{}, false
	clear(ls.lacked)
}

func (ls *listings) proven(id string) bool {
	return ls.complete && ls.lacked[id] >= ls.proofs
}

// provenSince tells since when an absence from the mirror is an absence from the
// account, where listings are complete: two in a row are needed by page number.
func (ls *listings) provenSince() (t time.Time, complete bool) {
	if ls.complete && ls.proofs == 2 {
		return ls.before, !ls.before.IsZero()
	}
	return ls.begun, ls.complete
}

// absentSince is since when an absence from the mirror is proof; zero where it is none.
func (ls *listings) absentSince() time.Time {
	since, complete := ls.provenSince()
	if !complete {
		return time.Time{}
	}
	return since
}

// apply takes in a listing and returns the ids whose groups changed, appeared or
// vanished. owned are the ids that Groups own. contradicts: it shows a group that a 404
// denied before it began.
func (m *mirror) apply(l klink.Listing, owned []string, now time.Time) (changed []string, contradicts bool) {
	m.listings.took = now.Sub(l.Begun)
	m.listings.begin(l)
	shown := make(sets.Set[string], len(l.Groups))
	members := pool{}
	for _, g := range l.Groups {
		shown.Insert(g.ID)
		refused := m.refusals[g.ID]
		if m.show(g, members, l.Begun, now) {
			changed = append(changed, g.ID)
		}
		if refused != nil && refused.last.Before(l.Begun) {
			contradicts, m.entries[g.ID].contradicted = true, true
			delete(m.refusals, g.ID)
		}
	}
	m.refusals.answered(m.listings.absentSince())
	for id, e := range m.entries {
		if !shown.Has(id) && m.lack(id, e, l) {
			changed = append(changed, id)
		}
	}
	for _, id := range owned {
		if shown.Has(id) || m.entries[id] != nil {
			continue
		}
		if m.listings.lack(id) {
			changed = append(changed, id)
		}
	}
	slices.Sort(changed) // not in the order of a map: what follows can be repeated
	return changed, contradicts
}

// show takes in one listed group and reports whether it is news.
func (m *mirror) show(g klink.Group, members pool, begun, now time.Time) bool {
	delete(m.listings.lacked, g.ID)
	e := m.entries[g.ID]
	if e == nil {
		e = m.answered(g.ID, begun)
		e.hidden, e.untried, e.unlistedYet = g.Unknown, remote.AllFields, false
		m.set(e, members.share(g))
		return true
	}
	e.stale, m.sighted = false, true
	if begun.Before(e.touched()) || !e.deleted.IsZero() && e.settling(now) {
		return false
	}
	e.untried &^= differing(&g, &e.group)
	if e.unlistedYet { // what differs is a change, unless lists show less of it
		e.untried, e.unlistedYet = shortened(&g, &e.group), false
	}
	before, was := e.group, e.unlisted || !e.deleted.IsZero()
	e.unlisted, e.missed, e.seen, e.deleted = false, 0, begun, time.Time{}
	merged := e.merge(e.asListed(g), now)
	if same(before, merged) {
		return was // what is known shares no memory with the listing
	}
	m.set(e, members.share(merged))
	e.left = nil
	return true
}

// pool holds each name of a member once, however many groups of a listing have it.
type pool map[string]string

// share returns the group with members that it has in common with others, in a list
// without room to spare: an account may have millions of members.
func (p pool) share(g klink.Group) klink.Group {
	contacts := make([]string, len(g.Contacts))
	for i, name := range g.Contacts {
		if _, known := p[name]; !known {
			p[name] = name
		}
		contacts[i] = p[name]
	}
	g.Contacts = contacts
	return g
}

// lack notes that a listing lacks a group that the mirror holds, and reports
// whether that is news: at first, when it becomes proof, and, where listings are
// incomplete, each time, so that its Group reads it.
func (m *mirror) lack(id string, e *entry, l klink.Listing) bool {
	if touched := e.touched(); !touched.IsZero() && l.Begun.Before(touched.Add(SettleTime)) {
		return false
	}
	if !e.deleted.IsZero() {
		m.drop(id)
		return false
	}
	e.unlisted = true
	e.missed++
	return m.listings.lack(id)
}

// archivedUnlike returns a group that is known to be archived and that a listing lacks
// which shows no archived group at all; "" if there is none.
func (es entries) archivedUnlike(l klink.Listing, now time.Time) (found string) {
	shown := make(sets.Set[string], len(l.Groups))
	for i := range l.Groups {
		if l.Groups[i].Archived() {
			return ""
		}
		shown.Insert(l.Groups[i].ID)
	}
	for id, e := range es {
		known := e.group.Archived() && !e.unlisted && e.deleted.IsZero() && !e.settling(now)
		if known && !shown.Has(id) && (found == "" || id < found) {
			found = id
		}
	}
	return found
}

// prune forgets what no Group owns and the account no longer shows.
func (m *mirror) prune(owned []string, now time.Time) {
	kept := sets.New(owned...)
	for id, e := range m.entries {
		gone := e.unlisted && (m.listings.proven(id) || e.missed >= incompleteProofs) || !e.deleted.IsZero()
		// Where gets replace the listing, none tells of what was read or made since.
		stray := e.seen.After(m.listings.begun) && now.Sub(e.seen) >= strayKept
		if !kept.Has(id) && (gone || stray) && !e.settling(now) {
			m.drop(id)
		}
	}
	maps.DeleteFunc(m.listings.lacked, func(id string, _ int) bool { return !kept.Has(id) && m.entries[id] == nil })
	m.refusals.prune(kept, now)
}
