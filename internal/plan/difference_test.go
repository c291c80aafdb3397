// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plan

import (
	"strings"
	"testing"

	"github.com/klink-cloud/klink-operator/internal/remote"
)

// A trailing newline, CRLF, and the two ways to write é look alike in a message, and a
// person looks for the difference in vain.
func TestADifferenceThatCannotBeSeenIsShown(t *testing.T) {
	long, x20, x39 := strings.Repeat("x", 200), strings.Repeat("x", 20), strings.Repeat("x", 39)
	for _, c := range []struct{ name, declared, shown, want string }{
		{"a newline at the end", "a\n", "a", `declared "a\n", shown "a"`},
		{"line ends", "a\r\nb", "a\nb", `declared "a\r\nb", shown "a\nb"`},
		{"decomposed letters", "caf\u00e9", "cafe\u0301", `declared "café", shown "cafe\u0301"`},
		{"a blank that does not break", "a b", "a\u00a0b", `declared "a b", shown "a\u00a0b"`},
		{"quotation marks", `say "a" 'b'`, "", `declared "say \"a\" 'b'", shown ""`},
		{"at the end of one that is shown whole", x20 + x39 + "a", x20 + x39 + "b", `declared "` + x20 + x39 + `a", shown "` + x20 + x39 + `b"`},
		{"far behind in a long text", long + "a" + long, long + "b" + long,
			`declared …"` + x20 + "a" + x39 + `"…, shown …"` + x20 + "b" + x39 + `"…`},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := Declared{Name: hotel, Description: &c.declared}
			got := d.Differences(remote.Group{Name: hotel, Description: c.shown}, []Field{FieldDescription})
			if want := "description: " + c.want; got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestContactsThatDifferAreNamed(t *testing.T) {
	d := Declared{Contacts: []string{"Hector", "Cliff"}}
	g := remote.Group{Contacts: []string{"Hector", "Eve", "a", "b", "c", "d", "e", "f"}}
	if got, want := d.Differences(g, []Field{FieldContacts}), "contacts: missing: Cliff; extra: Eve, a, b, c, d and 2 more"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	d.Contacts = []string{"Hector", "1", "2", "3", "4", "5"}
	if got, want := d.Differences(remote.Group{Contacts: d.Contacts[:1]}, []Field{FieldContacts}), "contacts: missing: 1, 2, 3, 4, 5"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := d.Differences(g, []Field{FieldContacts}), "contacts: missing: 1, 2, 3, 4, 5; extra: Eve, a, b, c, d and 2 more"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	d.Contacts = []string{"Hector"}
	if got, want := d.Differences(g, []Field{FieldContacts}), "contacts: extra: Eve, a, b, c, d and 2 more"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	d = Declared{Contacts: []string{"Hector", "Cliff"}, AtLeast: true}
	if got, want := d.Differences(g, []Field{FieldContacts}), "contacts: missing: Cliff"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestEachFieldSaysHowItDiffers(t *testing.T) {
	d := Declared{Name: "a", Description: new("b"), AvatarURL: new("c"), Contacts: []string{}, Archived: new(true)}
	for field, want := range map[Field]string{
		FieldName:        `name: declared "a", shown "x"`,
		FieldDescription: `description: declared "b", shown "y"`,
		FieldAvatarURL:   `avatarURL: declared "c", shown "z"`,
		FieldContacts:    "contacts: the same",
		FieldArchived:    "archived: declared true, shown false",
	} {
		if got := d.Differences(remote.Group{Name: "x", Description: "y", AvatarURL: "z"}, []Field{field}); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	d.Archived = new(false)
	if got, want := d.Differences(remote.Group{ArchivedAt: now}, []Field{FieldArchived}), "archived: declared false, shown true"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := d.Differences(remote.Group{}, []Field{FieldName, FieldArchived}); !strings.Contains(got, `shown ""; archived: `) {
		t.Errorf("two of them read %q", got)
	}
}
