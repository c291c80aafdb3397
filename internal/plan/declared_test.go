// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plan

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

func TestDeclaredByKeepsOmittedAndEmptyApart(t *testing.T) {
	got := DeclaredBy(&v1alpha1.GroupSpec{Name: hotel})
	if diff := cmp.Diff(Declared{Name: hotel}, got); diff != "" {
		t.Errorf("omitted fields (-want +got):\n%s", diff)
	}
	got = DeclaredBy(&v1alpha1.GroupSpec{
		Name: hotel, Description: new(""), AvatarURL: new("https://klink.example/p.jpg"), Archived: new(false), Contacts: []v1alpha1.Contact{},
	})
	want := Declared{Name: hotel, Description: new(""), AvatarURL: new("https://klink.example/p.jpg"), Archived: new(false), Contacts: []string{}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("empty fields (-want +got):\n%s", diff)
	}
	got = DeclaredBy(&v1alpha1.GroupSpec{Contacts: []v1alpha1.Contact{{Username: "Hester"}, {Username: "Cedric"}, {Username: "Hester"}}})
	if diff := cmp.Diff([]string{"Hester", "Cedric"}, got.Contacts); diff != "" {
		t.Errorf("contacts (-want +got):\n%s", diff)
	}
}

// What a listing has to show of a Group was counted by reading all of its contacts.
func TestFieldsOfAreThoseThatAreCompared(t *testing.T) {
	for declared := range 16 {
		var spec v1alpha1.GroupSpec
		if declared&1 != 0 {
			spec.Description = new("")
		}
		if declared&2 != 0 {
			spec.AvatarURL = new("")
		}
		if declared&4 != 0 {
			spec.Contacts = []v1alpha1.Contact{}
		}
		if declared&8 != 0 {
			spec.Archived = new(false)
		}
		var want remote.FieldSet
		for _, field := range DeclaredBy(&spec).Hidden(remote.Group{Unknown: remote.AllFields}) {
			want |= fieldSets[field]
		}
		if got := FieldsOf(&spec); got != want {
			t.Errorf("%d: %b, want %b", declared, got, want)
		}
	}
}

func TestDiff(t *testing.T) {
	full := Declared{Name: hotel, Description: new("d"), AvatarURL: new("a"), Contacts: []string{"Cedric", "Hector"}, Archived: new(false)}
	shown := remote.Group{Name: hotel, Description: "d", AvatarURL: "a", Contacts: []string{"Hector", "Cedric", "Hector"}}
	for _, c := range []struct {
		name string
		d    Declared
		g    remote.Group
		want []Field
	}{
		{"order and duplicates of members do not count", full, shown, nil},
		{"omitted fields do not count", Declared{Name: hotel}, func() remote.Group { g := shown; g.ArchivedAt = now; return g }(), nil},
		{"everything differs", full, remote.Group{ArchivedAt: now}, []Field{FieldName, FieldDescription, FieldAvatarURL, FieldContacts, FieldArchived}},
		{"emptied", Declared{Name: hotel, Description: new(""), AvatarURL: new(""), Contacts: []string{}}, shown,
			[]Field{FieldDescription, FieldAvatarURL, FieldContacts}},
		{"empty on both sides", Declared{Name: hotel, Description: new(""), Contacts: []string{}}, remote.Group{Name: hotel}, nil},
		{"archived, but active", Declared{Name: hotel, Archived: new(true)}, shown, []Field{FieldArchived}},
		{"case counts", Declared{Name: "plaza hotel"}, shown, []Field{FieldName}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, c.d.Diff(c.g)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestChangesSetTheGivenFieldsAndNoOthers(t *testing.T) {
	d := Declared{Name: hotel, Description: new(""), AvatarURL: new("a"), Contacts: []string{}, Archived: new(true)}
	all := []Field{FieldName, FieldDescription, FieldAvatarURL, FieldContacts, FieldArchived}
	want := remote.Fields{Name: new(hotel), Description: new(""), AvatarURL: new("a"), Contacts: new([]string{}), ArchivedAt: &now}
	if diff := cmp.Diff(want, d.Changes(all, remote.Group{}, now)); diff != "" {
		t.Errorf("all fields (-want +got):\n%s", diff)
	}
	for _, field := range all {
		if diff := cmp.Diff([]Field{field}, d.Changes([]Field{field}, remote.Group{}, now).Names()); diff != "" {
			t.Errorf("%s alone (-want +got):\n%s", field, diff)
		}
	}
	d.Archived = new(false)
	if at := d.Changes([]Field{FieldArchived}, remote.Group{}, now).ArchivedAt; at == nil || !at.IsZero() {
		t.Errorf("unarchiving sets archived_at to %v, want null (the zero time)", at)
	}
}

// After a 422 to several fields the others are sent alone.
func TestOnlyTheGivenFieldsAreLeft(t *testing.T) {
	d := Declared{Name: hotel, Description: new("d"), AvatarURL: new("a"), Contacts: []string{"Hector"}, AtLeast: true, Archived: new(true)}
	for _, c := range []struct {
		fields []Field
		want   Declared
	}{
		{nil, d},
		{[]Field{FieldName, FieldDescription, FieldAvatarURL, FieldContacts}, d},
		{[]Field{FieldName}, Declared{Name: hotel, Archived: d.Archived}},
		{[]Field{FieldDescription}, Declared{Name: hotel, Description: d.Description, Archived: d.Archived}},
		{[]Field{FieldAvatarURL}, Declared{Name: hotel, AvatarURL: d.AvatarURL, Archived: d.Archived}},
		{[]Field{FieldContacts}, Declared{Name: hotel, Contacts: d.Contacts, AtLeast: true, Archived: d.Archived}},
	} {
		if diff := cmp.Diff(c.want, d.Only(c.fields)); diff != "" {
			t.Errorf("%v (-want +got):\n%s", c.fields, diff)
		}
	}
}

func TestCreationSendsNoArchivedAt(t *testing.T) {
	d := Declared{Name: hotel, Description: new("d"), Contacts: []string{"Hector"}, Archived: new(true)}
	want := remote.Fields{Name: new(hotel), Description: new("d"), Contacts: new([]string{"Hector"})}
	if diff := cmp.Diff(want, d.Creation()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff(remote.Fields{Name: new("")}, Declared{}.Creation()); diff != "" {
		t.Errorf("nothing but a name (-want +got):\n%s", diff)
	}
}

func TestArchive(t *testing.T) {
	if diff := cmp.Diff(remote.Fields{ArchivedAt: &now}, Archive(true, now)); diff != "" {
		t.Errorf("archiving (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(remote.Fields{ArchivedAt: &time.Time{}}, Archive(false, now)); diff != "" {
		t.Errorf("unarchiving (-want +got):\n%s", diff)
	}
}

// What a process keeps to compare the next declaration with is small, and tells as much.
func TestADeclarationOfManyContactsIsKeptAsADigest(t *testing.T) {
	var many []string
	for i := range 5000 {
		many = append(many, fmt.Sprint("guest-", i))
	}
	before := Declared{Name: hotel, Contacts: many}.Digested()
	reversed := slices.Clone(many)
	slices.Reverse(reversed)
	for what, c := range map[string]struct {
		now  Declared
		want bool
	}{
		"the same":            {Declared{Name: hotel, Contacts: many}, true},
		"in another order":    {Declared{Name: hotel, Contacts: reversed}, true},
		"no longer managed":   {Declared{Name: hotel}, true},
		"one less":            {Declared{Name: hotel, Contacts: many[1:]}, false},
		"a few":               {Declared{Name: hotel, Contacts: many[:3]}, false},
		"others left alone":   {Declared{Name: hotel, Contacts: many, AtLeast: true}, false},
		"under another name":  {Declared{Name: "Ritz", Contacts: many}, false},
		"a digest for a name": {Declared{Name: hotel, Contacts: []string{before.Contacts[0][1:]}}, false},
	} {
		if got := c.now.Within(before); got != c.want {
			t.Errorf("%s: %t", what, got)
		}
	}
	if len(before.Contacts) != 1 {
		t.Errorf("%d names are kept", len(before.Contacts))
	}
	few := many[:manyContacts]
	if kept := (Declared{Contacts: few}).Digested().Contacts; !slices.Equal(kept, few) {
		t.Errorf("of %d names %q is kept", len(few), kept)
	}
}

// A change that asks for nothing new is not waited for; any other one is.
func TestADeclarationIsNewWhereItSaysWhatWasNotSaidBefore(t *testing.T) {
	for name, with := range map[string]func(yes bool) Declared{
		"description": func(yes bool) Declared {
			return Declared{Description: new(map[bool]string{true: "a", false: "b"}[yes])}
		},
		"avatarURL": func(yes bool) Declared { return Declared{AvatarURL: new(map[bool]string{true: "a", false: "b"}[yes])} },
		"archived":  func(yes bool) Declared { return Declared{Archived: new(yes)} },
	} {
		one, other := with(true), with(false)
		if !one.Within(one) || !(Declared{}).Within(one) {
			t.Errorf("%s: the same, or less, is taken for something new", name)
		}
		if one.Within(other) || other.Within(one) || one.Within(Declared{}) {
			t.Errorf("%s: another value, or one where there was none, is taken for nothing new", name)
		}
	}
}
