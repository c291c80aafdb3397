// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/klink-cloud/klink-operator/internal/remote"
)

// pages answers each list call by the next of the given bodies, and a call for a group by 404.
func pages(t *testing.T, bodies ...string) (*Lister, *[]string) {
	t.Helper()
	var asked []string
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Path+"?"+r.URL.RawQuery)
		if r.URL.Path != "/groups" {
			reply(404, "")(w, r)
			return
		}
		body := `{"has_more":false,"data":[]}`
		if r.URL.Query().Get("archived") == "" && len(bodies) > 0 {
			body, bodies = bodies[0], bodies[1:]
		}
		reply(200, body)(w, r)
	})
	return NewLister(client, ""), &asked
}

// TestOneOddGroupTakesNothingDown: one stranger's group with "username": 12345 made the whole
// connection Unavailable.
func TestOneOddGroupTakesNothingDown(t *testing.T) {
	lister, _ := pages(t, `{"has_more":false,"data":[{"id":"a","name":"n"},{"id":"b","name":"m","contacts":[{"username":12345}]},{"id":"c","name":"k","created_at":{}}]}`)
	got, err := lister.List(t.Context(), free)
	if err != nil {
		t.Fatal(err)
	}
	checkListing(t, got, []string{"a", "b", "c"}, DialectSinglePage, true)
	if want := "of the group b, contacts has a username of an unexpected type, and 1 more"; got.Odd.String() != want || !got.NamesKnown() {
		t.Errorf("it says %q, names known %t", got.Odd, got.NamesKnown())
	}
	if b := got.Groups[1]; !b.Unknown.Has(remote.FieldContacts) || b.Unknown.Has(remote.FieldName) {
		t.Errorf("unknown of b: %b", b.Unknown)
	}
}

func TestWhatAListingProves(t *testing.T) {
	for name, test := range map[string]struct {
		body            string
		complete, names bool
		why             string
	}{
		"all":                  {`{"has_more":false,"data":[{"id":"a","name":"n"}]}`, true, true, ""},
		"an unreadable name":   {`{"has_more":false,"data":[{"id":"a","name":["n"]}]}`, true, false, ""},
		"an unreadable id":     {`{"has_more":false,"data":[{"id":"a","name":"n"},{"id":7}]}`, false, true, "1 items show no readable id"},
		"an id without end":    {`{"has_more":false,"data":[{"id":"` + strings.Repeat("a", 254) + `","name":"n"}]}`, false, true, "no readable id"},
		"more by its total":    {`{"total":2,"data":[{"id":"a","name":"n"}]}`, false, true, "counts 2 groups and shows 1"},
		"one id twice":         {`{"total":2,"data":[{"id":"a","name":"n"},{"id":"a","name":"n"}]}`, false, true, "counts 2 groups and shows 1"},
		"more by its own word": {`{"has_more":true,"data":[{"id":"a","name":"n"}]}`, false, true, "no way to the next page"},
	} {
		t.Run(name, func(t *testing.T) {
			lister, _ := pages(t, slices.Repeat([]string{test.body}, 9)...)
			got, err := lister.List(t.Context(), free)
			if err != nil || got.Complete != test.complete || got.NamesKnown() != test.names || !strings.Contains(got.Why, test.why) || (got.Why == "") != test.complete {
				t.Errorf("complete %t, because %q, names known %t, %v", got.Complete, got.Why, got.NamesKnown(), err)
			}
		})
	}
}

// Few groups are active and many are archived, as the default deletionPolicy leaves them: a group
// that slips between two pages of the archived ones would be given up after a single listing.
func TestArchivedGroupsReadByPageNumberMakeTheListingOneByPageNumber(t *testing.T) {
	api := &listAPI{active: ids("g", 3), archived: ids("old", 130), limit: true, page: true, numbered: true}
	lister := api.lister(t, "")
	for range 2 {
		got, err := lister.List(t.Context(), free)
		if err != nil {
			t.Fatal(err)
		}
		checkListing(t, got, slices.Concat(api.active, api.archived), DialectPage, true)
		if !got.ByPageNumber {
			t.Error("one such listing proves absences")
		}
	}
	api.archived = api.archived[:3]
	if got, err := lister.List(t.Context(), free); err != nil || got.ByPageNumber {
		t.Errorf("where each half is one page: by page number %t, %v", got.ByPageNumber, err)
	}
}

// TestACachedListingProvesNoAbsence: what a cache shows is what there was.
func TestACachedListingProvesNoAbsence(t *testing.T) {
	lister := NewLister(serve(t, reply(200, `{"has_more":false,"data":[]}`, "Age", "0")), "")
	if got, err := lister.List(t.Context(), free); err != nil || got.Complete || !strings.Contains(got.Why, "cache") {
		t.Errorf("complete %t, because %q, %v", got.Complete, got.Why, err)
	}
}

// TestAnEmptyPageBehindAGroupThatWentIsNotTheEnd: to some APIs nothing comes behind a cursor that is
// gone, so that all groups of the pages that follow would count as gone too.
func TestAnEmptyPageBehindAGroupThatWentIsNotTheEnd(t *testing.T) {
	const empty = `{"has_more":false,"data":[]}`
	list := func(more bool, ids ...string) string {
		items := make([]string, 0, len(ids))
		for _, id := range ids {
			items = append(items, `{"id":`+strconv.Quote(id)+`}`)
		}
		return fmt.Sprintf(`{"has_more":%t,"data":[%s]}`, more, strings.Join(items, ","))
	}
	lister, asked := pages(t,
		list(true, "a", "b"), list(true, "c", "d"), empty, // d went
		list(true, "a", "b"), list(true, "c"), list(false, "e"))
	got, err := lister.List(t.Context(), free)
	if err != nil {
		t.Fatal(err)
	}
	checkListing(t, got, []string{"a", "b", "c", "e"}, DialectCursor, true)
	if !slices.Contains(*asked, "/groups/d?") {
		t.Errorf("the group of the cursor was not asked for: %q", *asked)
	}
}

func TestAnEmptyPageBehindAGroupThatIsThereIsTheEnd(t *testing.T) {
	api := &listAPI{limit: true, cursor: true, active: ids("g", 300)}
	api.intercept = func(n int, w http.ResponseWriter) bool {
		switch n {
		case 3: // the last hundred went
			api.active = api.active[:200]
		case 4: // the group of the cursor is read
			_, _ = fmt.Fprintf(w, `{"id":%q}`, api.active[199])
			return true
		}
		return false
	}
	got, err := api.lister(t, "").List(t.Context(), free)
	if err != nil || len(api.requests) != 5 {
		t.Errorf("%d requests, %v", len(api.requests), err)
	}
	checkListing(t, got, api.active, DialectCursor, true)
}

// TestARefusedFirstPageIsNoEmptyAccount: a default backend answered 404, and all Groups said
// RemoteMissing while the connection said Connected.
func TestARefusedFirstPageIsNoEmptyAccount(t *testing.T) {
	api := &listAPI{numbered: true, page: true, size: true, active: ids("g", 250)}
	lister := api.lister(t, "")
	if _, err := lister.List(t.Context(), free); err != nil || !lister.sized {
		t.Fatalf("not the dialect of this test: %v", err)
	}
	refuse := true
	api.intercept = func(_ int, w http.ResponseWriter) bool {
		if refuse {
			w.WriteHeader(http.StatusNotFound)
		}
		return refuse
	}
	if got, err := lister.List(t.Context(), free); KindOf(err) != KindNotFound {
		t.Errorf("got %+v and the error %v", got, err)
	}
	refuse = false
	got, err := lister.List(t.Context(), free)
	if err != nil || got.Dialect != DialectPage {
		t.Errorf("one refusal changed the dialect to %s: %v", got.Dialect, err)
	}
	// Refused for good, but not the way of the groups page.
	api.intercept = func(_ int, w http.ResponseWriter) bool {
		gone := strings.Contains(api.requests[len(api.requests)-1], "pageSize")
		if gone {
			w.WriteHeader(http.StatusBadRequest)
		}
		return gone
	}
	for range maxRepeats {
		if _, err := lister.List(t.Context(), free); KindOf(err) != KindRejected {
			t.Errorf("got %v", err)
		}
	}
	if got, err = lister.List(t.Context(), free); err != nil || len(got.Groups) != 250 {
		t.Errorf("%d groups, %v", len(got.Groups), err)
	}
}

// TestAnAccountIsKeptWithinItsBudget: first the texts of further groups go, then the groups.
func TestAnAccountIsKeptWithinItsBudget(t *testing.T) {
	var items []string
	for i := range 100 {
		items = append(items, fmt.Sprintf(`{"id":"g%02d","name":"n","description":%q,"contacts":[{"username":"x"}]}`, i, strings.Repeat("d", 600)))
	}
	body := `{"has_more":false,"data":[` + strings.Join(items, ",") + `]}`
	list := func(budget int) Listing {
		lister, _ := pages(t, body)
		lister.Limit(budget)
		got, err := lister.List(context.Background(), free)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	whole := func(g Group) bool { return g.Unknown&bulky&^remote.FieldAvatarURL == 0 && g.Description != "" }
	if got := list(1 << 20); !got.Complete || len(got.Groups) != 100 || !whole(got.Groups[99]) {
		t.Errorf("with room for all: %d groups, because %q", len(got.Groups), got.Why)
	}
	got := list(145_000)
	if !got.Complete || len(got.Groups) != 100 || !whole(got.Groups[0]) || whole(got.Groups[99]) || got.Groups[99].Name != "n" || !got.Groups[99].Unknown.Has(bulky) {
		t.Errorf("with room for some: %d groups, because %q; the last is %+v", len(got.Groups), got.Why, got.Groups[99])
	}
	got = list(40_000)
	if want := fmt.Sprintf("too large for the memory of this process: %d groups are watched", len(got.Groups)); got.Complete || len(got.Groups) < 20 || len(got.Groups) > 49 || !strings.Contains(got.Why, want) {
		t.Errorf("with room for few: %d groups, complete %t, because %q", len(got.Groups), got.Complete, got.Why)
	}
}
