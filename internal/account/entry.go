// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

// writesKept is for how long the mirror knows which fields our own writes set.
const writesKept = time.Hour

// entry is one remote group.
type entry struct {
	group klink.Group
	// stale: no reply under the present token has shown it.
	stale bool
	// unlisted: the newest listing lacks it. missed counts the listings in a row,
	// complete or not, that did.
	unlisted bool
	missed   int
	// left stands for the bulk of the group where it is not kept; else nil.
	left *sum
	// hidden is what the newest listing that shows it leaves out, or is among less: that
	// of which lists show less than a GET does.
	hidden, less remote.FieldSet
	// untried are the fields of which it is not known whether lists show all: only
	// listings have shown them, always as now, or the first listing after a GET shows less.
	untried remote.FieldSet
	// unlistedYet: only replies to calls for it alone have shown it so far.
	unlistedYet bool
	// listed is how the group was known before a GET showed it otherwise; nil once a
	// listing has said whether lists show less.
	listed *klink.Group
	// seen is when the listing or the call began that showed it last.
	seen time.Time
	// ours is what our own writes left behind; nil for a group that we did not write.
	ours *ours
	// unarchiving is until when our own call to unarchive it, which got no clear
	// answer, may still arrive; zero once it was read after that.
	unarchiving time.Time
	// contradicted: a listing showed it after a 404, and no call for it alone has since.
	contradicted bool
	// deleted is when our own DELETE was answered; zero before, and once a listing shows
	// the group after all. deleteTaken is when that was, under the present token.
	deleted, deleteTaken time.Time
}

// ours is what is known of a group by our own writes.
type ours struct {
	// written is when the last one was answered, and archivedAt what that said; past are
	// the states that our writes replaced, which a lagging API may still show.
	written    time.Time
	archivedAt time.Time
	past       []past
	// fields are those that our writes set, and when they were answered.
	fields map[string]time.Time
}

// entries are the remote groups by id.
type entries map[string]*entry

// shown reports whether a reply under the present token has shown a group.
func (es entries) shown(id string) bool {
	e := es[id]
	return e != nil && !e.stale
}

// held are those of the ids that were shown last, under whichever token.
func (es entries) held(ids []string) sets.Set[string] {
	held := sets.New[string]()
	for _, id := range ids {
		if e := es[id]; e != nil && !e.unlisted && e.deleted.IsZero() {
			held.Insert(id)
		}
	}
	return held
}

// unclear notes that our own call to unarchive a group got no clear answer.
func (es entries) unclear(id string, now time.Time) {
	if e := es[id]; e != nil {
		e.unarchiving = now.Add(SettleTime)
	}
}

// clear notes that a group, which is known, was read by a GET that began then.
func (es entries) clear(id string, begun time.Time) {
	e := es[id]
	e.seen = begun
	if !begun.Before(e.unarchiving) {
		e.unarchiving = time.Time{}
	}
}

// missed notes that a call did not find a group.
func (es entries) missed(id string) {
	if e := es[id]; e != nil {
		e.unlisted = true
	}
}

// removed notes that our own DELETE was answered.
func (es entries) removed(id string, now time.Time) {
	e := es[id]
	if e == nil { // or a listing that has begun would bring it back
		e = &entry{group: klink.Group{ID: id}}
		es[id] = e
	}
	e.deleted, e.deleteTaken = now, now
}

// asListed takes what lists do not tell out of how a listing shows the group. A field
// that it shows as it did before a GET showed otherwise is one of which lists show less,
// until one agrees with the GETs.
func (e *entry) asListed(g klink.Group) klink.Group {
	differs := differing(&g, &e.group)
	e.less &= differs
	if e.listed != nil {
		e.less |= differs &^ differing(&g, e.listed)
		e.listed = nil
	}
	e.hidden = g.Unknown | e.less
	g.Unknown = e.hidden
	return g
}

// differing are the fields that two showings of a group know, and show otherwise.
func differing(a, b *klink.Group) (fields remote.FieldSet) {
	note := func(field remote.FieldSet, differs bool) {
		if differs && (a.Unknown|b.Unknown)&field == 0 {
			fields |= field
		}
	}
	note(remote.FieldName, a.Name != b.Name)
	note(remote.FieldDescription, a.Description != b.Description)
	note(remote.FieldAvatarURL, a.AvatarURL != b.AvatarURL)
	note(remote.FieldContacts, !sameMembers(a.Contacts, b.Contacts))
	note(remote.FieldArchivedAt, a.Archived() != b.Archived())
	return fields
}

// shortened are the fields of which one showing of a group has only a part of what
// another has: the beginning of a text, some of the members.
func shortened(part, whole *klink.Group) (fields remote.FieldSet) {
	begins := func(part, whole string) bool {
		return part != whole && strings.HasPrefix(whole, strings.TrimRight(part, "….\u00a0 "))
	}
	if begins(part.Name, whole.Name) {
		fields |= remote.FieldName
	}
	if begins(part.Description, whole.Description) {
		fields |= remote.FieldDescription
	}
	if begins(part.AvatarURL, whole.AvatarURL) {
		fields |= remote.FieldAvatarURL
	}
	if len(part.Contacts) < len(whole.Contacts) && sets.New(whole.Contacts...).HasAll(part.Contacts...) {
		fields |= remote.FieldContacts
	}
	return fields &^ (part.Unknown | whole.Unknown)
}

// sameMembers compares in any order, as Groups do.
func sameMembers(a, b []string) bool {
	return slices.Equal(a, b) || len(a) == len(b) && slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// touched is when our own last write was answered; zero without one.
func (e *entry) touched() time.Time {
	if e.ours == nil {
		return e.deleted
	}
	return later(e.ours.written, e.deleted)
}

func (e *entry) settling(now time.Time) bool {
	touched := e.touched()
	return !touched.IsZero() && now.Sub(touched) < SettleTime
}

// replied reports whether the reply to a write that still settles showed the group
// archived, or not, just as it is known.
func (e *entry) replied(now time.Time) bool {
	return e.ours != nil && e.settling(now) && e.ours.archivedAt.Equal(e.group.ArchivedAt)
}

// wrote notes the reply to one of our own writes. The caller sets the group.
func (e *entry) wrote(g klink.Group, fields []string, now time.Time) {
	settled := !e.settling(now)
	if e.ours == nil {
		e.ours = &ours{}
	}
	if settled {
		e.ours.past = nil
	}
	if e.group.ID != "" {
		e.ours.past = append(e.ours.past, pastOf(&e.group))
	}
	e.ours.written, e.ours.archivedAt = now, g.ArchivedAt
	if e.ours.fields == nil {
		e.ours.fields = map[string]time.Time{}
	}
	for _, field := range fields {
		e.ours.fields[field] = now
	}
}

// writes are the fields that our own writes set within the last hour.
func (e *entry) writes(now time.Time) map[string]time.Time {
	if e.ours == nil {
		return nil
	}
	maps.DeleteFunc(e.ours.fields, func(_ string, at time.Time) bool { return now.Sub(at) >= writesKept })
	return maps.Clone(e.ours.fields)
}

// merge is what to believe when a listing or a GET shows g: a value that one of
// our recent writes replaced is the API's lag, anything else is news. Not so where a
// call of ours may have unarchived the group since.
func (e *entry) merge(g klink.Group, now time.Time) klink.Group {
	g = g.Over(e.group) // what it does not show is as it was last shown
	if e.ours == nil {
		return g
	}
	if !e.settling(now) {
		e.ours.past = nil
		return g
	}
	for i := range e.ours.past {
		old := &e.ours.past[i]
		e.keep(&g, old, remote.FieldName, func() { g.Name = e.group.Name })
		e.keep(&g, old, remote.FieldDescription, func() { g.Description = e.group.Description })
		e.keep(&g, old, remote.FieldAvatarURL, func() { g.AvatarURL = e.group.AvatarURL })
		e.keep(&g, old, remote.FieldContacts, func() { g.Contacts = e.group.Contacts })
		unarchived := g.ArchivedAt.IsZero() && e.ours.written.Before(e.unarchiving) // perhaps
		if g.ArchivedAt.Equal(old.archivedAt) && !unarchived {
			g.ArchivedAt = e.group.ArchivedAt
		}
	}
	return g
}

// keep keeps what is known of a field that is shown as one of our writes has replaced it.
// Where that was left out, the field is not known.
func (e *entry) keep(g *klink.Group, old *past, field remote.FieldSet, keep func()) {
	if old.shows(field, g) {
		g.Unknown |= e.group.Unknown & field
		keep()
	}
}

func same(a, b klink.Group) bool {
	return a.Name == b.Name && a.Description == b.Description && a.AvatarURL == b.AvatarURL &&
		a.ConversationID == b.ConversationID && a.CreatedAt.Equal(b.CreatedAt) && a.ArchivedAt.Equal(b.ArchivedAt) &&
		slices.Equal(a.Contacts, b.Contacts)
}
