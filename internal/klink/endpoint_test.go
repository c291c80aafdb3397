// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
)

// Two connections to one account are one, however its endpoint is written.
func TestEndpointsAreComparedInOneWay(t *testing.T) {
	for endpoint, want := range map[string]string{
		"https://API.klink.example/api/v1":     "https://api.klink.example/api/v1",
		"HTTPS://api.klink.example:443/api/v1": "https://api.klink.example/api/v1",
		"https://api.klink.example:80/api/v1":  "https://api.klink.example:80/api/v1",
		"https://api.klink.example:/api/v1/":   "https://api.klink.example/api/v1",
		"https://api.klink.example":            "https://api.klink.example",
		"http://localhost:80/api":              "http://localhost/api",
		"http://localhost:443/api":             "http://localhost:443/api",
		"http://localhost:8080/API":            "http://localhost:8080/API",
		"https://a.example/%zz":                "https://a.example/%zz",
	} {
		if got := NormalEndpoint(endpoint); got != want {
			t.Errorf("%s reads %s, want %s", endpoint, got, want)
		}
	}
	if got := (Endpoint{}).String(); got != "" {
		t.Errorf("no endpoint reads %s", got)
	}
}

// What an endpoint says must be what every reader of it understands.
func TestWithinIsByWholeSegments(t *testing.T) {
	const allowed = "https://api.klink.example/api"
	for endpoint, want := range map[string]bool{
		allowed:                               true,
		allowed + "/v1":                       true,
		"https://API.klink.example:443/api/":  true,
		allowed + "2":                         false,
		"https://api.klink.example":           false,
		"http://api.klink.example/api":        false,
		"https://api.klink.example:8443/api":  false,
		"https://me@api.klink.example/api/v1": false,
		allowed + "/v1?a=b":                   false,
		allowed + "/v1#a":                     false,
		allowed + "/../users":                 false,
		allowed + "/%2e%2e/users":             false,
		"https://api.klink.example/%zz":       false,
	} {
		if got := Within(endpoint, allowed); got != want {
			t.Errorf("%s is within %s: %t", endpoint, allowed, got)
		}
	}
}

func TestAConfigPrintsAnEndpointThatIsOne(t *testing.T) {
	const token = "tok-0123456789abcdef"
	if got := fmt.Sprintf("%+v", Config{Endpoint: "https://api.klink.example/api", Token: token}); !strings.Contains(got, "https://api.klink.example/api") {
		t.Errorf("it prints %s", got)
	}
	if got := (Config{Endpoint: "https://me:" + token + "@api.klink.example", Token: token}).String(); strings.Contains(got, token) || !strings.Contains(got, "(invalid)") {
		t.Errorf("one that is none prints %s", got)
	}
}

func TestAnIDHasTheLengthOfTheSchema(t *testing.T) {
	if err := checkID(strings.Repeat("a", maxID)); err != nil {
		t.Error(err)
	}
	if checkID(strings.Repeat("a", maxID+1)) == nil {
		t.Error("one more is taken")
	}
}

// People who may not know where the API is read no dial error.
func TestADiscreetErrorNamesNoHost(t *testing.T) {
	e := &Error{Kind: KindNetwork, Method: "GET", Path: "/groups", Message: "dial tcp 10.0.0.1:443: refused"}
	if got := e.Discreet(); strings.Contains(got, "10.0.0.1") || !strings.Contains(got, "no reply came") {
		t.Error(got)
	}
	for status, want := range map[int]string{299: "to x", 300: "redirected, which is not followed", 399: "redirected, which is not followed", 400: "to x"} {
		e := &Error{Kind: KindIntermediary, Status: status, Message: "to x"}
		if got := e.Discreet(); !strings.HasSuffix(got, ": "+want) {
			t.Errorf("%d: %s", status, got)
		}
	}
	e = &Error{Kind: KindRejected, Status: 422, Method: "GET", Path: "/groups", Message: "api.klink.example says no", host: "api.klink.example"}
	if got := e.Discreet(); strings.Contains(got, "klink.example") || !strings.Contains(got, "says no") {
		t.Error(got)
	}
}

// A body that takes too long is the network's fault, and one that breaks off the API's.
func TestWhoseFaultABodyIs(t *testing.T) {
	for err, want := range map[error]Kind{
		context.Canceled: KindNetwork, os.ErrDeadlineExceeded: KindNetwork, errors.New("unexpected EOF"): KindBadReply, errTooLarge: KindBadReply,
	} {
		if got := readFailure(err); got != want {
			t.Errorf("%v is of kind %v, want %v", err, got, want)
		}
	}
}

func TestOnlyKeysOfMembersHintAtTheirNumber(t *testing.T) {
	for key, c := range map[string]struct {
		raw     string
		counted int
		more    bool
	}{
		"contacts_count": {"7", 7, false}, "ContactsCount": {"7", 7, false}, "memberTotal": {"7", 7, false}, "count": {"7", 0, false},
		"has_more_contacts": {"true", 0, true}, "members_truncated": {"true", 0, true}, "partial_members": {"true", 0, true},
		"has_more": {"true", 0, false}, "contacts_muted": {"true", 0, false}, "more_contacts": {"false", 0, false}, "contacts_at": {`"7"`, 0, false},
	} {
		var i item
		i.hint(key, []byte(c.raw))
		if i.counted != c.counted || i.more != c.more {
			t.Errorf("%s: %s counts %d, more %t", key, c.raw, i.counted, i.more)
		}
	}
}

// Three quarters of the budget take groups as they are, the last one what they are called.
func TestABudgetCountsWhatAGroupTakes(t *testing.T) {
	group := func() *Group {
		return &Group{ID: "id", Name: "name", ConversationID: "talk", Description: strings.Repeat("d", 100), AvatarURL: "a", Contacts: []string{"Hector", "Cliff"}}
	}
	const head = groupCost + len("id") + len("name") + len("talk")
	const all = head + 101 + 2*memberCost + len("HectorCliff")
	for _, c := range []struct {
		used, most     int
		fits, stripped bool
	}{
		{0, 4 * all, true, false},
		{3*all - all, 4 * all, true, false},
		{3*all - all + 1, 4 * all, true, true},
		{4*all - head, 4 * all, true, true},
		{4*all - head + 1, 4 * all, false, true},
	} {
		b, g := budget{used: c.used}, group()
		fits := b.take(g, c.most)
		if fits != c.fits || b.full == c.fits || (g.Description == "") != c.stripped || (g.Unknown&bulky == bulky) != c.stripped {
			t.Errorf("%d of %d used: it fits: %t, full: %t, stripped: %t", c.used, c.most, fits, b.full, g.Description == "")
		}
		want := c.used
		if c.fits && c.stripped {
			want += head
		} else if c.fits {
			want += all
		}
		if b.used != want {
			t.Errorf("%d of %d used, then %d, want %d", c.used, c.most, b.used, want)
		}
	}
}

// Nothing is missing of a group that has nothing large.
func TestAGroupWithoutTextsIsKeptWhole(t *testing.T) {
	g, b := &Group{ID: "id", Contacts: []string{}}, budget{used: 3 * groupCost}
	if !b.take(g, 4*groupCost+len("id")) || g.Unknown != 0 {
		t.Errorf("it fits: %t; of it is unknown: %v", !b.full, g.Unknown)
	}
}
