// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"context"
	"fmt"
	"time"
)

const (
	// pageSize is the most that the vendor's pages allow for.
	pageSize = 100
	// shortPage is the default size of a page: an API that ignores the parameters fills pages of ten,
	// so fewer groups than that are all there are.
	shortPage = 10
	// maxPages bounds what an endless list can take.
	maxPages = 10_000
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
	odd    Oddities
	// unidentified counts the items without a readable id.
	unidentified int
	cached       bool
	// kept counts what the groups take in memory, others included, which another walk has kept.
	others, kept budget

	// why is why the listing is not complete, in words.
	why             string
	stuck, byNumber bool
}

// visitedPage is a page and the request that it answers.
type visitedPage struct {
	request PageRequest
	page    Page
}

// number of the page, counted from 1.
func (v visitedPage) number() int { return max(v.request.Number, 1) }

// last says whether no page comes after this one.
func (v visitedPage) last() bool {
	least := shortPage
	if asked := max(v.request.Limit, v.request.Size); asked > 0 {
		least = min(least, asked)
	}
	return v.page.last(v.number(), least)
}

// run walks, and again while a dialect that is known to advance does not.
func (w *walk) run(ctx context.Context) error {
	for range maxRepeats {
		ended, err := w.walkOnce(ctx)
		if err != nil || ended {
			return err
		}
		if w.lister.proven == "" || w.pages >= maxPages {
			break
		}
	}
	w.stuck = true
	w.why = "the API shows no way to the next page"
	if w.pages >= maxPages {
		w.why = fmt.Sprintf("the list has more than %d pages", maxPages)
	}
	w.lister.proven = "" // the next listing finds out from the beginning
	return nil
}

// walkOnce walks from the first page to the last, and says whether it got there, or as far as may be.
func (w *walk) walkOnce(ctx context.Context) (ended bool, err error) {
	first, err := w.firstPage(ctx)
	for at, ok := first, true; ok && err == nil; {
		switch {
		case w.kept.full:
			w.why = fmt.Sprintf("the account is too large for the memory of this process: %d groups are watched, the others are not", len(w.groups))
			return true, nil
		case at.last():
			w.why = w.lacks(at.page)
			return true, nil
		case w.pages >= maxPages:
			return false, nil
		}
		at, ok, err = w.nextPage(ctx, first.request, at)
	}
	return false, err
}

// lacks says why a listing that reached its last page is not complete, "" if it is.
func (w *walk) lacks(last Page) string {
	switch {
	case w.unidentified > 0:
		return fmt.Sprintf("%d items show no readable id", w.unidentified)
	case w.cached:
		return "a page came out of a cache"
	case last.Total != nil && *last.Total != len(w.groups):
		return fmt.Sprintf("the API counts %d groups and shows %d", *last.Total, len(w.groups))
	}
	return ""
}

// firstPage reads the first page. One that is refused is an error, not the end of an empty list.
func (w *walk) firstPage(ctx context.Context) (visitedPage, error) {
	request := w.lister.first(w.archived)
	page, err := w.fetch(ctx, request)
	if err != nil {
		if refusedParameter(err) && !w.archived && request != (PageRequest{Limit: w.lister.size, Archived: w.archived}) {
			w.lister.refused()
		}
		return visitedPage{}, err
	}
	w.lister.refusals = 0
	at := visitedPage{request, page}
	byNumber := page.LastPage != nil && request.Number == 0
	if byNumber && !at.last() && page.Items != w.lister.size {
		// Limit does not set the size of these pages. Numbers count in sizes, so begin again in the page's own terms.
		sized := PageRequest{Number: 1, Size: w.lister.size, Archived: w.archived}
		again, err := w.fetch(ctx, sized)
		switch {
		case err == nil:
			w.lister.sized = true
			at = visitedPage{sized, again}
		case !refusedParameter(err):
			return visitedPage{}, err
		}
	}
	w.reset()
	w.byNumber, w.odd, w.cached = false, Oddities{}, false
	w.add(at.page)
	return at, nil
}

// reset throws away what was seen.
func (w *walk) reset() {
	count := w.lister.count[w.archived]
	w.groups, w.seen, w.kept, w.unidentified = make([]Group, 0, count), make(map[string]bool, count), w.others, 0
}

// nextPage reads the page behind the one that was read at; not ok means that nothing advances.
func (w *walk) nextPage(ctx context.Context, first PageRequest, at visitedPage) (visitedPage, bool, error) {
	for _, dialect := range w.lister.candidates(at.page) {
		request := next(dialect, first, at)
		page, err := w.fetch(ctx, request)
		if refusedParameter(err) || dialect == DialectLimit && KindOf(err) == KindBadReply {
			continue // a limit may also ask for more than a reply can hold
		}
		if err != nil {
			return visitedPage{}, false, err
		}
		to := visitedPage{request, page}
		if dialect == DialectCursor && page.Items == 0 && w.lister.proven != "" {
			there, err := w.isThere(ctx, request.StartingAfter)
			if err != nil {
				return visitedPage{}, false, err
			}
			if !there {
				continue
			}
		}
		if w.advances(dialect, to) {
			w.accept(dialect, to)
			return to, true, nil
		}
	}
	return visitedPage{}, false, nil
}

// isThere says whether the group that a cursor names is still there. To some APIs nothing comes
// behind one that has gone, so that an empty page proves nothing of those that it would have shown.
func (w *walk) isThere(ctx context.Context, id string) (bool, error) {
	if err := w.before(ctx); err != nil {
		return false, err
	}
	_, err := w.lister.client.Get(ctx, id)
	switch {
	case err == nil, KindOf(err) == KindSpelling:
		return true, nil
	case KindOf(err) == KindNotFound:
		return false, nil
	}
	return false, err
}

// next is the request behind the page at. But for what moves it on, it is the first request
// again: page numbers count in the size that the first page had.
func next(dialect Dialect, first PageRequest, at visitedPage) PageRequest {
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

// advances says whether a page leads on from what was seen so far.
func (w *walk) advances(dialect Dialect, to visitedPage) bool {
	page := to.page
	unseen := w.countNew(page)
	switch {
	case dialect == DialectPage && page.Number != nil && *page.Number != to.request.Number:
		return false // another page than the one asked for
	case dialect == DialectLimit:
		return to.last() || len(page.Groups) > len(w.groups)
	case w.lister.proven == "":
		// The first advance must be a clear one: a first page served twice can show a new group as well.
		return unseen > 0 && 2*unseen >= len(page.Groups)
	case to.last() && (page.Items == 0 || page.HasMore != nil):
		return true // what was left has gone in between, or the cursor's own group is shown again
	default:
		return unseen > 0
	}
}

// accept keeps a page that advances, and its dialect.
func (w *walk) accept(dialect Dialect, to visitedPage) {
	w.lister.proven = dialect
	switch dialect {
	case DialectPage:
		w.byNumber = true
	case DialectLimit: // each reply holds the list from its beginning
		w.lister.limit = to.request.Limit
		w.reset()
		w.odd = Oddities{}
	}
	w.add(to.page)
}

// countNew counts the groups of a page that no earlier page has shown.
func (w *walk) countNew(page Page) int {
	n := 0
	for _, group := range page.Groups {
		if !w.seen[group.ID] {
			n++
		}
	}
	return n
}

func (w *walk) add(page Page) {
	w.odd.add(page.Odd)
	w.unidentified += page.Items - len(page.Groups)
	w.cached = w.cached || page.Cached
	for _, group := range page.Groups {
		if w.seen[group.ID] {
			continue
		}
		if !w.kept.take(&group, w.lister.budget) {
			return
		}
		w.seen[group.ID] = true
		w.groups = append(w.groups, group)
	}
}

// fetch asks for a page. One behind the first gets a second try, as a walk over hundreds of pages
// would else hardly ever end on a day when one call in a hundred fails.
func (w *walk) fetch(ctx context.Context, request PageRequest) (Page, error) {
	page, err := w.fetchOnce(ctx, request)
	switch KindOf(err) {
	case KindNetwork, KindServer, KindThrottled:
		if w.pages > 1 && ctx.Err() == nil {
			return w.fetchOnce(ctx, request)
		}
	}
	return page, err
}

func (w *walk) fetchOnce(ctx context.Context, request PageRequest) (Page, error) {
	if err := w.before(ctx); err != nil {
		return Page{}, err
	}
	if w.begun.IsZero() {
		w.begun = time.Now()
	}
	w.pages++
	page, err := w.lister.client.page(ctx, request, w.lister.pages.known[request])
	if err != nil {
		return Page{}, err
	}
	if w.lister.Answered != nil {
		w.lister.Answered()
	}
	if w.kept.used <= w.lister.budget/keptPart {
		w.lister.pages.keep(request, page)
	}
	return page.Page, nil
}
