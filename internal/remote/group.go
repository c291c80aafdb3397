// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package remote

import "time"

// Group is a remote group as the API shows it.
type Group struct {
	// ID is opaque and case-sensitive, and never empty in a decoded group.
	ID string
	// Name, Description and AvatarURL are "" where the API says null.
	Name, Description, AvatarURL string
	ConversationID               string
	// Contacts are the usernames of the members, in the API's order, without duplicates
	// removed. Never nil in a decoded group.
	Contacts []string
	// CreatedAt and ArchivedAt are zero where the API says null or nothing.
	CreatedAt, ArchivedAt time.Time
	// Unknown are the fields that the reply did not show, or whose values cannot be read. They
	// are zero here, and nothing follows from that: not that they are empty, nor that they differ.
	Unknown FieldSet
	// MoreContacts means that Contacts may not be all members: one shows no username, or the reply
	// says that there are more of them than it shows.
	MoreContacts bool
}

// FieldSet is a set of fields of a group.
type FieldSet uint8

// The fields that a reply shows beside the id.
const (
	FieldName FieldSet = 1 << iota
	FieldDescription
	FieldAvatarURL
	FieldConversationID
	FieldContacts
	FieldCreatedAt
	FieldArchivedAt

	// AllFields are all of them.
	AllFields = FieldName | FieldDescription | FieldAvatarURL | FieldConversationID | FieldContacts | FieldCreatedAt | FieldArchivedAt
)

// Has says whether all the given fields are in the set.
func (s FieldSet) Has(fields FieldSet) bool { return s&fields == fields }

// Over fills in what this showing of the group leaves unknown by what the last one has shown.
func (g Group) Over(last Group) Group {
	fill := func(field FieldSet, with func()) {
		if g.Unknown.Has(field) && !last.Unknown.Has(field) && last.ID == g.ID {
			g.Unknown &^= field
			with()
		}
	}
	fill(FieldName, func() { g.Name = last.Name })
	fill(FieldDescription, func() { g.Description = last.Description })
	fill(FieldAvatarURL, func() { g.AvatarURL = last.AvatarURL })
	fill(FieldConversationID, func() { g.ConversationID = last.ConversationID })
	fill(FieldContacts, func() { g.Contacts, g.MoreContacts = last.Contacts, last.MoreContacts })
	fill(FieldCreatedAt, func() { g.CreatedAt = last.CreatedAt })
	fill(FieldArchivedAt, func() { g.ArchivedAt = last.ArchivedAt })
	return g
}

// Archived says whether the group is archived.
func (g Group) Archived() bool { return !g.ArchivedAt.IsZero() }

// Fields are the fields of a group that a request sets; nil leaves one out.
type Fields struct {
	Name, Description, AvatarURL *string
	// Contacts are usernames; the list replaces the remote one as a whole.
	Contacts *[]string
	// ArchivedAt archives the group, or unarchives it when it points at the zero time.
	ArchivedAt *time.Time
}

// Names lists the fields that are set, as a Group's spec calls them.
func (f Fields) Names() []string {
	var names []string
	add := func(set bool, name string) {
		if set {
			names = append(names, name)
		}
	}
	add(f.Name != nil, "name")
	add(f.Description != nil, "description")
	add(f.AvatarURL != nil, "avatarURL")
	add(f.Contacts != nil, "contacts")
	add(f.ArchivedAt != nil, "archived")
	return names
}
