// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulator_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/klink-cloud/klink-operator/internal/simulator"
)

func TestRequestsAndCounts(t *testing.T) {
	var told []simulator.Request
	s := simulator.New(simulator.Options{OnRequest: func(r simulator.Request) { told = append(told, r) }})
	c := inProcess(t, s)
	id := c.create("a").ID
	c.list("?limit=5")
	c.do(200, "PUT", "/groups/"+id, `{"name":"b"}`)
	c.do(200, "GET", "/groups/"+id, "")
	c.do(404, "GET", "/groups/none", "")
	c.do(204, "DELETE", "/groups/"+id, "")
	c.token = "wrong"
	c.do(401, "GET", "/groups", "")

	list, one := simulator.Prefix+"/groups", simulator.Prefix+"/groups/"+id
	want := []simulator.Request{
		{Tenant: "default", Method: "POST", Path: list, Body: "name=a", Status: 200, Committed: true},
		{Tenant: "default", Method: "GET", Path: list, Query: "limit=5", Status: 200},
		{Tenant: "default", Method: "PUT", Path: one, ID: id, Body: `{"name":"b"}`, Status: 200, Committed: true},
		{Tenant: "default", Method: "GET", Path: one, ID: id, Status: 200},
		{Tenant: "default", Method: "GET", Path: simulator.Prefix + "/groups/none", ID: "none", Status: 404},
		{Tenant: "default", Method: "DELETE", Path: one, ID: id, Status: 204, Committed: true},
		{Method: "GET", Path: list, Status: 401},
	}
	noTime := cmpopts.IgnoreFields(simulator.Request{}, "Time")
	if diff := cmp.Diff(want, s.Requests(), noTime); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, told, noTime); diff != "" {
		t.Errorf("OnRequest (-want +got):\n%s", diff)
	}
	counts := map[string]int{"POST": 1, "GET list": 2, "PUT": 1, "GET one": 2, "DELETE": 1}
	if diff := cmp.Diff(counts, s.Counts()); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	s.ResetRequests()
	if len(s.Requests()) != 0 || len(s.Counts()) != 0 {
		t.Error("not forgotten")
	}
}

func TestNoTokenInRequests(t *testing.T) {
	s := simulator.New(simulator.Options{Token: "first/secret"})
	s.AddToken("other/secret", "elsewhere")
	c := inProcess(t, s)
	for _, token := range []string{"first/secret", "revoked/secret"} {
		c.token = token
		for _, body := range []string{"name=" + token, `{"name":"` + token + `","description":"other/secret"}`} {
			if _, err := c.try("POST", "/groups?token="+strings.ReplaceAll(token, "/", "%2F"), body); err != nil {
				t.Fatal(err)
			}
			if _, err := c.try("PUT", "/groups/"+strings.ReplaceAll(token, "/", "%2F"), body); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(s.Requests()) != 8 {
		t.Fatalf("%d requests", len(s.Requests()))
	}
	for _, r := range s.Requests() {
		if text := fmt.Sprintf("%+v", r); strings.Contains(text, "secret") {
			t.Errorf("a token in %s", text)
		}
	}
}

func TestTokensAndTenants(t *testing.T) {
	s := simulator.New(simulator.Options{Token: "one"})
	c := inProcess(t, s)
	c.token = "one"
	id := c.create("mine").ID

	s.AddToken("two", "other")
	other := *c
	other.token = "two"
	other.do(http.StatusNotFound, "GET", "/groups/"+id, "")
	other.create("theirs")
	if got := c.list("").names(); got != "mine" {
		t.Errorf("groups %q", got)
	}
	if diff := cmp.Diff([]string{"default", "other"}, s.Tenants()); diff != "" {
		t.Errorf("tenants (-want +got):\n%s", diff)
	}

	s.SetToken("rotated")
	c.do(http.StatusUnauthorized, "GET", "/groups", "")
	c.token = "rotated"
	c.do(http.StatusOK, "GET", "/groups/"+id, "")
	other.do(http.StatusOK, "GET", "/groups", "")
	s.RemoveToken("two")
	other.do(http.StatusUnauthorized, "GET", "/groups", "")
	s.SetToken("")
	c.token = ""
	c.do(http.StatusUnauthorized, "GET", "/groups", "")
}

// A snapshot is the caller's own: writing to it does not change the account.
func TestSnapshotsShareNothing(t *testing.T) {
	s := simulator.New(simulator.Options{})
	seed := simulator.Group{Name: "a", Description: new("d"), Contacts: simulator.Contacts("x")}
	id := s.Seed(seed)
	spoil := func(g simulator.Group) { *g.Description, g.Contacts[0].Username = "spoiled", "spoiled" }
	spoil(seed)
	for _, g := range s.Groups() {
		spoil(g)
	}
	g, _ := s.Group(id)
	spoil(g)
	want := simulator.Group{Name: "a", Description: new("d"), Contacts: simulator.Contacts("x")}
	got, found := s.Group(id)
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(simulator.Group{}, "ID", "ConversationID", "CreatedAt")); diff != "" || !found {
		t.Errorf("found %v (-want +got):\n%s", found, diff)
	}
	if s.Mutate("none", func(*simulator.Group) {}) || s.Remove("none") {
		t.Error("a group that does not exist was changed")
	}
	if !s.Mutate(id, func(g *simulator.Group) { g.ID, g.Name = "other", "b" }) {
		t.Error("not changed")
	}
	if got, _ := s.Group(id); got.Name != "b" || got.ID != id {
		t.Errorf("changed to %+v", got)
	}
}

// TestAWriteHidesNoGroup: who asks for a group while others write it is shown one version or the next, never none.
func TestAWriteHidesNoGroup(t *testing.T) {
	s := simulator.New(simulator.Options{})
	defer s.Close()
	id := s.Seed(simulator.Group{Name: "a"})
	ctx, stop := context.WithCancel(t.Context())
	var writers sync.WaitGroup
	defer writers.Wait()
	defer stop()
	for range 4 {
		writers.Go(func() {
			for ctx.Err() == nil {
				s.Mutate(id, func(*simulator.Group) {})
			}
		})
	}
	for range 20000 {
		_, present := s.Group(id)
		_, lagging := s.Account(simulator.DefaultTenant).Lagging(id)
		if !present || !lagging {
			t.Fatalf("a write hid the group: %t to who sees the present, %t to who sees the past", !present, !lagging)
		}
	}
}
