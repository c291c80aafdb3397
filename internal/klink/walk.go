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
	before   func(context.Context) error
	archived bool

	groups []Group
	seen   map[string]bool
	pages  int
	begun  time.Time

	complete, stuck, byNumber bool
}

// step is a page and the request that it answers.
type step struct {
	request PageRequest
	page    Page
}

// number of the page, counted from 1.
func (s step) number() int { return max(s.request.Number, 1) }

// last says whether nothing comes behind this step.
func (s step) last() bool { return s.page.last(s.number()) }

// run walks, and again while a dialect that is known to advance does not.
func (w *walk) run(ctx context.Context) error {
	for range maxRepeats {
		ended, err := w.once(ctx)
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
func (w *walk) once(ctx context.Context) (ended bool, err error) {
	first, ok, err := w.begin(ctx)
	for at := first; ok && err == nil; {
		if at.last() {
			w.complete = at.page.Total == nil || *at.page.Total == len(w.groups)
			return true, nil
		}
		if w.pages >= maxPages || len(w.groups) >= maxGroups {
			return false, nil
		}
		at, ok, err = w.follow(ctx, first.request, at)
	}
	return false, err
}

// begin reads the first page; not ok means that the API refuses what is asked beyond its documentation.
func (w *walk) begin(ctx context.Context) (step, bool, error) {
	first, ok, err := w.open(ctx, w.lister.first(w.archived))
	byNumber := first.page.LastPage != nil && first.request.Number == 0
	if !ok || err != nil || !byNumber || first.last() || len(first.page.Groups) == w.lister.size {
		return first, ok, err
	}
	// Limit does not set the size of these pages. Numbers count in sizes, so begin again in the page's own terms.
	w.lister.sized = true
	return w.open(ctx, PageRequest{Number: 1, Size: w.lister.size, Archived: w.archived})
}

// open throws away what was seen, and reads a first page.
func (w *walk) open(ctx context.Context, request PageRequest) (step, bool, error) {
	w.groups, w.seen, w.byNumber = nil, map[string]bool{}, false
	page, err := w.fetch(ctx, request)
	documented := PageRequest{Limit: w.lister.size, Archived: w.archived}
	if refusedParameter(err) && request != documented {
		return step{}, false, nil
	}
	w.add(page)
	return step{request, page}, err == nil, err
}

// follow reads the page behind the one that was read at; not ok means that nothing advances.
func (w *walk) follow(ctx context.Context, first PageRequest, at step) (step, bool, error) {
	for _, dialect := range w.lister.candidates(at.page) {
		request := next(dialect, first, at)
		page, err := w.fetch(ctx, request)
		if refusedParameter(err) || dialect == DialectLimit && KindOf(err) == KindBadReply {
			continue // a limit may also ask for more than a reply can hold
		}
		if err != nil {
			return step{}, false, err
		}
		to := step{request, page}
		if w.advances(dialect, to) {
			w.take(dialect, to)
			return to, true, nil
		}
	}
	return step{}, false, nil
}

// next is the request behind the step at. But for what moves it on, it is the first request
// again: page numbers count in the size that the first page had.
func next(dialect Dialect, first PageRequest, at step) PageRequest {
	request := first
	switch dialect {
	case DialectCursor:
		if n := len(at.page.Groups); n > 0 {
			request.StartingAfter = at.page.Groups[n-1].ID
		}
	case DialectPage:
		request.Number = at.number() + 1
	case DialectLimit:
		request = PageRequest{Limit: 2 * max(at.request.Limit, pageSize), Archived: first.Archived}
	}
	return request
}

// advances says whether a step leads on from what was seen so far.
func (w *walk) advances(dialect Dialect, to step) bool {
	page := to.page
	fresh := w.fresh(page)
	switch {
	case dialect == DialectPage && page.Number != nil && *page.Number != to.request.Number:
		return false // another page than the one asked for
	case dialect == DialectLimit:
		return to.last() || len(page.Groups) > len(w.groups)
	case w.lister.proven == "":
		// The first step must be a clear one: a first page served twice can show a new group as well.
		return fresh > 0 && 2*fresh >= len(page.Groups)
	case to.last() && (len(page.Groups) == 0 || page.HasMore != nil):
		return true // what was left has gone in between, or the cursor's own group is shown again
	default:
		return fresh > 0
	}
}

// take keeps an advancing step, and its dialect.
func (w *walk) take(dialect Dialect, to step) {
	w.lister.proven = dialect
	switch dialect {
	case DialectPage:
		w.byNumber = true
	case DialectLimit: // each reply holds the list from its beginning
		w.lister.limit = to.request.Limit
		w.groups, w.seen = nil, map[string]bool{}
	}
	w.add(to.page)
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
func (w *walk) fetch(ctx context.Context, request PageRequest) (Page, error) {
	page, err := w.ask(ctx, request)
	switch KindOf(err) {
	case KindNetwork, KindServer, KindThrottled:
		if w.pages > 1 && ctx.Err() == nil {
			return w.ask(ctx, request)
		}
	}
	return page, err
}

func (w *walk) ask(ctx context.Context, request PageRequest) (Page, error) {
	if err := w.before(ctx); err != nil {
		return Page{}, err
	}
	if w.begun.IsZero() {
		w.begun = time.Now()
	}
	w.pages++
	return w.lister.client.Page(ctx, request)
}
