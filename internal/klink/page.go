// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

// PageRequest are the query parameters of a list call; the zero value of one leaves it out.
type PageRequest struct {
	// Limit is the number of groups asked for (groups page).
	Limit int
	// Archived asks for archived groups only.
	Archived bool
	// StartingAfter is the id behind which the page starts (cursor dialect).
	StartingAfter string
	// Number is the page, counted from 1, and Size the groups on each (page-number dialect: page, pageSize).
	Number, Size int
}

// Page is a list reply. A nil pointer means that the reply does not say.
type Page struct {
	Groups  []Group
	HasMore *bool
	// Total is the number of groups on all pages, LastPage the number of the last page,
	// Number that of this one, Size the groups that fit on each.
	Total, LastPage, Number, Size *int
}
