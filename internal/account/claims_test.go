// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"slices"
	"testing"
	"testing/synctest"
)

const otherEndpoint = "https://api.klink.cloud/api/v2"

func TestClaims(t *testing.T) {
	c := NewClaims()
	for range 2 {
		if !c.Claim(endpoint, "id", "a") {
			t.Error("a free id, and one's own, can be claimed")
		}
	}
	if c.Claim(endpoint, "id", "b") || c.Claim("HTTP://127.0.0.1:1/api/v1/", "id", "b") {
		t.Error("another's id was claimed")
	}
	if !c.Claim(otherEndpoint, "id", "b") || !c.Claim(endpoint, "ID", "b") {
		t.Error("an id of another account, or of other case, is another id")
	}
	if got := c.Owner(endpoint, "id"); got != "a" {
		t.Errorf("owner %q", got)
	}
	if ids := c.Release("a"); !slices.Equal(ids, []string{"id"}) {
		t.Errorf("let go are %v", ids)
	}
	if got := c.Owner(endpoint, "id"); got != "" {
		t.Errorf("owner %q of what was let go", got)
	}
	if c.Owner(otherEndpoint, "id") != "b" || c.Owner(endpoint, "ID") != "b" {
		t.Error("another's claims were let go too")
	}
	if !c.Claim(endpoint, "id", "b") {
		t.Error("what was let go can be claimed")
	}
}

func TestCreatesInFlight(t *testing.T) {
	c := NewClaims()
	first, second := c.BeginCreate(endpoint, "Ritz"), c.BeginCreate(endpoint+"/", "Ritz")
	if !c.Creating(endpoint, "ritz ") { // the API may take it for the same name
		t.Error("a create of another name")
	}
	if c.Creating(endpoint, "Plaza") || c.Creating(otherEndpoint, "Ritz") {
		t.Error("a create of another name or account")
	}
	first()
	if !c.Creating(endpoint, "Ritz") {
		t.Error("the second create is forgotten")
	}
	second()
	if c.Creating(endpoint, "Ritz") || len(c.creates) != 0 {
		t.Error("a create that has ended is kept")
	}
}

func TestWhatThisProcessMadeForOneGroupIsNoOthers(t *testing.T) {
	c := NewClaims()
	c.Made(endpoint, "id", "a")
	c.Release("a") // it stays so when its Group is gone
	if c.MadeForOther(endpoint, "id", "a") || !c.MadeForOther(endpoint+"/", "id", "b") {
		t.Error("it is not told whom the group was made for")
	}
	if c.MadeForOther(endpoint, "ID", "b") || c.MadeForOther(otherEndpoint, "id", "b") {
		t.Error("another group is taken for it")
	}
}

func TestNormalEndpoint(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"https://api.klink.cloud/api/v1", "https://api.klink.cloud/api/v1"},
		{"HTTPS://API.klink.cloud:443/api/v1/", "https://api.klink.cloud/api/v1"},
		{"https://api.klink.cloud:/api/v1", "https://api.klink.cloud/api/v1"},
		{"https://api.klink.cloud/api/V1", "https://api.klink.cloud/api/V1"},
		{"https://api.klink.cloud:8443/api/v1", "https://api.klink.cloud:8443/api/v1"},
		{"http://localhost:80", "http://localhost"},
		{"http://localhost:443/", "http://localhost:443"},
		{"https://localhost:80/", "https://localhost:80"},
		{"http://[::1]:80/a%2Fb", "http://[::1]/a%2Fb"},
		{"://", "://"},
	} {
		if got := NormalEndpoint(c.in); got != c.want {
			t.Errorf("%s: %s, want %s", c.in, got, c.want)
		}
	}
}

// A group that one Group let go and another has bound since is nobody's no longer.
func TestAClaimEndsThatAGroupWasLetGo(t *testing.T) {
	const endpoint = "https://api.klink.cloud/api/v1"
	c := NewClaims()
	c.Leave(endpoint, "a")
	if !c.Claim(endpoint, "a", "uid-next") || c.LetGo(endpoint, "a") {
		t.Error("the group is bound, and still taken for one that was let go")
	}
}

// That a Group let go of its remote group on purpose is known for an hour, and for as long as
// it is known whom that was made for.
func TestThatAGroupWasLetGoIsKnownForAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewClaims()
		c.Made(endpoint, "made", "uid")
		for _, id := range []string{"made", "adopted"} {
			c.Leave(endpoint, id)
		}
		letGo := func(made, adopted bool) {
			t.Helper()
			if c.LetGo(endpoint+"/", "made") != made || c.LetGo(endpoint, "adopted") != adopted || c.LetGo(endpoint, "other") {
				t.Errorf("let go are %v", c.left)
			}
		}
		letGo(true, true)
		after(madeKept - 1)
		letGo(true, true)
		after(1)
		letGo(true, false)
		c.Gone("uid")
		after(madeKept)
		letGo(false, false)
	})
}

// The end of one Group ends nothing of another's, and its second end prolongs nothing.
func TestAGroupIsGoneOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewClaims()
		c.Made(endpoint, "id", "a")
		c.Made(endpoint, "other", "b")
		c.Gone("a")
		after(madeKept / 2)
		c.Gone("a")
		after(madeKept / 2)
		if c.MadeForOther(endpoint, "id", "c") || !c.MadeForOther(endpoint, "other", "a") || c.MadeForOther(endpoint, "other", "b") {
			t.Errorf("made are %v", c.made)
		}
	})
}
