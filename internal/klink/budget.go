// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import "github.com/klink-cloud/klink-operator/internal/remote"

const (
	// defaultBudget is what the groups of one listing may take in memory, in bytes.
	defaultBudget = 64 << 20
	// groupCost is what a group costs beside its texts: itself, and its places in the maps of a
	// walk and of what keeps the listing, as a process was seen to grow by them.
	groupCost = 1000
	// memberCost is what a member costs beside its name, likewise.
	memberCost = 32
	// bulky are the fields that are given up first. A read of the group shows them still.
	bulky = remote.FieldDescription | remote.FieldAvatarURL | remote.FieldContacts
)

// budget counts what the groups of a listing take in memory. Where three quarters of it are used,
// further groups are kept without what makes them large; where all of it is, none are.
type budget struct {
	used int
	full bool
}

// take makes room for a group, and says whether there was any.
func (b *budget) take(g *Group, most int) bool {
	cost := groupCost + len(g.ID) + len(g.Name) + len(g.ConversationID)
	large := len(g.Description) + len(g.AvatarURL) + memberCost*len(g.Contacts)
	for _, name := range g.Contacts {
		large += len(name)
	}
	if b.used+cost+large > most/4*3 && large > 0 {
		g.Description, g.AvatarURL, g.Contacts, large = "", "", []string{}, 0
		g.Unknown |= bulky
	}
	if b.full = b.used+cost > most; b.full { // what is large is within three quarters of it
		return false
	}
	b.used += cost + large
	return true
}
