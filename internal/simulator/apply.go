// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulator

import (
	"html"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxName is the longest name, in characters. The page has no limit; this one is the CRD's and any database's.
const maxName = 255

// apply changes g as the request says: only the attributes that were sent. The error is invalid.
func (s *Settings) apply(c change, g *Group) error {
	problems := invalid{}
	if c.name.sent {
		s.applyName(c.name, g, problems)
	}
	if c.description.sent {
		g.Description = s.optional(c.description.value)
	}
	if c.avatarURL.sent {
		g.AvatarURL = s.optional(c.avatarURL.value)
	}
	if c.contacts.sent {
		s.applyContacts(c.contacts, g, problems)
	}
	if c.archivedAt.sent {
		g.ArchivedAt = moment{}.Time
		if c.archivedAt.value != nil {
			g.ArchivedAt = c.archivedAt.value.Time
		}
	}
	if len(problems) > 0 {
		return problems
	}
	return nil
}

func (s *Settings) applyName(name field[string], g *Group, problems invalid) {
	switch {
	case name.value == nil || strings.TrimSpace(*name.value) == "":
		problems["name"] = "must not be blank"
	case utf8.RuneCountInString(*name.value) > maxName:
		problems["name"] = "must have at most 255 characters"
	default:
		g.Name = s.normalise(*name.value)
	}
}

func (s *Settings) applyContacts(contacts field[[]Contact], g *Group, problems invalid) {
	g.Contacts = []Contact{}
	if contacts.value == nil {
		return
	}
	for _, contact := range distinct(*contacts.value) {
		known := s.UnknownContacts == Accept || slices.Contains(s.KnownContacts, contact.Username)
		switch {
		case known:
			g.Contacts = append(g.Contacts, contact)
		case s.UnknownContacts == Reject:
			problems["contacts"] = "unknown contact: " + contact.Username
		}
	}
}

func (s *Settings) optional(text *string) *string {
	if text == nil || *text == "" && s.Text == NullEmpty {
		return nil
	}
	return new(s.normalise(*text))
}

func (s *Settings) normalise(text string) string {
	switch s.Text {
	case Trim:
		return strings.TrimSpace(text)
	case EscapeHTML:
		return html.EscapeString(text)
	case Compose:
		return norm.NFC.String(text)
	case Lowercase:
		return strings.ToLower(text)
	default:
		return text
	}
}
