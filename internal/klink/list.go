// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"context"
	"time"
)

// Dialect is a way of paginating; the values are those of a connection's status.pagination.
type Dialect string

// The dialects, in the order in which a reply with has_more is followed.
const (
	DialectSinglePage Dialect = "SinglePage"
	DialectCursor     Dialect = "Cursor"
	DialectPage       Dialect = "Page"
	DialectLimit      Dialect = "Limit"
	DialectIncomplete Dialect = "Incomplete"
)

// Listing is the account as one walk over its pages has shown it.
type Listing struct {
	// Groups are distinct by id, archived ones included where they could be had.
	Groups []Group
	// Begun is when the first page was asked for.
	Begun time.Time
	// Pages counts the list calls that it took.
	Pages int
	// Complete means that the API has shown every group it has.
	Complete bool
	// Dialect is what to hand to NewLister next time.
	Dialect Dialect
	// ByPageNumber means that pages were asked for by number: an absence is proven only by
	// two complete listings in a row that agree.
	ByPageNumber bool
}

// Lister lists one account and remembers what it learned about the API's paging.
// It is not safe for concurrent use.
type Lister struct{}

// NewLister returns a Lister that tries the dialect first.
func NewLister(c *Client, first Dialect) *Lister { return &Lister{} }

// List walks the account. Each page costs one call to before, whose error ends the walk.
func (l *Lister) List(ctx context.Context, before func(ctx context.Context) error) (Listing, error) {
	return Listing{}, errTODO
}
