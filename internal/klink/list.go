// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/klink-cloud/klink-operator/internal/remote"
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
	// Groups are distinct by id, archived ones included where they could be had. They may share their
	// contacts with those of the next listing: they are to be read only.
	Groups []Group
	// Begun is when the first page was asked for.
	Begun time.Time
	// Pages counts the list calls that it took.
	Pages int
	// Complete means that the API has shown, by its own account, every group it has. Why says, in
	// words, why a listing is not.
	Complete bool
	Why      string
	// Odd is what could not be read of the items: a value that is unknown in its group, or an item
	// without an id.
	Odd Oddities
	// Dialect is what to hand to NewLister next time.
	Dialect Dialect
	// ByPageNumber means that pages were asked for by number. When a group goes while they are read, those
	// behind it move up, and one can slip from a page not yet read to one that was: such a listing says
	// Complete and lacks it. Its total tells, unless it has moved in step. Two listings in a row
	// that agree prove an absence. A cursor has no such gap, as long as the API's order is a fixed one.
	ByPageNumber bool
}

// NamesKnown says whether every group has a name that can be read: only then does a listing prove
// that a name is free.
func (g *Listing) NamesKnown() bool {
	return !slices.ContainsFunc(g.Groups, func(group Group) bool { return group.Unknown.Has(remote.FieldName) })
}

// Lister lists one account and remembers what it learned about the API's paging: which dialect
// advances, and whether a plain list shows archived groups. It is not safe for concurrent use.
type Lister struct {
	// Answered, if set, is called for each page that was answered.
	Answered func()

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
	// refusals counts listings in a row whose first page was refused in the form of the proven dialect.
	refusals int
	// budget is what the groups of a listing may take in memory, in bytes.
	budget int
	// pages are those of the newest listing, and count is how many groups its halves had, by whether
	// it is the archived one.
	pages keptPages
	count map[bool]int
}

// NewLister returns a Lister that takes first for a dialect that has advanced, if it is one that can.
func NewLister(c *Client, first Dialect) *Lister {
	l := &Lister{client: c, size: pageSize, limit: pageSize, budget: defaultBudget, count: map[bool]int{}}
	if first == DialectCursor || first == DialectPage || first == DialectLimit {
		l.proven = first
	}
	return l
}

// Limit sets what the groups of a listing may take in memory, in bytes. Of an account that needs
// more, some groups are listed without description, avatar and contacts; the rest is not listed at all.
func (l *Lister) Limit(bytes int) { l.budget = bytes }

// List walks the account. It calls before ahead of each page, to wait for the rate; an error
// of before or of a page ends the walk, except that a page behind the first is asked for twice.
//
// A listing that is not Complete is no error: its groups exist, and nothing follows for others.
//
// Groups with thousands of members can make a page too large to be read: then smaller ones are asked for.
func (l *Lister) List(ctx context.Context, before func(ctx context.Context) error) (Listing, error) {
	for {
		l.pages.begin()
		listing, err := l.list(ctx, before)
		switch {
		case err == nil:
			l.pages.end()
			return listing, nil
		case !errors.Is(err, errTooLarge):
			return Listing{}, err
		}
		if l.size == 1 {
			listing.Complete, listing.Why = false, "a page of one group is larger than a reply may be: "+err.Error()
			return listing, nil
		}
		l.size /= 2
		l.limit = l.size
	}
}

func (l *Lister) list(ctx context.Context, before func(ctx context.Context) error) (Listing, error) {
	plain := &walk{lister: l, before: before}
	err := plain.run(ctx)
	listing := Listing{
		Groups: plain.groups, Begun: plain.begun, Pages: plain.pages, Odd: plain.odd,
		Complete: plain.why == "", Why: plain.why, ByPageNumber: plain.byNumber,
	}
	stuck := plain.stuck
	listing.Dialect = l.dialect(stuck)
	if err != nil {
		return listing, err
	}
	l.count[false] = len(plain.groups)
	l.plainHasArchived = l.plainHasArchived || slices.ContainsFunc(plain.groups, Group.Archived)
	if !l.plainHasArchived {
		archived := &walk{lister: l, before: before, archived: true, others: plain.kept}
		err := archived.run(ctx)
		if refusedParameter(err) {
			archived.why, err = "archived groups cannot be listed: "+err.Error(), nil
		}
		l.count[true] = len(archived.groups)
		listing.join(archived)
		if err != nil {
			return listing, err
		}
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
	g.Odd.add(archived.odd)
	g.Complete = g.Complete && archived.why == ""
	if g.Why == "" {
		g.Why = archived.why
	}
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

// refused notes that the first page was refused in the form of the proven dialect. One refusal does
// not change a dialect; several in a row do.
func (l *Lister) refused() {
	if l.refusals++; l.refusals >= maxRepeats {
		l.proven, l.sized, l.refusals = "", false, 0
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
