// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"context"
	"errors"
	"slices"
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
	// Complete means that the API has shown, by its own account, every group it has.
	Complete bool
	// Dialect is what to hand to NewLister next time.
	Dialect Dialect
	// ByPageNumber means that pages were asked for by number. When a group goes while they are read, those
	// behind it move up, and one can slip from a page not yet read to one that was: such a listing says
	// Complete and lacks it. Its total tells, unless it has moved in step. Two listings in a row
	// that agree prove an absence. A cursor has no such gap, as long as the API's order is a fixed one.
	ByPageNumber bool
}

// Lister lists one account and remembers what it learned about the API's paging: which dialect
// advances, and whether a plain list shows archived groups. It is not safe for concurrent use.
type Lister struct {
	client *Client
	// proven is the dialect that has advanced, "" while none has.
	proven Dialect
	// sized means that pages are asked for with page and pageSize, as limit does not set their size.
	sized bool
	// size is how many groups a page is asked for: pageSize, or fewer where so many make a reply too large.
	size int
	// limit is what the Limit dialect needed last time.
	limit int
	// plainHasArchived means that a list without archived=true has shown an archived group.
	plainHasArchived bool
}

// NewLister returns a Lister that takes first for a dialect that has advanced, if it is one that can.
func NewLister(c *Client, first Dialect) *Lister {
	l := &Lister{client: c, size: pageSize, limit: pageSize}
	if first == DialectCursor || first == DialectPage || first == DialectLimit {
		l.proven = first
	}
	return l
}

// List walks the account. It calls before ahead of each page, to wait for the rate; an error
// of before or of a page ends the walk, except that a page behind the first is asked for twice.
//
// A listing that is not Complete is no error: its groups exist, and nothing follows for others.
//
// Groups with thousands of members can make a page too large to be read: then smaller ones are asked for.
func (l *Lister) List(ctx context.Context, before func(ctx context.Context) error) (Listing, error) {
	for {
		listing, err := l.list(ctx, before)
		if !errors.Is(err, errTooLarge) || l.size <= shortPage {
			return listing, err
		}
		l.size = max(shortPage, l.size/2)
		l.limit = l.size
	}
}

func (l *Lister) list(ctx context.Context, before func(ctx context.Context) error) (Listing, error) {
	plain := &walk{lister: l, before: before}
	if err := plain.run(ctx); err != nil {
		return Listing{}, err
	}
	listing := Listing{
		Groups: plain.groups, Begun: plain.begun, Pages: plain.pages,
		Complete: plain.complete, ByPageNumber: plain.byNumber,
	}
	stuck := plain.stuck
	l.plainHasArchived = l.plainHasArchived || slices.ContainsFunc(plain.groups, Group.Archived)
	if !l.plainHasArchived {
		archived := &walk{lister: l, before: before, archived: true}
		if err := archived.run(ctx); err != nil && !refusedParameter(err) {
			return Listing{}, err
		}
		listing.join(archived)
		stuck = stuck || archived.stuck
	}
	listing.Dialect = l.dialect(stuck)
	return listing, nil
}

// join adds the archived groups. One that both halves show was archived in between: the later one counts.
// (The plain half comes first because what it then could miss is a group unarchived in between;
// a group that a lost create has just made is not archived.)
func (g *Listing) join(archived *walk) {
	at := make(map[string]int, len(g.Groups))
	for i, group := range g.Groups {
		at[group.ID] = i
	}
	for _, group := range archived.groups {
		if i, known := at[group.ID]; known {
			g.Groups[i] = group
			continue
		}
		g.Groups = append(g.Groups, group)
	}
	g.Pages += archived.pages
	g.Complete = g.Complete && archived.complete
	g.ByPageNumber = g.ByPageNumber || archived.byNumber
}

func (l *Lister) dialect(stuck bool) Dialect {
	switch {
	case stuck:
		return DialectIncomplete
	case l.proven != "":
		return l.proven
	default:
		return DialectSinglePage
	}
}

// first is the request that a listing begins with: as the groups page documents it, or in the
// form of the proven dialect where that saves a page.
func (l *Lister) first(archived bool) PageRequest {
	switch {
	case l.proven == DialectPage && l.sized:
		return PageRequest{Number: 1, Size: l.size, Archived: archived}
	case l.proven == DialectLimit:
		return PageRequest{Limit: l.limit, Archived: archived}
	default:
		return PageRequest{Limit: l.size, Archived: archived}
	}
}

// candidates are the dialects in which the page behind this one may be asked for.
func (l *Lister) candidates(p Page) []Dialect {
	switch {
	case l.proven != "":
		return []Dialect{l.proven}
	case p.LastPage != nil:
		return []Dialect{DialectPage, DialectLimit}
	default:
		return []Dialect{DialectCursor, DialectPage, DialectLimit}
	}
}

// refusedParameter says whether an API that checks its parameters has turned one down.
func refusedParameter(err error) bool {
	kind := KindOf(err)
	return kind == KindRejected || kind == KindNotFound
}
