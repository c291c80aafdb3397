// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func free(context.Context) error { return nil }

// checkListing compares the groups as a set: their order is the API's business.
func checkListing(t *testing.T, got Listing, want []string, dialect Dialect, complete bool) {
	t.Helper()
	have := idsOf(got.Groups)
	slices.Sort(have)
	want = append([]string{}, want...)
	slices.Sort(want)
	if diff := cmp.Diff(want, have); diff != "" {
		t.Error(diff)
	}
	if got.Dialect != dialect || got.Complete != complete {
		t.Errorf("got the dialect %s, complete %t; want %s, %t", got.Dialect, got.Complete, dialect, complete)
	}
}

func TestListDialects(t *testing.T) {
	tests := map[string]struct {
		api      *listAPI
		first    Dialect
		count    int
		want     Dialect
		pages    int // of the plain half
		again    int // pages of the plain half of a second listing
		byNumber bool
		partial  int // the number of groups that an incomplete listing shows
	}{
		"empty":                                  {api: &listAPI{}, want: DialectSinglePage, pages: 1, again: 1},
		"one page":                               {api: &listAPI{limit: true}, count: 100, want: DialectSinglePage, pages: 1, again: 1},
		"one short page that says nothing":       {api: &listAPI{mute: true}, count: 9, want: DialectSinglePage, pages: 1, again: 1},
		"cursor":                                 {api: &listAPI{limit: true, cursor: true}, count: 250, want: DialectCursor, pages: 3, again: 3},
		"cursor, full last page":                 {api: &listAPI{limit: true, cursor: true}, count: 200, want: DialectCursor, pages: 2, again: 2},
		"cursor, limit ignored":                  {api: &listAPI{cursor: true}, count: 95, want: DialectCursor, pages: 10, again: 10},
		"cursor, limit capped":                   {api: &listAPI{limit: true, maximum: 50, cursor: true}, count: 120, want: DialectCursor, pages: 3, again: 3},
		"cursor that repeats its group":          {api: &listAPI{limit: true, cursor: true, inclusive: true}, count: 250, want: DialectCursor, pages: 3, again: 3},
		"cursor that says nothing":               {api: &listAPI{mute: true, cursor: true}, count: 35, want: DialectCursor, pages: 4, again: 4},
		"cursor with total":                      {api: &listAPI{limit: true, cursor: true, total: true}, count: 250, want: DialectCursor, pages: 3, again: 3},
		"cursor, remembered":                     {api: &listAPI{limit: true, cursor: true}, first: DialectCursor, count: 250, want: DialectCursor, pages: 3, again: 3},
		"cursor, remembered, one page":           {api: &listAPI{limit: true, cursor: true}, first: DialectCursor, count: 25, want: DialectCursor, pages: 1, again: 1},
		"page behind has_more":                   {api: &listAPI{limit: true, page: true}, count: 250, want: DialectPage, pages: 4, again: 3, byNumber: true},
		"page behind has_more, limit ignored":    {api: &listAPI{page: true}, count: 25, want: DialectPage, pages: 4, again: 3, byNumber: true},
		"page behind has_more, cursor refused":   {api: &listAPI{limit: true, page: true, strict: true}, count: 250, want: DialectPage, pages: 4, again: 3, byNumber: true},
		"numbered, limit ignored":                {api: &listAPI{numbered: true, page: true, size: true}, count: 250, want: DialectPage, pages: 4, again: 3, byNumber: true},
		"numbered, limit ignored, one page":      {api: &listAPI{numbered: true, page: true, size: true}, count: 60, want: DialectSinglePage, pages: 2, again: 2},
		"numbered, limit honoured":               {api: &listAPI{numbered: true, page: true, size: true, limit: true}, count: 250, want: DialectPage, pages: 3, again: 3, byNumber: true},
		"numbered, all sizes ignored":            {api: &listAPI{numbered: true, page: true}, count: 25, want: DialectPage, pages: 4, again: 3, byNumber: true},
		"numbered, remembered":                   {api: &listAPI{numbered: true, page: true, size: true}, first: DialectPage, count: 250, want: DialectPage, pages: 4, again: 3, byNumber: true},
		"numbered, without its number":           {api: &listAPI{numbered: true, noEcho: true, page: true, size: true}, count: 250, want: DialectPage, pages: 4, again: 3, byNumber: true},
		"limit":                                  {api: &listAPI{limit: true, maximum: 1000}, count: 250, want: DialectLimit, pages: 5, again: 1},
		"limit, total, strict":                   {api: &listAPI{limit: true, maximum: 1000, total: true, strict: true}, count: 700, want: DialectLimit, pages: 6, again: 1},
		"numbered, but only limit works":         {api: &listAPI{numbered: true, limit: true, maximum: 1000}, count: 250, want: DialectLimit, pages: 4, again: 1},
		"nothing works":                          {api: &listAPI{}, count: 25, want: DialectIncomplete, pages: 4, again: 4, partial: 10},
		"nothing works, strict":                  {api: &listAPI{strict: true}, count: 25, want: DialectIncomplete, pages: 4, again: 4, partial: 10},
		"nothing works, and nothing is said":     {api: &listAPI{mute: true}, count: 25, want: DialectIncomplete, pages: 4, again: 4, partial: 10},
		"nothing works, numbered":                {api: &listAPI{numbered: true}, count: 25, want: DialectIncomplete, pages: 4, again: 4, partial: 10},
		"nothing works, numbered, not echoed":    {api: &listAPI{numbered: true, noEcho: true}, count: 25, want: DialectIncomplete, pages: 4, again: 4, partial: 10},
		"limit is capped, nothing else works":    {api: &listAPI{limit: true}, count: 250, want: DialectIncomplete, pages: 4, again: 4, partial: 100},
		"nothing works, remembered otherwise":    {api: &listAPI{}, first: DialectCursor, count: 25, want: DialectIncomplete, pages: 6, again: 4, partial: 10},
		"page works, cursor is remembered":       {api: &listAPI{page: true}, first: DialectCursor, count: 25, want: DialectIncomplete, pages: 6, again: 4, partial: 10},
		"incomplete is remembered, cursor works": {api: &listAPI{cursor: true}, first: DialectIncomplete, count: 25, want: DialectCursor, pages: 3, again: 3},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			api := test.api
			api.active = ids("g", test.count)
			want, complete := api.active, true
			if test.partial > 0 {
				want, complete = want[:test.partial], false
			}
			lister := api.lister(t, test.first)
			waits := 0
			got, err := lister.List(t.Context(), func(context.Context) error { waits++; return nil })
			if err != nil {
				t.Fatal(err)
			}
			checkListing(t, got, want, test.want, complete)
			if got.ByPageNumber != test.byNumber {
				t.Errorf("by page number: %t", got.ByPageNumber)
			}
			// The archived half is one page, but for an API that ignores limit and says so.
			if plain := got.Pages - 1; plain != test.pages || waits != got.Pages || len(api.requests) != got.Pages {
				t.Errorf("took %d pages, want %d: %q", plain, test.pages, api.requests)
			}
			got, err = lister.List(t.Context(), free)
			if err != nil || got.Pages-1 != test.again {
				t.Errorf("a second listing took %d pages, want %d: %v", got.Pages-1, test.again, err)
			}
			if name == "page works, cursor is remembered" {
				checkListing(t, got, api.active, DialectPage, true) // and so the third way out is found
			}
		})
	}
}

func TestListArchived(t *testing.T) {
	active, archived := ids("g", 120), ids("old", 130)
	all := slices.Concat(active, archived)
	t.Run("apart", func(t *testing.T) {
		api := &listAPI{active: active, archived: archived, limit: true, cursor: true}
		lister := api.lister(t, "")
		for range 2 {
			got, err := lister.List(t.Context(), free)
			if err != nil || got.Pages != 4 {
				t.Errorf("%d pages, %v", got.Pages, err)
			}
			checkListing(t, got, all, DialectCursor, true)
			if n := len(slices.DeleteFunc(got.Groups, Group.Archived)); n != len(active) {
				t.Errorf("%d groups are active", n)
			}
		}
	})
	t.Run("in the plain list", func(t *testing.T) {
		api := &listAPI{active: active, archived: archived, limit: true, cursor: true, mixed: true}
		lister := api.lister(t, "")
		got, err := lister.List(t.Context(), free)
		if err != nil || got.Pages != 3 {
			t.Errorf("%d pages, %v", got.Pages, err)
		}
		checkListing(t, got, all, DialectCursor, true)
		api.archived = nil // what was seen once is remembered
		got, err = lister.List(t.Context(), free)
		if err != nil || got.Pages != 2 {
			t.Errorf("%d pages, %v", got.Pages, err)
		}
		checkListing(t, got, active, DialectCursor, true)
	})
	t.Run("archived between the halves", func(t *testing.T) {
		api := &listAPI{active: ids("g", 3), limit: true}
		api.intercept = func(n int, _ http.ResponseWriter) bool {
			if n == 2 {
				api.active, api.archived = api.active[1:], api.active[:1]
			}
			return false
		}
		got, err := api.lister(t, "").List(t.Context(), free)
		if err != nil {
			t.Fatal(err)
		}
		checkListing(t, got, ids("g", 3), DialectSinglePage, true)
		if !got.Groups[0].Archived() {
			t.Error("the earlier half's group counts")
		}
	})
	t.Run("the parameter is refused", func(t *testing.T) {
		api := &listAPI{active: active, limit: true, cursor: true}
		api.intercept = func(n int, w http.ResponseWriter) bool {
			if n == 3 {
				w.WriteHeader(http.StatusBadRequest)
			}
			return n == 3
		}
		got, err := api.lister(t, "").List(t.Context(), free)
		if err != nil {
			t.Fatal(err)
		}
		checkListing(t, got, active, DialectCursor, false)
	})
	t.Run("the archived half cannot be completed", func(t *testing.T) {
		api := &listAPI{active: ids("g", 5), archived: archived, limit: true}
		got, err := api.lister(t, "").List(t.Context(), free)
		if err != nil {
			t.Fatal(err)
		}
		checkListing(t, got, slices.Concat(api.active, archived[:100]), DialectIncomplete, false)
	})
}

// TestListStumbles covers what happens between the pages.
func TestListStumbles(t *testing.T) {
	active := ids("g", 250)
	cursor := func() *listAPI { return &listAPI{active: active, limit: true, cursor: true} }
	fail := func(status int, at ...int) func(int, http.ResponseWriter) bool {
		return func(n int, w http.ResponseWriter) bool {
			if slices.Contains(at, n) {
				w.WriteHeader(status)
			}
			return slices.Contains(at, n)
		}
	}
	t.Run("a page that fails to advance is not a change of dialect", func(t *testing.T) {
		api := cursor()
		api.intercept = func(n int, _ http.ResponseWriter) bool {
			api.cursor = n != 3
			return false
		}
		got, err := api.lister(t, "").List(t.Context(), free)
		if err != nil || got.Pages != 3+3+1 {
			t.Errorf("%d pages, %v: %q", got.Pages, err, api.requests)
		}
		checkListing(t, got, active, DialectCursor, true)
	})
	t.Run("the group of the cursor goes", func(t *testing.T) {
		api := cursor()
		api.intercept = func(n int, _ http.ResponseWriter) bool {
			if n == 3 {
				api.active = slices.Delete(slices.Clone(active), 199, 200)
			}
			return false
		}
		got, err := api.lister(t, "").List(t.Context(), free)
		if err != nil {
			t.Fatal(err)
		}
		checkListing(t, got, api.active, DialectCursor, true)
	})
	t.Run("a dialect that never advances again is given up", func(t *testing.T) {
		api := cursor()
		lister := api.lister(t, "")
		if _, err := lister.List(t.Context(), free); err != nil {
			t.Fatal(err)
		}
		api.cursor, api.page = false, true
		got, err := lister.List(t.Context(), free)
		if err != nil {
			t.Fatal(err)
		}
		checkListing(t, got, active[:100], DialectIncomplete, false)
		got, err = lister.List(t.Context(), free)
		if err != nil {
			t.Fatal(err)
		}
		checkListing(t, got, active, DialectPage, true)
	})
	t.Run("a group created between pages", func(t *testing.T) {
		api := &listAPI{active: active, numbered: true, page: true, size: true, limit: true}
		api.intercept = func(n int, _ http.ResponseWriter) bool {
			if n == 2 {
				api.active = slices.Concat([]string{"new"}, active)
			}
			return false
		}
		got, err := api.lister(t, "").List(t.Context(), free)
		if err != nil {
			t.Fatal(err)
		}
		checkListing(t, got, active, DialectPage, false) // total tells that one was missed
	})
	t.Run("a first page served twice with a new group on it is no advance", func(t *testing.T) {
		api := &listAPI{active: active, limit: true, page: true}
		api.intercept = func(n int, _ http.ResponseWriter) bool {
			if n == 2 {
				api.active = slices.Concat([]string{"new"}, active)
			}
			return false
		}
		got, err := api.lister(t, "").List(t.Context(), free)
		if err != nil {
			t.Fatal(err)
		}
		checkListing(t, got, active, DialectPage, true)
	})
	t.Run("another page than the one asked for is no advance", func(t *testing.T) {
		api := &listAPI{active: active, numbered: true, page: true, size: true, limit: true}
		api.intercept = func(n int, _ http.ResponseWriter) bool {
			if n == 3 {
				api.active = slices.Concat([]string{"new"}, active)
			}
			api.page = n != 3
			return false
		}
		got, err := api.lister(t, "").List(t.Context(), free)
		if err != nil || got.Pages != 3+3+1 {
			t.Errorf("%d pages, %v: %q", got.Pages, err, api.requests)
		}
		checkListing(t, got, api.active, DialectPage, true)
	})
	t.Run("later pages are tried twice", func(t *testing.T) {
		api := cursor()
		api.intercept = fail(500, 2, 4)
		got, err := api.lister(t, "").List(t.Context(), free)
		if err != nil || got.Pages != 6 {
			t.Errorf("%d pages, %v", got.Pages, err)
		}
		checkListing(t, got, active, DialectCursor, true)
	})
	t.Run("and no more than twice", func(t *testing.T) {
		api := cursor()
		api.intercept = fail(500, 2, 3)
		if _, err := api.lister(t, "").List(t.Context(), free); KindOf(err) != KindServer || len(api.requests) != 3 {
			t.Errorf("got %v after %d requests", err, len(api.requests))
		}
	})
	for _, status := range []int{400, 401, 403, 404, 429, 500} {
		api := cursor()
		api.intercept = fail(status, 1)
		if _, err := api.lister(t, "").List(t.Context(), free); KindOf(err) != kindOf(status, true) || len(api.requests) != 1 {
			t.Errorf("%d on the first page: got %v after %d requests", status, err, len(api.requests))
		}
	}
	t.Run("before ends it", func(t *testing.T) {
		api, enough, n := cursor(), errors.New("enough"), 0
		_, err := api.lister(t, "").List(t.Context(), func(context.Context) error {
			if n++; n == 3 {
				return enough
			}
			return nil
		})
		if !errors.Is(err, enough) || len(api.requests) != 2 {
			t.Errorf("got %v after %d requests", err, len(api.requests))
		}
	})
	t.Run("begun when the first page was asked for", func(t *testing.T) {
		var asked time.Time
		got, err := cursor().lister(t, "").List(t.Context(), func(context.Context) error {
			if asked.IsZero() {
				asked = time.Now()
			}
			return nil
		})
		if err != nil || got.Begun.Before(asked) || got.Begun.After(time.Now()) {
			t.Errorf("begun %v, asked %v, %v", got.Begun, asked, err)
		}
	})
}

// TestListEnds lets an API make up groups for ever.
func TestListEnds(t *testing.T) {
	n := 0
	endless := roundTripper(func(r *http.Request) (*http.Response, error) {
		n++
		return answer(r, `{"has_more":true,"data":[{"id":"`+time.Duration(n).String()+`"}]}`), nil
	})
	client, err := New(Config{Endpoint: "http://127.0.0.1:1/api/v1", Token: token, Transport: endless})
	if err != nil {
		t.Fatal(err)
	}
	got, err := NewLister(client, "").List(t.Context(), free)
	if err != nil || got.Complete || got.Dialect != DialectIncomplete || n != 2*maxPages || got.Why != "the list has more than 10000 pages" {
		t.Errorf("complete %t, dialect %s, %d requests, %v", got.Complete, got.Dialect, n, err)
	}
}
