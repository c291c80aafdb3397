// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulator

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Contact is a member of a group.
type Contact struct {
	Username string `json:"username"`
}

// Group is a group as the server keeps it.
type Group struct {
	ID             string
	Name           string
	Description    *string // nil is null
	AvatarURL      *string // nil is null
	ConversationID string
	Contacts       []Contact
	CreatedAt      time.Time
	ArchivedAt     time.Time // zero: not archived
}

// Archived tells whether the group is archived.
func (g Group) Archived() bool { return !g.ArchivedAt.IsZero() }

// clone shares nothing with g.
func (g Group) clone() Group {
	g.Description = cloneText(g.Description)
	g.AvatarURL = cloneText(g.AvatarURL)
	g.Contacts = slices.Clone(g.Contacts)
	return g
}

func cloneText(text *string) *string {
	if text == nil {
		return nil
	}
	return new(*text)
}

// Contacts makes the contacts of these usernames.
func Contacts(usernames ...string) []Contact {
	contacts := make([]Contact, 0, len(usernames))
	for _, username := range usernames {
		contacts = append(contacts, Contact{Username: username})
	}
	return contacts
}

// distinct keeps the first of each username: a contact is a member or not, never twice.
func distinct(contacts []Contact) []Contact {
	seen := make(map[string]bool, len(contacts))
	kept := make([]Contact, 0, len(contacts))
	for _, contact := range contacts {
		if !seen[contact.Username] {
			seen[contact.Username] = true
			kept = append(kept, contact)
		}
	}
	return kept
}

// wireGroup is a group as replies show it.
type wireGroup struct {
	ID             string  `json:"id"`
	Name           string  `json:"name"`
	Description    *string `json:"description"`
	AvatarURL      *string `json:"avatar_url"`
	ConversationID string  `json:"conversation_id"`
	Contacts       []any   `json:"contacts"`
	CreatedAt      any     `json:"created_at"`
	ArchivedAt     any     `json:"archived_at"`
}

type detailedContact struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Username string `json:"username"`
}

func (s *Settings) wire(g *Group) wireGroup {
	contacts := make([]any, 0, len(g.Contacts))
	for _, contact := range g.Contacts {
		if s.ContactDetails {
			contacts = append(contacts, detailedContact{"contact-" + contact.Username, contact.Username, contact.Username})
			continue
		}
		if s.NumericUsernames && isNumber(contact.Username) {
			contacts = append(contacts, map[string]json.RawMessage{"username": json.RawMessage(contact.Username)})
			continue
		}
		contacts = append(contacts, contact)
	}
	return wireGroup{
		ID: g.ID, Name: g.Name, Description: g.Description, AvatarURL: s.avatar(g.AvatarURL),
		ConversationID: g.ConversationID, Contacts: contacts,
		CreatedAt: s.wireTime(g.CreatedAt), ArchivedAt: s.wireTime(g.ArchivedAt),
	}
}

// avatar is the URL as a reply shows it.
func (s *Settings) avatar(stored *string) *string {
	if !s.SignedAvatars || stored == nil || *stored == "" {
		return stored
	}
	return new(fmt.Sprintf("%s?signature=%d", *stored, time.Now().UnixNano()))
}

// item is a group as a list shows it.
func (s *Settings) item(g *Group) any {
	whole := s.wire(s.cut(g))
	if len(s.OmitInLists) == 0 {
		return whole
	}
	var item map[string]json.RawMessage
	if text, err := json.Marshal(whole); err != nil || json.Unmarshal(text, &item) != nil {
		return whole // which cannot be: it is made of texts and times
	}
	for _, name := range s.OmitInLists {
		delete(item, name)
	}
	return item
}

// cut is the group with what a list shows of long values.
func (s *Settings) cut(g *Group) *Group {
	n := s.CutInLists
	if n == 0 {
		return g
	}
	less := *g
	less.Contacts = g.Contacts[:min(n, len(g.Contacts))]
	if text := []rune(*cmp.Or(g.Description, new(string))); len(text) > n {
		less.Description = new(string(text[:n]))
	}
	return &less
}

func (s *Settings) wireTime(t time.Time) any {
	switch {
	case t.IsZero():
		return nil
	case s.Timestamps == RFC3339:
		return t.UTC().Format(time.RFC3339)
	default:
		return t.Unix()
	}
}
