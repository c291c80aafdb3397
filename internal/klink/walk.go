// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"context"
	"time"
)

const (
	// pageSize is the most that the vendor's pages allow for.
	pageSize = 100
	// shortPage is the default size of a page: an API that ignores the parameters fills pages of ten,
	// so fewer groups than that are all there are.
	shortPage = 10
	// maxPages and maxGroups bound what an endless list can take.
	maxPages  = 10_000
	maxGroups = 1_000_000
	// maxRepeats is how often a listing is begun before its dialect is given up.
	maxRepeats = 3
)

// walk is one listing: the plain one, or the one with archived=true.
type walk struct {
	lister   *Lister
	ctx      context.Context //nolint:containedctx // a walk lives within one call
	before   func(context.Context) error
	archived bool

	groups []Group
	seen   map[string]bool
	pages  int
	begun  time.Time

	complete, stuck, byNumber bool
}

// run walks, and again while a dialect that is known to advance does not.
func (w *walk) run() error {
	for range maxRepeats {
		ended, err := w.once()
		if err != nil || ended {
			return err
		}
		if w.lister.proven == "" || w.pages >= maxPages {
			break
		}
	}
	w.stuck = true
	w.lister.proven = "" // the next listing finds out anew
	return nil
}

// once walks from the first page to the last, and says whether it got there.
func (w *walk) once() (ended bool, err error) {
	first := w.lister.first(w.archived)
	page, ok, err := w.begin(first)
	if err != nil || !ok {
		return false, err
	}
	if page.LastPage != nil && first.Number == 0 && !page.last(1) && len(page.Groups) != pageSize {
		// Limit does not set the size of these pages. Numbers count in sizes, so begin again in the page's own terms.
		w.lister.sized = true
		first = PageRequest{Number: 1, Size: pageSize, Archived: w.archived}
		if page, ok, err = w.begin(first); err != nil || !ok {
			return false, err
		}
	}
	for at := first; ; {
		if page.last(max(at.Number, 1)) {
			w.complete = page.Total == nil || *page.Total == len(w.groups)
			return true, nil
		}
		if w.pages >= maxPages || len(w.groups) >= maxGroups {
			return false, nil
		}
		if page, at, ok, err = w.follow(page, first, at); err != nil || !ok {
			return false, err
		}
	}
}

// begin throws away what was seen and reads the first page; not ok means that the API refuses its parameters.
func (w *walk) begin(first PageRequest) (page Page, ok bool, err error) {
	w.groups, w.seen, w.byNumber = nil, map[string]bool{}, false
	page, err = w.fetch(first)
	documented := PageRequest{Limit: pageSize, Archived: w.archived}
	if refusedParameter(err) && first != documented {
		return Page{}, false, nil
	}
	if err != nil {
		return Page{}, false, err
	}
	w.add(page)
	return page, true, nil
}

// follow reads the page behind the one that was read at; not ok means that nothing advances.
func (w *walk) follow(page Page, first, at PageRequest) (Page, PageRequest, bool, error) {
	for _, dialect := range w.lister.candidates(page) {
		request := next(dialect, page, first, at)
		reply, err := w.fetch(request)
		if refusedParameter(err) || dialect == DialectLimit && KindOf(err) == KindBadReply {
			continue // a limit may also ask for more than a reply can hold
		}
		if err != nil {
			return Page{}, at, false, err
		}
		if !w.advances(dialect, request, reply) {
			continue
		}
		w.take(dialect, request, reply)
		return reply, request, true, nil
	}
	return Page{}, at, false, nil
}

// next is the request behind the page that was read at. But for what moves it on, it is
// the first request again: page numbers count in the size that the first page had.
func next(dialect Dialect, page Page, first, at PageRequest) PageRequest {
	request := first
	switch dialect {
	case DialectCursor:
		if n := len(page.Groups); n > 0 {
			request.StartingAfter = page.Groups[n-1].ID
		}
	case DialectPage:
		request.Number = max(at.Number, 1) + 1
	case DialectLimit:
		request = PageRequest{Limit: 2 * max(at.Limit, pageSize), Archived: first.Archived}
	}
	return request
}

// advances says whether a reply leads on from what was seen so far.
func (w *walk) advances(dialect Dialect, request PageRequest, reply Page) bool {
	if dialect == DialectPage && reply.Number != nil && *reply.Number != request.Number {
		return false // another page than the one asked for
	}
	last := reply.last(max(request.Number, 1))
	fresh := w.fresh(reply)
	switch {
	case dialect == DialectLimit:
		return last || len(reply.Groups) > len(w.groups)
	case last && (len(reply.Groups) == 0 || reply.HasMore != nil):
		return true
	case w.lister.proven == "" && !last:
		// The first step must be a clear one: a first page served twice can show a new group as well.
		return fresh > 0 && 2*fresh >= len(reply.Groups)
	default:
		return fresh > 0
	}
}

// take keeps an advancing page, and its dialect.
func (w *walk) take(dialect Dialect, request PageRequest, reply Page) {
	w.lister.proven = dialect
	switch dialect {
	case DialectPage:
		w.byNumber = true
	case DialectLimit: // each reply holds the list from its beginning
		w.lister.limit = request.Limit
		w.groups, w.seen = nil, map[string]bool{}
	}
	w.add(reply)
}

func (w *walk) fresh(page Page) int {
	n := 0
	for _, group := range page.Groups {
		if !w.seen[group.ID] {
			n++
		}
	}
	return n
}

func (w *walk) add(page Page) {
	for _, group := range page.Groups {
		if !w.seen[group.ID] {
			w.seen[group.ID] = true
			w.groups = append(w.groups, group)
		}
	}
}

// fetch asks for a page. One behind the first gets a second try, as a walk over hundreds of pages
// would else hardly ever end on a day when one call in a hundred fails.
func (w *walk) fetch(request PageRequest) (Page, error) {
	page, err := w.ask(request)
	switch KindOf(err) {
	case KindNetwork, KindServer, KindThrottled:
		if w.pages > 1 && w.ctx.Err() == nil {
			return w.ask(request)
		}
	}
	return page, err
}

func (w *walk) ask(request PageRequest) (Page, error) {
	if err := w.before(w.ctx); err != nil {
		return Page{}, err
	}
	if w.begun.IsZero() {
		w.begun = time.Now()
	}
	w.pages++
	return w.lister.client.Page(w.ctx, request)
}
