// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"net/url"
	"strconv"
)

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

func (r PageRequest) query() url.Values {
	q := url.Values{}
	set := func(key string, n int) {
		if n > 0 {
			q.Set(key, strconv.Itoa(n))
		}
	}
	set("limit", r.Limit)
	set("page", r.Number)
	set("pageSize", r.Size)
	if r.Archived {
		q.Set("archived", "true")
	}
	if r.StartingAfter != "" {
		q.Set("starting_after", r.StartingAfter)
	}
	return q
}

// last says whether the reply to a request for page number is, by its own account, the last one. A
// reply that says nothing about that is the last if it is a short one.
func (p Page) last(number int) bool {
	switch {
	case p.LastPage != nil && number < *p.LastPage:
		return false
	case p.HasMore != nil:
		return !*p.HasMore
	default:
		return p.LastPage != nil || len(p.Groups) < shortPage
	}
}
