// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/klink-cloud/klink-operator/internal/remote"
)

const (
	// mostNames is how many contacts a message names.
	mostNames = 5
	// mostRunes is how much of a text a message shows, mostBefore of it before the
	// first difference.
	mostRunes  = 60
	mostBefore = 20
)

// Differences says how the remote group differs from the declaration in these fields:
// texts quoted with what cannot be seen escaped, contacts by who is missing and who is
// extra. It is bounded, whatever the values are.
func (d Declared) Differences(g remote.Group, fields []Field) string {
	var parts []string
	text := func(field Field, declared *string, shown string) {
		if declared != nil {
			want, have := around(*declared, shown)
			parts = append(parts, fmt.Sprintf("%s: declared %s, shown %s", field, want, have))
		}
	}
	for _, field := range fields {
		switch field {
		case FieldName:
			text(field, &d.Name, g.Name)
		case FieldDescription:
			text(field, d.Description, g.Description)
		case FieldAvatarURL:
			text(field, d.AvatarURL, g.AvatarURL)
		case FieldContacts:
			parts = append(parts, "contacts: "+d.membersDiffer(g.Contacts))
		case FieldArchived:
			parts = append(parts, fmt.Sprintf("archived: declared %t, shown %t", d.Archived != nil && *d.Archived, g.Archived()))
		}
	}
	return strings.Join(parts, "; ")
}

func (d Declared) membersDiffer(shown []string) string {
	var parts []string
	if missing := without(d.Contacts, shown); len(missing) > 0 {
		parts = append(parts, "missing: "+someOf(missing))
	}
	if extra := without(shown, d.Contacts); len(extra) > 0 && !d.AtLeast {
		parts = append(parts, "extra: "+someOf(extra))
	}
	if len(parts) == 0 {
		return "the same"
	}
	return strings.Join(parts, "; ")
}

// without returns the names of a that b lacks, in their order.
func without(a, b []string) []string {
	has := make(map[string]struct{}, len(b))
	for _, name := range b {
		has[name] = struct{}{}
	}
	var rest []string
	for _, name := range a {
		if _, ok := has[name]; !ok {
			rest = append(rest, name)
		}
	}
	return rest
}

func someOf(names []string) string {
	shown := make([]string, 0, mostNames)
	for _, name := range names[:min(len(names), mostNames)] {
		quoted := visible([]rune(name)[:min(len([]rune(name)), mostRunes)])
		if plain := strings.Trim(quoted, `"`); !strings.ContainsAny(plain, `\ ,;`) {
			quoted = plain
		}
		shown = append(shown, quoted)
	}
	list := strings.Join(shown, ", ")
	if more := len(names) - mostNames; more > 0 {
		list += fmt.Sprintf(" and %d more", more)
	}
	return list
}

// around quotes two texts, each from a little before the first rune in which they differ:
// neither ends before that.
func around(a, b string) (string, string) {
	x, y := []rune(a), []rune(b)
	same := 0
	for same < min(len(x), len(y)) && x[same] == y[same] {
		same++
	}
	from := 0
	if max(len(x), len(y)) > mostRunes {
		from = max(0, same-mostBefore)
	}
	return excerpt(x, from), excerpt(y, from)
}

func excerpt(text []rune, from int) string {
	end := min(len(text), from+mostRunes)
	quoted := visible(text[from:end])
	if from > 0 {
		quoted = "…" + quoted
	}
	if end < len(text) {
		quoted += "…"
	}
	return quoted
}

// visible quotes a text such that two texts which differ look different: what is not
// printed, other white space than a blank, and marks that combine with the letter
// before them are escaped.
func visible(text []rune) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case unicode.Is(unicode.M, r):
			fmt.Fprintf(&b, `\u%04x`, r)
		case r == '"':
			b.WriteString(`\"`)
		case r == '\'':
			b.WriteByte('\'')
		default:
			quoted := strconv.QuoteRune(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
	}
	b.WriteByte('"')
	return b.String()
}

// distinct keeps the first of each name, in the order in which they are declared.
func distinct(names []string) []string {
	seen := make(map[string]struct{}, len(names))
	kept := make([]string, 0, len(names))
	for _, name := range names {
		if _, again := seen[name]; !again {
			seen[name] = struct{}{}
			kept = append(kept, name)
		}
	}
	return kept
}

// sameMembers compares two lists as sets.
func sameMembers(a, b []string) bool { return slices.Equal(canonical(a), canonical(b)) }
