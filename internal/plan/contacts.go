// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plan

import (
	"slices"
	"time"
)

// membersServe is how long the members that a GET showed may be sent again with those
// that are added to them: a change by a person in between is lost.
const membersServe = 5 * time.Second

// addsMembers reports whether a PUT of the fields adds members to those that are shown.
func addsMembers(f *Facts, fields []Field) bool {
	return f.Declared.AtLeast && slices.Contains(fields, FieldContacts)
}
