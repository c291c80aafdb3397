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
	entries map[string]*entry
	// names finds entries by the key of their present name; those whose name cannot be
	// read are under unreadable.
	names map[string]sets.Set[string]
	// lacked counts, for ids that a Group owns or the mirror held, the complete
	// listings in a row that lacked them.
	lacked map[string]int
	// refusals are the ids that were answered with 404 since they were last shown.
	refusals map[string]*refusal

	// bulk is what the bulky fields of all entries take, and mostBulk what they may.
	bulk, mostBulk int

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
	// sighted: a reply under the present token has shown some group.
	sighted bool
	// hidesArchived: the lists show no archived group, though there is one.
	hidesArchived bool
}

// refusal is what is known of an id that was answered with 404.
type refusal struct {
	// first and last are when the first and the newest such question was asked.
	first, last time.Time
	// listed is the newest question that the proof of an absence is younger than.
	listed time.Time
	// word is when the API itself first said so, probed when it was then answered a
	// list, and again when it said so once more after that.
	word, probed, again time.Time
}

func newMirror() *mirror {
	return &mirror{
		entries: map[string]*entry{}, names: map[string]sets.Set[string]{},
		lacked: map[string]int{}, refusals: map[string]*refusal{}, proofs: 1, mostBulk: mostBulk,
	}
}

// doubt keeps the groups, but not the proof that others are absent: the token may
// be another tenant's by now.
func (m *mirror) doubt() {
	m.begun, m.before, m.complete, m.sighted = time.Time{}, time.Time{}, false, false
	clear(m.lacked)
	clear(m.refusals)
	for _, e := range m.entries {
		e.stale, e.deleteTaken = true, time.Time{}
	}
}

// shown reports whether a reply under the present token has shown a group.
func (m *mirror) shown(id string) bool {
	e := m.entries[id]
	return e != nil && !e.stale
}

// held are those of the ids that were shown last, under whichever token.
func (m *mirror) held(ids []string) sets.Set[string] {
	held := sets.New[string]()
	for _, id := range ids {
		if e := m.entries[id]; e != nil && !e.unlisted && e.deleted.IsZero() {
			held.Insert(id)
		}
	}
	return held
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
	case m.begun.IsZero() && !known:
		r.Presence = Unknown
		return r
	}
	r.Presence = Unlisted
	if m.proven(id) || !known { // what the mirror does not hold, no listing has shown
		r.Absent = m.absentSince()
	}
	return r
}

func (m *mirror) proven(id string) bool {
	return m.complete && m.lacked[id] >= m.proofs
}

// provenSince tells since when an absence from the mirror is an absence from the
// account, where listings are complete: two in a row are needed by page number.
func (m *mirror) provenSince() (t time.Time, complete bool) {
	if m.complete && m.proofs == 2 {
		return m.before, !m.before.IsZero()
	}
	return m.begun, m.complete
}

// absentSince is since when an absence from the mirror is proof; zero where it is none.
func (m *mirror) absentSince() time.Time {
	since, complete := m.provenSince()
	if !complete {
		return time.Time{}
	}
	return since
}

// unreadable is the key of groups whose name nobody has seen, which is that of no name.
const unreadable = "\x00"

func nameKey(g *klink.Group) string {
	if g.Unknown.Has(remote.FieldName) {
		return unreadable
	}
	return remote.NameKey(g.Name)
}

// named returns the groups of a name, or of one that an API may take for it.
func (m *mirror) named(name string, now time.Time) []klink.Group {
	return m.keyed(remote.NameKey(name), now)
}

// keyed returns, by id, the groups of a key of names that may still be there. Where listings
// cannot prove that one is gone, it counts for the settle time after it was last seen.
func (m *mirror) keyed(key string, now time.Time) []klink.Group {
	groups := make([]klink.Group, 0, m.names[key].Len())
	for id := range m.names[key] {
		e := m.entries[id]
		faded := m.proven(id) || !m.complete && now.Sub(e.seen) >= SettleTime
		if e.deleted.IsZero() && (!e.unlisted || !faded) {
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
	delete(m.lacked, id)
	delete(m.refusals, id)
	return e
}

// wrote writes the reply to one of our own writes through.
func (m *mirror) wrote(g klink.Group, fields []string, now time.Time) {
	e := m.answered(g.ID, now)
	e.contradicted, e.untried = false, 0
	e.wrote(g, fields, now)
	m.set(e, m.fit(e, g))
}

// read takes in the reply to a GET.
func (m *mirror) read(g klink.Group, now time.Time) klink.Group {
	e := m.answered(g.ID, now)
	e.contradicted, e.untried = false, 0
	before, whole := e.group, e.merge(g, now)
	m.set(e, m.fit(e, whole))
	if before.ID != "" && differing(&before, &whole) != 0 {
		if bulk(&before) > largeBulk {
			before = lightened(before)
		}
		e.listed = &before
	}
	return whole
}

// unclear notes that our own call to unarchive a group got no clear answer.
func (m *mirror) unclear(id string, now time.Time) {
	if e := m.entries[id]; e != nil {
		e.unarchiving = now.Add(SettleTime)
	}
}

// clear notes that a group was read by a GET that began then.
func (m *mirror) clear(id string, begun time.Time) {
	e := m.entries[id]
	if e == nil {
		return
	}
	e.seen = begun
	if !begun.Before(e.unarchiving) {
		e.unarchiving = time.Time{}
	}
}

// answerQuestions notes which questions the listings that are proof began after.
func (m *mirror) answerQuestions() {
	since := m.absentSince()
	for _, r := range m.refusals {
		if r.last.Before(since) {
			r.listed = r.last
		}
	}
}

// missed notes that a write did not find a group.
func (m *mirror) missed(id string) {
	if e := m.entries[id]; e != nil {
		e.unlisted = true
	}
}

// notFound notes a 404 to a question that was asked then; word: it is the API's own.
func (m *mirror) notFound(id string, asked time.Time, word bool) {
	m.missed(id)
	r := m.refusals[id]
	if r == nil {
		r = &refusal{first: asked}
		m.refusals[id] = r
	}
	r.last = asked
	switch {
	case !word:
	case r.word.IsZero():
		r.word = asked
	case !r.probed.IsZero() && asked.After(r.probed):
		r.again = asked
	}
}

// probed notes that a list was answered after a 404.
func (m *mirror) probed(id string, now time.Time) {
	if r := m.refusals[id]; r != nil && !r.word.IsZero() && r.probed.IsZero() {
		r.probed = now
	}
}

// removed notes that our own DELETE was answered.
func (m *mirror) removed(id string, now time.Time) {
	e := m.entries[id]
	if e == nil { // or a listing that has begun would bring it back
		e = &entry{group: klink.Group{ID: id}}
		m.entries[id] = e
	}
	e.deleted, e.deleteTaken = now, now
}

func (m *mirror) set(e *entry, g klink.Group) {
	if key := nameKey(&g); nameKey(&e.group) != key || e.group.ID == "" {
		m.unname(e)
		if m.names[key] == nil {
			m.names[key] = sets.New[string]()
		}
		m.names[key].Insert(g.ID)
	}
	m.bulk += bulk(&g) - bulk(&e.group)
	e.group = g
}

func (m *mirror) unname(e *entry) {
	key := nameKey(&e.group)
	ids := m.names[key]
	ids.Delete(e.group.ID)
	if len(ids) == 0 {
		delete(m.names, key)
	}
}

func (m *mirror) drop(id string) {
	m.unname(m.entries[id])
	m.bulk -= bulk(&m.entries[id].group)
	delete(m.entries, id)
	delete(m.lacked, id)
}
