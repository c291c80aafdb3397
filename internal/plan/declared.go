// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

// Field names an attribute of a Group as spec and status.drift write it.
type Field = string

// The fields a Group can declare, in the order in which they are reported.
const (
	FieldName        Field = "name"
	FieldDescription Field = "description"
	FieldAvatarURL   Field = "avatarURL"
	FieldContacts    Field = "contacts"
	FieldArchived    Field = "archived"
)

// Declared is what a Group says of its remote group. A nil field is unmanaged.
type Declared struct {
	Name        string
	Description *string
	AvatarURL   *string
	// Contacts are distinct, in the declared order; nil is unmanaged, empty means no
	// members. AtLeast: other members are left alone.
	Contacts []string
	AtLeast  bool
	Archived *bool
}

// DeclaredBy reads the declaration out of a Group's spec.
func DeclaredBy(spec *v1alpha1.GroupSpec) Declared {
	d := Declared{
		Name:        spec.Name,
		Description: spec.Description,
		AvatarURL:   spec.AvatarURL,
		Archived:    spec.Archived,
	}
	if spec.Contacts != nil {
		usernames := make([]string, 0, len(spec.Contacts))
		for _, contact := range spec.Contacts {
			usernames = append(usernames, contact.Username)
		}
		d.Contacts = distinct(usernames)
		d.AtLeast = spec.ContactsPolicy == v1alpha1.ContactsAtLeast
	}
	return d
}

// FieldsOf are the fields that a Group declares, as DeclaredBy reads them. It is asked for
// every Group at each listing, and reads no contact.
func FieldsOf(spec *v1alpha1.GroupSpec) remote.FieldSet {
	fields := remote.FieldName
	if spec.Description != nil {
		fields |= remote.FieldDescription
	}
	if spec.AvatarURL != nil {
		fields |= remote.FieldAvatarURL
	}
	if spec.Contacts != nil {
		fields |= remote.FieldContacts
	}
	if spec.Archived != nil {
		fields |= remote.FieldArchivedAt
	}
	return fields
}

var fieldSets = map[Field]remote.FieldSet{
	FieldName: remote.FieldName, FieldDescription: remote.FieldDescription, FieldAvatarURL: remote.FieldAvatarURL,
	FieldContacts: remote.FieldContacts, FieldArchived: remote.FieldArchivedAt,
}

// Diff lists the declared fields that the remote group shows otherwise. What it does
// not show at all is unknown, and no difference: Hidden lists that.
func (d Declared) Diff(g remote.Group) []Field {
	differing, _ := d.compared(g)
	return differing
}

// Hidden lists the declared fields that the API did not show.
func (d Declared) Hidden(g remote.Group) []Field {
	_, hidden := d.compared(g)
	return hidden
}

func (d Declared) compared(g remote.Group) (differing, hidden []Field) {
	add := func(field Field, declared, unknown, differs bool) {
		switch {
		case declared && unknown:
			hidden = append(hidden, field)
		case declared && differs:
			differing = append(differing, field)
		}
	}
	lacksMembers := d.lacksMembers(g)
	// A list that may be cut short cannot be sent with more names: that would take members out of the group.
	cut := d.AtLeast && g.MoreContacts && lacksMembers
	add(FieldName, true, g.Unknown.Has(remote.FieldName), d.Name != g.Name)
	add(FieldDescription, d.Description != nil, g.Unknown.Has(remote.FieldDescription), d.Description != nil && *d.Description != g.Description)
	add(FieldAvatarURL, d.AvatarURL != nil, g.Unknown.Has(remote.FieldAvatarURL), d.AvatarURL != nil && *d.AvatarURL != g.AvatarURL)
	add(FieldContacts, d.Contacts != nil, g.Unknown.Has(remote.FieldContacts) || cut, lacksMembers)
	add(FieldArchived, d.Archived != nil, g.Unknown.Has(remote.FieldArchivedAt), d.Archived != nil && *d.Archived != g.Archived())
	return differing, hidden
}

// Undone lists the fields that were as declared before a write of other fields, and are
// so no longer after it.
func (d Declared) Undone(before, after remote.Group, sent []Field) []Field {
	wrong := append(d.Diff(before), sent...)
	return slices.DeleteFunc(d.Diff(after), func(field Field) bool { return slices.Contains(wrong, field) })
}

func (d Declared) lacksMembers(g remote.Group) bool {
	if d.AtLeast {
		return len(without(d.Contacts, g.Contacts)) > 0
	}
	return !sameMembers(d.Contacts, g.Contacts)
}

// members are those to send: the declared ones in their order, and under AtLeast
// before them all that the remote group shows.
func (d Declared) members(shown remote.Group) []string {
	if !d.AtLeast {
		return d.Contacts
	}
	return append(slices.Clone(shown.Contacts), without(d.Contacts, shown.Contacts)...)
}

// Changes is the body of a PUT that sets the given fields and no others
// (groups API, PUT /groups/:id), of a group that shows what shown says. Archiving is
// archived_at set to now.
func (d Declared) Changes(fields []Field, shown remote.Group, now time.Time) remote.Fields {
	var changes remote.Fields
	for _, field := range fields {
		switch field {
		case FieldName:
			changes.Name = &d.Name
		case FieldDescription:
			changes.Description = d.Description
		case FieldAvatarURL:
			changes.AvatarURL = d.AvatarURL
		case FieldContacts:
			members := d.members(shown)
			changes.Contacts = &members
		case FieldArchived:
			changes.ArchivedAt = archivedAt(d.Archived != nil && *d.Archived, now)
		}
	}
	return changes
}

// Creation is the body of the POST that creates the group (groups API, POST
// /groups), which knows no archived_at: an archived group is archived after.
func (d Declared) Creation() remote.Fields {
	return d.Changes(d.creationFields(), remote.Group{}, time.Time{})
}

// Only is the declaration without the fields that are not given; nil gives all.
func (d Declared) Only(fields []Field) Declared {
	if fields == nil {
		return d
	}
	if !slices.Contains(fields, FieldDescription) {
		d.Description = nil
	}
	if !slices.Contains(fields, FieldAvatarURL) {
		d.AvatarURL = nil
	}
	if !slices.Contains(fields, FieldContacts) {
		d.Contacts, d.AtLeast = nil, false
	}
	return d
}

func (d Declared) creationFields() []Field {
	fields := []Field{FieldName}
	if d.Description != nil {
		fields = append(fields, FieldDescription)
	}
	if d.AvatarURL != nil {
		fields = append(fields, FieldAvatarURL)
	}
	if d.Contacts != nil {
		fields = append(fields, FieldContacts)
	}
	return fields
}

// digestFields are those that a group must show exactly to be the one that was created.
// Members are not among them where others may add more.
func (d Declared) digestFields() []Field { return d.digested(d.creationFields()) }

func (d Declared) digested(fields []Field) []Field {
	return slices.DeleteFunc(slices.Clone(fields), func(field Field) bool { return d.AtLeast && field == FieldContacts })
}

// Archive is the body of the PUT that archives or unarchives a group.
func Archive(archived bool, now time.Time) remote.Fields {
	return remote.Fields{ArchivedAt: archivedAt(archived, now)}
}

func archivedAt(archived bool, now time.Time) *time.Time {
	if !archived {
		return &time.Time{}
	}
	return &now
}

// digest condenses the values of the given fields, so that an attempt can tell
// its own group from another of the same name without keeping the values.
func (d Declared) digest(fields []Field) string {
	values := make(map[Field]any, len(fields))
	for _, field := range fields {
		switch field {
		case FieldName:
			values[field] = d.Name
		case FieldDescription:
			values[field] = d.Description
		case FieldAvatarURL:
			values[field] = d.AvatarURL
		case FieldContacts:
			values[field] = canonical(d.Contacts)
		}
	}
	// Marshalling a map of strings and string slices cannot fail.
	encoded, _ := json.Marshal(values) //nolint:errchkjson // see above
	sum := sha256.Sum256(encoded)
	return hex.EncodeToString(sum[:16])
}

// Within reports whether all that is declared was declared before, with the same values:
// less, or the same members in another order, asks nothing new.
func (d Declared) Within(before Declared) bool {
	text := func(now, then *string) bool { return now == nil || then != nil && *now == *then }
	members := d.Contacts == nil || before.Contacts != nil && d.AtLeast == before.AtLeast && d.declaresMembersOf(before)
	archived := d.Archived == nil || before.Archived != nil && *d.Archived == *before.Archived
	return d.Name == before.Name && text(d.Description, before.Description) && text(d.AvatarURL, before.AvatarURL) && members && archived
}

// manyContacts is how many names a process keeps of a Group at most, to compare the next
// declaration with: a digest takes as much room as they do.
const manyContacts = 4

// Digested is the declaration with a digest in the place of many contacts. It serves only
// to be compared with, by Within.
func (d Declared) Digested() Declared {
	if len(d.Contacts) > manyContacts {
		sum := sha256.Sum256([]byte(strings.Join(canonical(d.Contacts), "\x00")))
		d.Contacts = []string{"\x00" + hex.EncodeToString(sum[:])} // no name begins so
	}
	return d
}

func (d Declared) declaresMembersOf(before Declared) bool {
	return sameMembers(d.Contacts, before.Contacts) || sameMembers(d.Digested().Contacts, before.Contacts)
}

// shownBy is the declaration that a remote group would satisfy exactly.
func shownBy(g remote.Group) Declared {
	archived := g.Archived()
	return Declared{
		Name:        g.Name,
		Description: &g.Description,
		AvatarURL:   &g.AvatarURL,
		Contacts:    canonical(g.Contacts),
		Archived:    &archived,
	}
}

// canonical sorts usernames and counts duplicates once; it never returns nil,
// which would mean "unmanaged".
func canonical(usernames []string) []string {
	sorted := append(make([]string, 0, len(usernames)), usernames...)
	slices.Sort(sorted)
	return slices.Compact(sorted)
}
