// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

const (
	// incompleteProofs is how many incomplete listings in a row must lack a group
	// that nobody owns before it is forgotten: none of them proves that it is gone.
	incompleteProofs = 3
	// strayKept is for how long a group is remembered that nobody owns and that no
	// listing has shown, or a 404 for an id that nobody owns.
	strayKept = time.Hour
)

// mirror is the account as the newest listing shows it, with the replies to our
// own calls written through. It is not safe for concurrent use; it is part of state.
type mirror struct {
	entries entries
	// names finds entries by the key of their present name.
	names nameIndex
	// listings say what is proven to be absent.
	listings listings
	refusals refusals
	room     room

	// sighted: a reply under the present token has shown some group.
	sighted bool
	// hidesArchived: the lists show no archived group, though there is one.
	hidesArchived bool
	// unreadable is the archived group that no list showed when it could not be read either.
	unreadable string
}

func newMirror() *mirror {
	return &mirror{
		entries: entries{}, names: nameIndex{}, listings: listings{lacked: map[string]int{}, proofs: 1},
		refusals: refusals{}, room: room{most: mostBulk},
	}
}

// doubt keeps the groups, but not the proof that others are absent: the token may
// be another tenant's by now.
func (m *mirror) doubt() {
	m.sighted = false
	m.listings.doubt()
	clear(m.refusals)
	for _, e := range m.entries {
		e.stale, e.deleteTaken = true, time.Time{}
	}
}

// lookup tells what is known of an id.
func (m *mirror) lookup(id string, now time.Time) Remote {
	e, known := m.entries[id]
	r := Remote{Settling: known && e.settling(now)}
	if known {
		r.Unarchiving, r.Replied, r.Writes, r.Deleted = e.unarchiving, e.replied(now), e.writes(now), e.deleteTaken
		r.Contradicted, r.Untried = e.contradicted, e.untried
	}
	if refused := m.refusals[id]; refused != nil {
		r.FirstNotFound, r.NotFoundListed, r.NotFound, r.NotFoundTwice = refused.first, refused.listed, refused.last, refused.again
	}
	switch {
	case known && !e.unlisted && e.deleted.IsZero():
		r.Presence, r.Group, r.AsOf = Present, e.group, e.seen
		return r
	case m.listings.begun.IsZero() && !known:
		return r // Unknown
	}
	r.Presence = Unlisted
	if m.listings.proven(id) || !known { // what the mirror does not hold, no listing has shown
		r.Absent = m.listings.absentSince()
	}
	return r
}

// unreadable is the key of groups whose name nobody has seen, which is that of no name.
const unreadable = "\x00"

func nameKey(g *klink.Group) string {
	if g.Unknown.Has(remote.FieldName) {
		return unreadable
	}
	return remote.NameKey(g.Name)
}

// nameIndex has ids by the key of their names; those whose name cannot be read are under
// unreadable.
type nameIndex map[string]sets.Set[string]

func (n nameIndex) add(g *klink.Group) {
	key := nameKey(g)
	if n[key] == nil {
		n[key] = sets.New[string]()
	}
	n[key].Insert(g.ID)
}

func (n nameIndex) remove(g *klink.Group) {
	key := nameKey(g)
	n[key].Delete(g.ID)
	if len(n[key]) == 0 {
		delete(n, key)
	}
}

// keyed returns, by id, the groups of a key of names that may still be there. Where listings
// cannot prove that one is gone, it counts for the settle time after it was last seen.
func (m *mirror) keyed(key string, now time.Time) []klink.Group {
	groups := make([]klink.Group, 0, m.names[key].Len())
	for id := range m.names[key] {
		e := m.entries[id]
		outdated := m.listings.proven(id) || !m.listings.complete && now.Sub(e.seen) >= SettleTime
		if e.deleted.IsZero() && (!e.unlisted || !outdated) {
			groups = append(groups, e.group)
		}
	}
	slices.SortFunc(groups, func(a, b klink.Group) int { return strings.Compare(a.ID, b.ID) })
	return groups
}

// answered returns what is known of an id that a reply has just shown.
func (m *mirror) answered(id string, now time.Time) *entry {
	e := m.entries[id]
	if e == nil {
		e = &entry{unlistedYet: true}
		m.entries[id] = e
	}
	e.unlisted, e.stale, e.missed, e.seen, m.sighted = false, false, 0, now, true
	delete(m.listings.lacked, id)
	delete(m.refusals, id)
	return e
}

// wrote writes the reply to one of our own writes through.
func (m *mirror) wrote(g klink.Group, fields []string, now time.Time) {
	e := m.answered(g.ID, now)
	e.contradicted, e.untried = false, 0
	e.wrote(g, fields, now)
	m.set(e, m.room.fit(e, g))
}

// read takes in the reply to a GET.
func (m *mirror) read(g klink.Group, now time.Time) klink.Group {
	e := m.answered(g.ID, now)
	e.contradicted, e.untried = false, 0
	before, whole := e.group, e.merge(g, now)
	m.set(e, m.room.fit(e, whole))
	if before.ID != "" && differing(&before, &whole) != 0 {
		if bulk(&before) > largeBulk {
			before = lightened(before)
		}
		e.listed = &before
	}
	return whole
}

// notFound notes a 404 to a question that was asked then; word: it is the API's own.
func (m *mirror) notFound(id string, asked time.Time, word bool) {
	m.entries.missed(id)
	m.refusals.note(id, asked, word)
}

func (m *mirror) set(e *entry, g klink.Group) {
	if key := nameKey(&g); nameKey(&e.group) != key || e.group.ID == "" {
		m.names.remove(&e.group)
		m.names.add(&g)
	}
	m.room.used += bulk(&g) - bulk(&e.group)
	e.group = g
}

func (m *mirror) drop(id string) {
	g := &m.entries[id].group
	m.names.remove(g)
	m.room.used -= bulk(g)
	delete(m.entries, id)
	delete(m.listings.lacked, id)
}
