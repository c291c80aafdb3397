// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"crypto/sha256"
	"encoding/json"
	"slices"
	"time"

	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

// What a listing keeps is bounded by itself. What is read, or answered to a write, comes
// group by group: without a bound of its own, 300 groups of the largest size took more
// memory than the manager has. Beyond that bound the mirror keeps a digest in the place of
// what makes a group large, and a look that needs more reads the group.

const (
	// bulky are the fields that can make a group large.
	bulky = remote.FieldDescription | remote.FieldAvatarURL | remote.FieldContacts
	// mostBulk is what these fields of all groups of an account may take, in bytes, where the
	// settings say nothing.
	mostBulk = 64 << 20
	// smallBulk is what they may always take of one group, largeBulk more than is kept of how
	// it was before.
	smallBulk, largeBulk = 1 << 10, 64 << 10
	// memberCost is what a member costs beside its name.
	memberCost = 16
)

// sum is a digest of what a group shows.
type sum [sha256.Size]byte

func sumOf(values ...any) sum {
	text, _ := json.Marshal(values) //nolint:errchkjson // texts, lists of texts and numbers can always be encoded
	return sha256.Sum256(text)
}

// bulk is what the bulky fields of a group take.
func bulk(g *klink.Group) int {
	size := len(g.Description) + len(g.AvatarURL) + memberCost*len(g.Contacts)
	for _, name := range g.Contacts {
		size += len(name)
	}
	return size
}

// bulkSum stands for the bulky fields; members count in any order, as Groups compare them.
func bulkSum(g *klink.Group) sum {
	return sumOf(g.Description, g.AvatarURL, slices.Sorted(slices.Values(g.Contacts)), g.MoreContacts, g.Unknown&bulky)
}

// lightened is a group without its bulky fields.
func lightened(g klink.Group) klink.Group {
	g.Description, g.AvatarURL, g.Contacts, g.MoreContacts = "", "", []string{}, false
	g.Unknown |= bulky
	return g
}

// room is what the bulky fields of all groups take, and what they may.
type room struct{ used, most int }

// fit is what an entry keeps of a group that was read, or that a write was answered with:
// all of it, or a digest in the place of its bulk where the account has too much of that.
func (r *room) fit(e *entry, g klink.Group) klink.Group {
	e.left = nil
	had, size := bulk(&e.group), bulk(&g)
	if size <= max(smallBulk, had) || r.used-had+size <= r.most {
		return g
	}
	left := bulkSum(&g)
	e.left = &left
	return lightened(g)
}

// shownAs reports whether a group is shown as it was known before, when its bulk may have
// been left out.
func shownAs(before klink.Group, left *sum, now klink.Group) bool {
	if left == nil {
		return same(before, now)
	}
	return *left == bulkSum(&now) && same(before, lightened(now))
}

// past is a state that a write of ours has replaced.
type past struct {
	name       string
	archivedAt time.Time
	unknown    remote.FieldSet
	// By field: what it showed takes no room, however large it was.
	description, avatarURL, contacts sum
}

func pastOf(g *klink.Group) past {
	return past{
		name: g.Name, archivedAt: g.ArchivedAt, unknown: g.Unknown,
		description: sumOf(g.Description), avatarURL: sumOf(g.AvatarURL), contacts: sumOf(g.Contacts),
	}
}

// shows reports whether a group shows a field as it was in this state.
func (p *past) shows(field remote.FieldSet, g *klink.Group) bool {
	if (p.unknown|g.Unknown)&field != 0 {
		return false
	}
	shown := map[remote.FieldSet]func() bool{
		remote.FieldName:        func() bool { return p.name == g.Name },
		remote.FieldDescription: func() bool { return p.description == sumOf(g.Description) },
		remote.FieldAvatarURL:   func() bool { return p.avatarURL == sumOf(g.AvatarURL) },
		remote.FieldContacts:    func() bool { return p.contacts == sumOf(g.Contacts) },
	}[field]
	return shown()
}
