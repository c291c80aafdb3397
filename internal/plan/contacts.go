// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plan

import (
	"slices"
	"time"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// membersServe is how long the members that a GET showed may be sent again with those
// that are added to them: a change by a person in between is lost.
const membersServe = 5 * time.Second

// addsMembers reports whether a PUT of the fields adds members to those that are shown.
func addsMembers(f *Facts, fields []Field) bool {
	return f.Declared.AtLeast && slices.Contains(fields, FieldContacts)
}

// addable leaves contacts out where they are to be added to members that the API does
// not show for certain: the PUT would remove who is not shown.
func addable(f *Facts, due []Field) ([]Field, Report) {
	if !addsMembers(f, due) || !f.Remote.Group.MembersUncertain {
		return due, Report{}
	}
	due = slices.DeleteFunc(slices.Clone(due), func(field Field) bool { return field == FieldContacts })
	return due, stalled(v1alpha1.ReasonNotApplied,
		"contacts are only added where the API shows every member of the remote group with a username, and it does not; "+
			"add them by hand, or declare all members with contactsPolicy Exact")
}
