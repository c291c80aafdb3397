// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"slices"
	"strings"
	"time"

	"github.com/klink-cloud/klink-operator/internal/klink"
)

// mirror is the account as the newest listing shows it, with the replies to our
// own calls written through. It is not safe for concurrent use; Account locks.
type mirror struct {
	entries map[string]*entry
	// names finds entries by their present name.
	names map[string]map[string]struct{}
	// lacked counts, for ids that a Group owns or the mirror held, the complete
	// listings in a row that lacked them.
	lacked map[string]int

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
}

// entry is one remote group.
type entry struct {
	group klink.Group
	// asOf is when the listing or the call began that showed group.
	asOf time.Time
	// stale: no reply under the present token has shown it.
	stale bool
	// unlisted: the newest listing lacks it.
	unlisted bool
	// written is when our own last write was answered, and with what; past are the
	// states that our writes replaced, which a lagging API may still show.
	written time.Time
	reply   klink.Group
	past    []klink.Group
	// unarchiving is until when our own call to unarchive it, which got no clear
	// answer, may still arrive; zero once it was read after that.
	unarchiving time.Time
	// deleted: our own DELETE was answered.
	deleted bool
}

func newMirror() *mirror {
	return &mirror{entries: map[string]*entry{}, names: map[string]map[string]struct{}{}, lacked: map[string]int{}, proofs: 1}
}

// doubt keeps the groups, but not the proof that others are absent: the token may
// be another tenant's by now.
func (m *mirror) doubt() {
	m.begun, m.before, m.complete = time.Time{}, time.Time{}, false
	clear(m.lacked)
	for _, e := range m.entries {
		e.stale = true
	}
}

// shown reports whether a reply under the present token has shown a group.
func (m *mirror) shown(id string) bool {
	e := m.entries[id]
	return e != nil && !e.stale
}

// lookup tells what is known of an id.
func (m *mirror) lookup(id string, now time.Time) Remote {
	e, known := m.entries[id]
	switch {
	case known && !e.unlisted && !e.deleted:
		settling := e.settling(now)
		return Remote{
			Presence: Present, Group: e.group, AsOf: e.asOf, Settling: settling,
			Replied: settling && e.reply.ArchivedAt.Equal(e.group.ArchivedAt), Unarchiving: e.unarchiving,
		}
	case m.begun.IsZero() && !known:
		return Remote{Presence: Unknown}
	}
	return Remote{
		Presence:      Unlisted,
		Settling:      known && e.settling(now),
		AbsenceProven: m.proven(id),
	}
}

func (m *mirror) proven(id string) bool {
	return m.complete && m.lacked[id] >= m.proofs
}

func (e *entry) settling(now time.Time) bool {
	return !e.written.IsZero() && now.Sub(e.written) < SettleTime
}

// provenSince tells since when an absence from the mirror is an absence from the
// account, where listings are complete: two in a row are needed by page number.
func (m *mirror) provenSince() (t time.Time, complete bool) {
	if m.complete && m.proofs == 2 {
		return m.before, !m.before.IsZero()
	}
	return m.begun, m.complete
}

// named returns, by id, the groups of a name that are not proven gone.
func (m *mirror) named(name string) []klink.Group {
	groups := make([]klink.Group, 0, len(m.names[name]))
	for id := range m.names[name] {
		if e := m.entries[id]; !e.deleted && (!e.unlisted || !m.proven(id)) {
			groups = append(groups, e.group)
		}
	}
	slices.SortFunc(groups, func(a, b klink.Group) int { return strings.Compare(a.ID, b.ID) })
	return groups
}

// wrote writes the reply to one of our own writes through.
func (m *mirror) wrote(g klink.Group, now time.Time) {
	e := m.entries[g.ID]
	if e == nil {
		e = &entry{}
		m.entries[g.ID] = e
	} else {
		if !e.settling(now) {
			e.past = nil
		}
		e.past = append(e.past, e.group)
	}
	e.written, e.reply, e.unlisted, e.stale, e.asOf = now, g, false, false, now
	delete(m.lacked, g.ID)
	m.set(e, g)
}

// unclear notes that our own call to unarchive a group got no clear answer.
func (m *mirror) unclear(id string, now time.Time) {
	if e := m.entries[id]; e != nil {
		e.unarchiving = now.Add(SettleTime)
	}
}

// clear notes that a group was read by a GET that began then.
func (m *mirror) clear(id string, begun time.Time) {
	if e := m.entries[id]; e != nil {
		e.asOf = begun
	}
	if e := m.entries[id]; e != nil && !begun.Before(e.unarchiving) {
		e.unarchiving = time.Time{}
	}
}

// read takes in the reply to a GET.
func (m *mirror) read(g klink.Group, now time.Time) klink.Group {
	e := m.entries[g.ID]
	if e == nil {
		e = &entry{}
		m.entries[g.ID] = e
	}
	e.unlisted, e.stale, e.asOf = false, false, now
	delete(m.lacked, g.ID)
	m.set(e, e.merge(g, now))
	return e.group
}

// removed notes that our own DELETE was answered.
func (m *mirror) removed(id string, now time.Time) {
	e := m.entries[id]
	if e == nil { // or a listing that has begun would bring it back
		e = &entry{group: klink.Group{ID: id}}
		m.entries[id] = e
	}
	e.deleted, e.written = true, now
}

// merge is what to believe when a listing or a GET shows g: a value that one of
// our recent writes replaced is the API's lag, anything else is news. Not so where a
// call of ours may have unarchived the group since.
func (e *entry) merge(g klink.Group, now time.Time) klink.Group {
	if !e.settling(now) {
		e.past = nil
		return g
	}
	for _, old := range e.past {
		keep(&g.Name, e.group.Name, old.Name)
		keep(&g.Description, e.group.Description, old.Description)
		keep(&g.AvatarURL, e.group.AvatarURL, old.AvatarURL)
		if slices.Equal(g.Contacts, old.Contacts) {
			g.Contacts = e.group.Contacts
		}
		unarchived := g.ArchivedAt.IsZero() && e.written.Before(e.unarchiving) // perhaps
		if g.ArchivedAt.Equal(old.ArchivedAt) && !unarchived {
			g.ArchivedAt = e.group.ArchivedAt
		}
	}
	return g
}

func keep(seen *string, ours, old string) {
	if *seen == old {
		*seen = ours
	}
}

func (m *mirror) set(e *entry, g klink.Group) {
	if e.group.Name != g.Name || e.group.ID == "" {
		m.unname(e)
		if m.names[g.Name] == nil {
			m.names[g.Name] = map[string]struct{}{}
		}
		m.names[g.Name][g.ID] = struct{}{}
	}
	e.group = g
}

func (m *mirror) unname(e *entry) {
	ids := m.names[e.group.Name]
	delete(ids, e.group.ID)
	if len(ids) == 0 {
		delete(m.names, e.group.Name)
	}
}

// apply takes in a listing and returns the ids whose groups changed, appeared or
// vanished. owned are the ids that Groups own.
func (m *mirror) apply(l klink.Listing, owned []string, now time.Time) (changed []string) {
	m.took = now.Sub(l.Begun)
	m.begin(l)
	shown := make(map[string]struct{}, len(l.Groups))
	for _, g := range l.Groups {
		shown[g.ID] = struct{}{}
		if m.show(g, l.Begun, now) {
			changed = append(changed, g.ID)
		}
	}
	for id, e := range m.entries {
		if _, ok := shown[id]; !ok && m.lack(id, e, l, now) {
			changed = append(changed, id)
		}
	}
	for _, id := range owned {
		if _, ok := shown[id]; ok || m.entries[id] != nil {
			continue
		}
		if l.Complete {
			m.lacked[id]++
		}
		if m.lacked[id] <= m.proofs {
			changed = append(changed, id)
		}
	}
	slices.Sort(changed) // not in the order of a map: what follows can be repeated
	return changed
}

func (m *mirror) begin(l klink.Listing) {
	m.before = time.Time{}
	if m.complete && l.Complete {
		m.before = m.begun
	}
	m.begun, m.complete, m.proofs = l.Begun, l.Complete, 1
	if l.ByPageNumber {
		m.proofs = 2
	}
	if !l.Complete {
		clear(m.lacked)
	}
}

// show takes in one listed group and reports whether it is news.
func (m *mirror) show(g klink.Group, begun, now time.Time) bool {
	delete(m.lacked, g.ID)
	e := m.entries[g.ID]
	if e == nil {
		e = &entry{asOf: begun}
		m.entries[g.ID] = e
		m.set(e, g)
		return true
	}
	e.stale = false
	if begun.Before(e.written) || e.deleted && e.settling(now) {
		return false
	}
	before, was := e.group, e.unlisted || e.deleted
	e.unlisted, e.deleted, e.asOf = false, false, begun
	m.set(e, e.merge(g, now))
	return was || !same(before, e.group)
}

// lack notes that a listing lacks a group that the mirror holds, and reports
// whether that is news: at first, when it becomes proof, and, where listings are
// incomplete, each time, so that its Group reads it.
func (m *mirror) lack(id string, e *entry, l klink.Listing, now time.Time) bool {
	if l.Begun.Before(e.written) || e.settling(now) {
		return false
	}
	if e.deleted {
		m.unname(e)
		delete(m.entries, id)
		return false
	}
	e.unlisted = true
	if !l.Complete {
		return true
	}
	m.lacked[id]++
	return m.lacked[id] <= m.proofs
}

// prune drops groups that vanished and that no Group owns.
func (m *mirror) prune(owned []string) {
	keepIDs := make(map[string]struct{}, len(owned))
	for _, id := range owned {
		keepIDs[id] = struct{}{}
	}
	for id, e := range m.entries {
		if _, ok := keepIDs[id]; !ok && e.unlisted && m.proven(id) {
			m.unname(e)
			delete(m.entries, id)
			delete(m.lacked, id)
		}
	}
	for id := range m.lacked {
		if _, ok := keepIDs[id]; !ok && m.entries[id] == nil {
			delete(m.lacked, id)
		}
	}
}

func same(a, b klink.Group) bool {
	return a.Name == b.Name && a.Description == b.Description && a.AvatarURL == b.AvatarURL &&
		a.ConversationID == b.ConversationID && a.CreatedAt.Equal(b.CreatedAt) && a.ArchivedAt.Equal(b.ArchivedAt) &&
		slices.Equal(a.Contacts, b.Contacts)
}
