// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulator_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/internal/simulator"
)

const whole = `{"name":"a","description":"d","avatar_url":"https://a.example/p","contacts":[{"username":"12"},{"username":"x"}]}`

func TestAListOfSummaries(t *testing.T) {
	c := inProcess(t, simulator.New(simulator.Options{Settings: simulator.Settings{OmitInLists: []string{"description", "contacts", "archived_at"}}}))
	made := c.create("a")
	list := c.do(http.StatusOK, http.MethodGet, "/groups", "").text
	for _, key := range []string{"description", "contacts", "archived_at"} {
		if strings.Contains(list, key) {
			t.Errorf("the list shows %s: %s", key, list)
		}
	}
	one := c.do(http.StatusOK, http.MethodGet, "/groups/"+made.ID, "").text
	if !strings.Contains(list, `"avatar_url"`) || !strings.Contains(one, `"contacts"`) {
		t.Errorf("the list shows %s, a GET %s", list, one)
	}
	if err := (simulator.Settings{OmitInLists: []string{"id"}}).Validate(); err == nil {
		t.Error("a list without ids is no list")
	}
}

func TestAListThatCutsLongValues(t *testing.T) {
	c := inProcess(t, simulator.New(simulator.Options{Settings: simulator.Settings{CutInLists: 1}}))
	id := c.create("name").ID
	c.do(http.StatusOK, http.MethodPut, "/groups/"+id, `{"description":"d\u00e9","contacts":[{"username":"x"},{"username":"y"}]}`)
	const all = `"contacts":[{"username":"x"},{"username":"y"}]`
	list, one := c.do(http.StatusOK, http.MethodGet, "/groups", "").text, c.do(http.StatusOK, http.MethodGet, "/groups/"+id, "").text
	if !strings.Contains(list, `"name":"name","description":"d"`) || strings.Contains(list, all) || !strings.Contains(one, all) {
		t.Errorf("the list shows %s, a GET %s", list, one)
	}
}

func TestAPutThatReplaces(t *testing.T) {
	c := inProcess(t, simulator.New(simulator.Options{Settings: simulator.Settings{Put: simulator.Replace}}))
	id := c.create("a").ID
	c.do(http.StatusOK, http.MethodPut, "/groups/"+id, whole)
	got := c.do(http.StatusOK, http.MethodPut, "/groups/"+id, `{"description":"e"}`).text
	if !strings.Contains(got, `"name":"a","description":"e","avatar_url":null`) || !strings.Contains(got, `"contacts":[]`) {
		t.Errorf("the group is %s", got)
	}
}

func TestRepliesWithoutABodyOutOfACache(t *testing.T) {
	s := simulator.New(simulator.Options{Settings: simulator.Settings{WriteReply: simulator.WithoutBody, NumericUsernames: true, Age: time.Minute}})
	c := inProcess(t, s)
	if got := c.do(http.StatusNoContent, http.MethodPost, "/groups", whole); got.text != "" {
		t.Errorf("the reply is %q", got.text)
	}
	list := c.do(http.StatusOK, http.MethodGet, "/groups", "")
	if !strings.Contains(list.text, `"contacts":[{"username":12},{"username":"x"}]`) || list.header.Get("Age") != "60" {
		t.Errorf("the list is %s, of Age %s", list.text, list.header.Get("Age"))
	}
	if s.Groups()[0].Contacts[0].Username != "12" {
		t.Error("the username was changed")
	}
}

func TestAvatarsWhoseURLsChangeAtEachRead(t *testing.T) {
	s := simulator.New(simulator.Options{Settings: simulator.Settings{SignedAvatars: true}})
	c := inProcess(t, s)
	id := c.create("a").ID
	if plain := c.do(http.StatusOK, http.MethodGet, "/groups/"+id, "").text; !strings.Contains(plain, `"avatar_url":null`) {
		t.Errorf("without an avatar it shows %s", plain)
	}
	c.do(http.StatusOK, http.MethodPut, "/groups/"+id, whole)
	first, second := c.do(http.StatusOK, http.MethodGet, "/groups/"+id, "").text, c.do(http.StatusOK, http.MethodGet, "/groups", "").text
	const signed = `"avatar_url":"https://a.example/p?signature=`
	if !strings.Contains(first, signed) || !strings.Contains(second, signed) || strings.Contains(second, strings.TrimSpace(first)) {
		t.Errorf("a GET shows %s, a list %s", first, second)
	}
	if *s.Groups()[0].AvatarURL != "https://a.example/p" {
		t.Error("the avatar was changed")
	}
}

func TestAnUnknownGroupIsDeleted(t *testing.T) {
	_, c, ids := seeded(t, 1, simulator.Settings{DeleteUnknown: simulator.AsDeleted})
	c.do(http.StatusNoContent, http.MethodDelete, "/groups/unknown", "")
	c.do(http.StatusNoContent, http.MethodDelete, "/groups/"+ids[0], "")
	c.do(http.StatusNoContent, http.MethodDelete, "/groups/"+ids[0], "")
	c.do(http.StatusNotFound, http.MethodGet, "/groups/"+ids[0], "")
}

func TestIDsThatIgnoreCase(t *testing.T) {
	_, c, ids := seeded(t, 1, simulator.Settings{IgnoreIDCase: true})
	other := strings.ToUpper(ids[0])
	if got := decode[group](t, c.do(http.StatusOK, http.MethodGet, "/groups/"+other, "")).ID; got != ids[0] || got == other {
		t.Errorf("the reply spells it %s, want %s", got, ids[0])
	}
	c.do(http.StatusOK, http.MethodPut, "/groups/"+other, `{"name":"b"}`)
	c.do(http.StatusNoContent, http.MethodDelete, "/groups/"+other, "")
	if left := c.list("").names(); left != "" {
		t.Errorf("groups %q are left", left)
	}
}
