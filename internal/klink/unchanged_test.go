// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"unsafe"
)

// sharesMemory: the one was not decoded again.
func sharesMemory(a, b Group) bool { return unsafe.StringData(a.Name) == unsafe.StringData(b.Name) }

// pageOf is a list reply with one group.
func pageOf(name string, more bool) string {
	return fmt.Sprintf(`{"has_more":%t,"data":[{"id":"id-%s","name":%q,"contacts":[{"username":"Hector"}]}]}`, more, name[:1], name)
}

// listsOf lists an account of two pages twice, and returns both listings. Each reply of the
// second is what change makes of it.
func listsOf(t *testing.T, budget int, change func(header http.Header, body string) string) (first, second Listing) {
	t.Helper()
	again := false
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body := pageOf("alpha", true)
		if r.URL.Query().Has("starting_after") {
			body = pageOf("beta", false)
		}
		if r.URL.Query().Has("archived") {
			body = `{"has_more":false,"data":[]}`
		}
		if again && change != nil {
			body = change(w.Header(), body)
		}
		_, _ = w.Write([]byte(body))
	})
	lister := NewLister(client, DialectCursor)
	lister.Limit(budget)
	first, err := lister.List(t.Context(), free)
	if err != nil {
		t.Fatal(err)
	}
	again = true
	if second, err = lister.List(t.Context(), free); err != nil {
		t.Fatal(err)
	}
	if len(first.Groups) != 2 || len(second.Groups) != 2 {
		t.Fatalf("%d and %d groups", len(first.Groups), len(second.Groups))
	}
	return first, second
}

func TestAPageThatIsStillTheSameIsNotDecodedAgain(t *testing.T) {
	first, second := listsOf(t, defaultBudget, nil)
	for i, g := range second.Groups {
		if !sharesMemory(first.Groups[i], g) {
			t.Errorf("%s was decoded again", g.Name)
		}
		if g.Name != first.Groups[i].Name || g.Contacts[0] != "Hector" || !second.Complete {
			t.Errorf("it shows %+v", g)
		}
	}
}

func TestAPageThatHasChangedIsDecoded(t *testing.T) {
	first, second := listsOf(t, defaultBudget, func(_ http.Header, body string) string {
		return strings.Replace(body, `"beta"`, `"bets"`, 1)
	})
	if name := second.Groups[1].Name; name != "bets" {
		t.Errorf("it shows %q", name)
	}
	if !sharesMemory(first.Groups[0], second.Groups[0]) {
		t.Error("the page that has not changed was decoded again, too")
	}
}

func TestAKnownPageOutOfACacheProvesNothing(t *testing.T) {
	first, second := listsOf(t, defaultBudget, func(header http.Header, body string) string {
		header.Set("Age", "7")
		return body
	})
	if !first.Complete || second.Complete || !strings.Contains(second.Why, "cache") {
		t.Errorf("complete %t and %t: %s", first.Complete, second.Complete, second.Why)
	}
}

func TestALargeAccountKeepsFewPagesForTheNextListing(t *testing.T) {
	first, second := listsOf(t, 2*groupCost+90, nil)
	if !sharesMemory(first.Groups[0], second.Groups[0]) || sharesMemory(first.Groups[1], second.Groups[1]) {
		t.Error("beyond half of what a listing may take a page is kept as well")
	}
}

func TestALargePageIsNotKeptForTheNextListing(t *testing.T) {
	large := `,"description":"` + strings.Repeat("d", largeReply) + `"}`
	client := serve(t, reply(http.StatusOK, strings.Replace(pageOf("alpha", false), `}`, large, 1)))
	page, err := client.page(t.Context(), PageRequest{}, readPage{})
	if err != nil || len(page.Groups) != 1 || page.whole {
		t.Errorf("%d groups, whole %t, %v", len(page.Groups), page.whole, err)
	}
}
