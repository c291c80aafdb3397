// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// A page of groups with thousands of members each can be larger than a reply may be.
func TestPagesThatAreTooLargeAreAskedForInParts(t *testing.T) {
	// The bound is a smaller one here: it is not its size that matters.
	const most, large = 1 << 20, 1<<20/100 + 1
	lister := func(api *listAPI) *Lister {
		l := api.lister(t, "")
		l.client.mostOfReply = most
		return l
	}
	for name, test := range map[string]struct {
		api      *listAPI
		want     Dialect
		complete bool
		shown    int
	}{
		"cursor":            {&listAPI{mixed: true, limit: true, cursor: true, padding: large}, DialectCursor, true, 130},
		"page":              {&listAPI{mixed: true, numbered: true, page: true, size: true, padding: large}, DialectPage, true, 130},
		"nothing but limit": {&listAPI{mixed: true, limit: true, maximum: 1000, padding: large}, DialectIncomplete, false, 50},
	} {
		t.Run(name, func(t *testing.T) {
			test.api.active = ids("g", 130)
			l := lister(test.api)
			for range 2 { // the second time it is known
				listing, err := l.List(t.Context(), free)
				if err != nil {
					t.Fatal(err)
				}
				checkListing(t, listing, test.api.active[:test.shown], test.want, test.complete)
			}
			if slices.Contains(test.api.requests[len(test.api.requests)/2:], "limit=100") && test.complete {
				t.Errorf("what is too large is asked for again and again: %v", test.api.requests)
			}
		})
	}
	t.Run("ten groups that are too large", func(t *testing.T) {
		api := &listAPI{limit: true, cursor: true, mixed: true, padding: most / 10, active: ids("g", 15)}
		got, err := lister(api).List(t.Context(), free)
		if err != nil {
			t.Fatal(err)
		}
		checkListing(t, got, api.active, DialectCursor, true)
	})
	t.Run("ten groups that are too large, where nothing says that there are more", func(t *testing.T) {
		api := &listAPI{limit: true, cursor: true, mixed: true, mute: true, padding: most / 10, active: ids("g", 15)}
		got, err := lister(api).List(t.Context(), free)
		if err != nil {
			t.Fatal(err)
		}
		checkListing(t, got, api.active, DialectCursor, true)
	})
	t.Run("one group that is too large", func(t *testing.T) {
		api := &listAPI{limit: true, cursor: true, padding: most, active: ids("g", 2)}
		got, err := lister(api).List(t.Context(), free)
		if err != nil || got.Complete || !strings.Contains(got.Why, "a page of one group is larger than a reply may be") {
			t.Errorf("complete %t, because %q, %v", got.Complete, got.Why, err)
		}
		if last := api.requests[len(api.requests)-1]; last != "limit=1" {
			t.Errorf("it ended with %s", last)
		}
	})
}

// A connection says why its account is not known as a whole, and hears of each page meanwhile.
func TestAListingSaysWhyAndTellsOfItsPages(t *testing.T) {
	for name, test := range map[string]struct {
		api  *listAPI
		fail int // the number of the request that is refused
		want string
	}{
		"stuck":                 {&listAPI{active: ids("g", 25)}, 0, "the API shows no way to the next page"},
		"stuck among archived":  {&listAPI{active: ids("g", 5), archived: ids("old", 25)}, 0, "the API shows no way to the next page"},
		"refused for archived":  {&listAPI{active: ids("g", 5), limit: true}, 2, "archived groups cannot be listed"},
		"both, the first of it": {&listAPI{active: ids("g", 25)}, 5, "the API shows no way to the next page"},
	} {
		t.Run(name, func(t *testing.T) {
			test.api.intercept = func(n int, w http.ResponseWriter) bool {
				if n == test.fail {
					w.WriteHeader(http.StatusBadRequest)
				}
				return n == test.fail
			}
			l, answered := test.api.lister(t, ""), 0
			l.Answered = func() { answered++ }
			got, err := l.List(t.Context(), free)
			if err != nil || got.Complete || !strings.Contains(got.Why, test.want) {
				t.Errorf("complete %t, because %q, %v", got.Complete, got.Why, err)
			}
			want := len(test.api.requests)
			if test.fail > 0 {
				want--
			}
			if answered != want {
				t.Errorf("it tells of %d pages of %d", answered, want)
			}
		})
	}
}
