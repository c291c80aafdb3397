// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulator_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// admin starts a server and returns callers of its admin endpoint and of its API.
func admin(t *testing.T) (s *simulator.Server, adminClient, api *client) {
	t.Helper()
	instance, api := overSockets(t, simulator.Options{Seed: 1, Settings: simulator.Settings{Latency: time.Millisecond}})
	copied := *api
	copied.base = instance.AdminURL
	return instance.Server, &copied, api
}

func TestAdminSettings(t *testing.T) {
	s, c, _ := admin(t)
	before := s.Settings()
	body := `{"paging":"Page","latency":"0s","lag":"250ms","knownContacts":["Hector"],"rateLimit":{"requestsPerSecond":5,"burst":7}}`
	got := decode[simulator.Settings](t, c.do(200, "PUT", "/settings", body))

	want := before
	want.Paging, want.Latency, want.Lag, want.KnownContacts = simulator.Page, 0, 250*time.Millisecond, []string{"Hector"}
	want.RateLimit.RequestsPerSecond, want.RateLimit.Burst = 5, 7
	for from, settings := range map[string]simulator.Settings{
		"PUT": got, "server": s.Settings(), "GET": decode[simulator.Settings](t, c.do(200, "GET", "/settings", "")),
	} {
		if diff := cmp.Diff(want, settings); diff != "" {
			t.Errorf("%s (-want +got):\n%s", from, diff)
		}
	}
	s.Settings().KnownContacts[0] = "spoiled" // is the caller's own
	for body, message := range map[string]string{
		`{"paging":"Scroll"}`:                      `paging: \"Scroll\" is not one of`,
		`{"pagination":"Page"}`:                    "unknown field",
		`{"lag":"fast"}`:                           "invalid duration",
		`{"lag":"-1s"}`:                            "negative",
		`{"order":"OldestFirst","maxLimit":-1}`:    "negative",
		`{"order":"OldestFirst","envelope":"Box"}`: "envelope",
	} {
		if got := c.do(400, "PUT", "/settings", body); !strings.Contains(got.text, message) {
			t.Errorf("%s: %s, want %s within", body, got.text, message)
		}
	}
	if diff := cmp.Diff(want, s.Settings()); diff != "" {
		t.Errorf("after refused settings (-want +got):\n%s", diff)
	}
}

func TestAdminFaults(t *testing.T) {
	s, c, api := admin(t)
	type rule struct {
		ID    string
		Hits  int
		Fault simulator.Fault
	}
	added := decode[rule](t, c.do(201, "POST", "/faults", `{"method":"GET","action":"Status","status":503,"times":2,"delay":"1ms"}`))
	want := simulator.Fault{Method: "GET", Action: simulator.Status, Status: 503, Times: 2, Delay: time.Millisecond}
	if diff := cmp.Diff(want, added.Fault); diff != "" {
		t.Errorf("added (-want +got):\n%s", diff)
	}
	api.do(503, "GET", "/groups", "")
	rules := decode[[]rule](t, c.do(200, "GET", "/faults", ""))
	if diff := cmp.Diff([]rule{{added.ID, 1, want}}, rules); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
	c.do(204, "DELETE", "/faults/"+added.ID, "")
	c.do(404, "DELETE", "/faults/"+added.ID, "")
	api.do(200, "GET", "/groups", "")
	s.AddFault(want)
	c.do(204, "DELETE", "/faults", "")
	api.do(200, "GET", "/groups", "")
	for _, body := range []string{`{"action":"Explode"}`, `{"verb":"GET"}`, `{"pathRegexp":"("}`, `{`, ""} {
		c.do(400, "POST", "/faults", body)
	}
}

func TestAdminGroups(t *testing.T) {
	s, c, api := admin(t)
	seeded := decode[group](t, c.do(201, "POST", "/groups",
		`{"id":"seeded","name":"a","conversation_id":"talk","created_at":1000,"archived_at":2000,"contacts":[{"username":"x"}]}`))
	want := group{ID: "seeded", Name: "a", ConversationID: "talk", CreatedAt: 1000.0, ArchivedAt: 2000.0, Contacts: []member{{"x"}}}
	if diff := cmp.Diff(want, seeded); diff != "" {
		t.Errorf("seeded (-want +got):\n%s", diff)
	}
	want.Description, want.ArchivedAt = new("by hand"), nil
	edited := decode[group](t, c.do(200, "PATCH", "/groups/seeded", `{"description":"by hand","archived_at":null}`))
	if diff := cmp.Diff(want, edited); diff != "" {
		t.Errorf("edited (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, decode[group](t, api.do(200, "GET", "/groups/seeded", ""))); diff != "" {
		t.Errorf("by the API (-want +got):\n%s", diff)
	}
	c.do(400, "PATCH", "/groups/seeded", `{"name":""}`)
	c.do(400, "POST", "/groups", `{"description":"no name"}`)
	c.do(404, "PATCH", "/groups/none", `{"name":"b"}`)
	c.do(201, "POST", "/groups?tenant=other", `{"name":"theirs"}`)
	if got := decode[[]group](t, c.do(200, "GET", "/groups?tenant=other", "")); len(got) != 1 || got[0].Name != "theirs" {
		t.Errorf("the other tenant's: %+v", got)
	}
	if diff := cmp.Diff([]group{want}, decode[[]group](t, c.do(200, "GET", "/groups", ""))); diff != "" {
		t.Errorf("listed (-want +got):\n%s", diff)
	}
	c.do(204, "DELETE", "/groups/seeded", "")
	c.do(404, "DELETE", "/groups/seeded", "")
	if len(s.Groups()) != 0 {
		t.Error("not deleted")
	}
}

func TestAdminRequestsTokenAndReset(t *testing.T) {
	s, c, api := admin(t)
	first := s.Settings()
	api.create("a")
	requests := decode[[]simulator.Request](t, c.do(200, "GET", "/requests", ""))
	if len(requests) != 1 || requests[0].Body != "name=a" {
		t.Errorf("requests %+v", requests)
	}
	if diff := cmp.Diff(map[string]int{"POST": 1}, decode[map[string]int](t, c.do(200, "GET", "/counts", ""))); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	c.do(204, "DELETE", "/requests", "")
	if len(s.Requests()) != 0 {
		t.Error("requests not forgotten")
	}
	c.do(204, "PUT", "/token", `{"token":"rotated"}`)
	api.do(401, "GET", "/groups", "")
	api.token = "rotated"
	api.do(200, "GET", "/groups", "")

	s.AddFault(simulator.Fault{Action: simulator.Reset})
	s.Configure(func(settings *simulator.Settings) { settings.Paging = simulator.Page })
	c.do(204, "POST", "/reset", "")
	api.token = simulator.DefaultToken // the first one again
	if got := api.list(""); len(got.Data) != 0 || got.HasMore == nil {
		t.Errorf("after a reset: %+v", got)
	}
	if diff := cmp.Diff(first, s.Settings()); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
	c.do(404, "GET", "/nothing", "")
}

func TestSeedJSON(t *testing.T) {
	s := simulator.New(simulator.Options{})
	account := s.Account(simulator.DefaultTenant)
	if err := account.SeedJSON([]byte(`[{"name":"a","created_at":2},{"name":"b","created_at":1}]`)); err != nil {
		t.Fatal(err)
	}
	if groups := s.Groups(); len(groups) != 2 || groups[0].Name != "b" {
		t.Errorf("seeded %+v", groups)
	}
	for text, message := range map[string]string{
		`{}`:                          "not a JSON array",
		`[{"name":"c"},{}]`:           "group 2: name is required",
		`[{"name":"c","contacts":1}]`: "group 1: contacts must be",
	} {
		if err := account.SeedJSON([]byte(text)); err == nil || !strings.Contains(err.Error(), message) {
			t.Errorf("%s: error %v, want %s within", text, err, message)
		}
	}
	if len(s.Groups()) != 2 {
		t.Error("a refused seed left groups behind")
	}
}

// The form of a group in the admin endpoint is that of a seed file, so that an account can be saved and loaded.
func TestAdminGroupsCanBeSeeded(t *testing.T) {
	s, c, _ := admin(t)
	s.Account(simulator.DefaultTenant).SeedPageExample()
	saved := c.do(200, "GET", "/groups", "").text
	s.Reset()
	if err := s.Account(simulator.DefaultTenant).SeedJSON([]byte(saved)); err != nil {
		t.Fatal(err)
	}
	again := c.do(200, "GET", "/groups", "").text
	if diff := cmp.Diff(saved, again); diff != "" || !json.Valid([]byte(saved)) {
		t.Errorf("saved and loaded (-saved +loaded):\n%s", diff)
	}
}
