// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulator_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/klink-cloud/klink-operator/internal/simulator"
)

func TestReplies(t *testing.T) {
	known := []string{"Hector"}
	tests := []struct {
		name     string
		settings simulator.Settings
		body     string
		status   int
		want     string // within the reply
	}{
		{"wrapped", simulator.Settings{Envelope: simulator.Wrapped}, "name=a", 200, `{"data":{"id":`},
		{"unix", simulator.Settings{}, "name=a", 200, `"created_at":946684800`},
		{"rfc3339", simulator.Settings{Timestamps: simulator.RFC3339}, "name=a", 200, `"created_at":"2000-01-01T00:00:00Z"`},
		{"clock skew", simulator.Settings{ClockSkew: time.Minute}, "name=a", 200, `"created_at":946684860`},
		{"any contact", simulator.Settings{KnownContacts: known}, `{"name":"a","contacts":[{"username":"x"}]}`, 200, `"contacts":[{"username":"x"}]`},
		{"unknown dropped", simulator.Settings{KnownContacts: known, UnknownContacts: simulator.Drop},
			`{"name":"a","contacts":[{"username":"x"},{"username":"Hector"}]}`, 200, `"contacts":[{"username":"Hector"}]`},
		{"unknown rejected", simulator.Settings{KnownContacts: known, UnknownContacts: simulator.Reject},
			`{"name":"a","contacts":[{"username":"x"}]}`, 422, "unknown contact: x"},
		{"case of a contact", simulator.Settings{KnownContacts: known, UnknownContacts: simulator.Reject},
			`{"name":"a","contacts":[{"username":"hector"}]}`, 422, "unknown contact: hector"},
		{"contact details", simulator.Settings{ContactDetails: true}, `{"name":"a","contacts":[{"username":"x"}]}`, 200, `"username":"x"}]`},
		{"trimmed", simulator.Settings{Text: simulator.Trim}, `{"name":"a","description":" d "}`, 200, `"description":"d"`},
		{"escaped", simulator.Settings{Text: simulator.EscapeHTML}, `{"name":"a&b"}`, 200, `"name":"a&amp;b"`},
		{"composed", simulator.Settings{Text: simulator.Compose}, `{"name":"e\u0301"}`, 200, "\"name\":\"\u00e9\""},
		{"in lower case", simulator.Settings{Text: simulator.Lowercase}, `{"name":"Ab"}`, 200, `"name":"ab"`},
		{"empty made null", simulator.Settings{Text: simulator.NullEmpty}, `{"name":"a","description":""}`, 200, `"description":null`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := inProcess(t, simulator.New(simulator.Options{Settings: tt.settings}))
				if got := c.do(tt.status, http.MethodPost, "/groups", tt.body); !strings.Contains(got.text, tt.want) {
					t.Errorf("reply %s, want %s within", got.text, tt.want)
				}
			})
		})
	}
}

func TestDeleteReply(t *testing.T) {
	_, c, ids := seeded(t, 1, simulator.Settings{DeleteReply: simulator.WithBody})
	if got := c.do(http.StatusOK, http.MethodDelete, "/groups/"+ids[0], ""); !strings.Contains(got.text, `"deleted":true`) {
		t.Errorf("reply %s", got.text)
	}
}

func TestUniqueNames(t *testing.T) {
	_, c, ids := seeded(t, 2, simulator.Settings{UniqueNames: true})
	c.do(http.StatusConflict, http.MethodPost, "/groups", "name=1")
	c.do(http.StatusConflict, http.MethodPut, "/groups/"+ids[1], "name=1")
	c.do(http.StatusOK, http.MethodPut, "/groups/"+ids[1], "name=2")
	_, c, _ = seeded(t, 1, simulator.Settings{})
	c.do(http.StatusOK, http.MethodPost, "/groups", "name=1")
}

func TestLag(t *testing.T) {
	tests := []struct {
		name           string
		on             simulator.LagOn
		getsLag, whole bool
	}{
		{name: "all reads", on: simulator.LagAll, getsLag: true},
		{name: "lists", on: simulator.LagLists},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, c, ids := seeded(t, 1, simulator.Settings{Lag: time.Second, LagOn: tt.on})
				status := func(lagging bool, old, present int) int {
					if lagging {
						return old
					}
					return present
				}
				made := c.create("made")
				c.do(status(tt.getsLag, 404, 200), http.MethodGet, "/groups/"+made.ID, "")
				c.do(http.StatusOK, http.MethodPut, "/groups/"+made.ID, "name=renamed") // writes see the present
				c.do(http.StatusNoContent, http.MethodDelete, "/groups/"+ids[0], "")
				c.do(status(tt.getsLag, 200, 404), http.MethodGet, "/groups/"+ids[0], "")
				c.do(http.StatusNotFound, http.MethodPut, "/groups/"+ids[0], "name=x")
				if got := c.list("").names(); got != "1" {
					t.Errorf("at once: %q", got)
				}
				time.Sleep(time.Second)
				if got := c.list("").names(); got != "renamed" {
					t.Errorf("after the lag: %q", got)
				}
				c.do(http.StatusNotFound, http.MethodGet, "/groups/"+ids[0], "")
				s.Configure(func(settings *simulator.Settings) { settings.Lag = 0 })
				if got := c.create("now"); c.list("?limit=1").names() != got.Name {
					t.Error("without lag a new group is not listed")
				}
			})
		})
	}
}

// What no read can see any more is forgotten, or a server that runs for long would grow.
func TestLagForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c, _ := seeded(t, 0, simulator.Settings{Lag: time.Second})
		for range 3 {
			id := c.create("x").ID
			c.do(http.StatusNoContent, http.MethodDelete, "/groups/"+id, "")
			id2 := s.Seed(simulator.Group{ID: id, Name: "again"})
			if id2 != id || len(s.Groups()) != 1 {
				t.Errorf("seeded again: %v", s.Groups())
			}
			time.Sleep(2 * time.Second)
			other := c.create("other").ID
			c.do(http.StatusNoContent, http.MethodDelete, "/groups/"+other, "") // forgets what it can
			if _, found := s.Group(id); !found {
				t.Error("the group seeded again was forgotten with the deleted one")
			}
			time.Sleep(2 * time.Second)
			if got := c.list("").names(); got != "again" {
				t.Errorf("list %q", got)
			}
			s.Remove(id)
			time.Sleep(2 * time.Second)
		}
		if got := c.list("").names(); got != "" {
			t.Errorf("list %q, want none", got)
		}
	})
}

func TestRateLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limit := simulator.RateLimit{RequestsPerSecond: 0.4, Burst: 2}
		s, c, _ := seeded(t, 1, simulator.Settings{RateLimit: limit})
		s.AddToken("other", "elsewhere")
		time.Sleep(300 * time.Millisecond) // off the whole seconds of a date
		c.list("")
		c.list("")
		if got := c.do(http.StatusTooManyRequests, http.MethodGet, "/groups", "").header.Get("Retry-After"); got != "3" {
			t.Errorf("Retry-After %q, want 3", got)
		}
		other := *c
		other.token = "other"
		other.list("") // has a bucket of its own
		time.Sleep(2500 * time.Millisecond)
		c.list("")

		s.Configure(func(settings *simulator.Settings) { settings.RateLimit.RetryAfter = simulator.RetryAfterDate })
		header := c.do(http.StatusTooManyRequests, http.MethodGet, "/groups", "").header.Get("Retry-After")
		at, err := http.ParseTime(header)
		if err != nil {
			t.Errorf("Retry-After %q: %v", header, err)
		}
		time.Sleep(time.Until(at)) // has whole seconds, and is not too early for it
		c.list("")
		s.Configure(func(settings *simulator.Settings) { settings.RateLimit.RetryAfter = simulator.RetryAfterNone })
		if got := c.do(http.StatusTooManyRequests, http.MethodPost, "/groups", "name=x").header.Get("Retry-After"); got != "" {
			t.Errorf("Retry-After %q, want none", got)
		}
		if len(s.Groups()) != 1 {
			t.Error("a limited request was carried out")
		}
	})
}

func TestLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c, _ := seeded(t, 0, simulator.Settings{Latency: 3 * time.Second})
		start := time.Now()
		c.list("")
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

func TestSeedIsRepeatable(t *testing.T) {
	run := func(seed uint64) string {
		s := simulator.New(simulator.Options{Seed: seed})
		s.AddFault(simulator.Fault{Method: "POST", Action: simulator.Status, Status: 503, Probability: 0.5})
		c := inProcess(t, s)
		var log []string
		for range 20 {
			a, err := c.try(http.MethodPost, "/groups", "name=x")
			if err != nil {
				t.Fatal(err)
			}
			log = append(log, strconv.Itoa(a.status))
		}
		for _, g := range s.Groups() {
			log = append(log, g.ID, g.ConversationID)
		}
		return strings.Join(log, " ")
	}
	if diff := cmp.Diff(run(7), run(7)); diff != "" {
		t.Errorf("two runs of one seed differ:\n%s", diff)
	}
	if first, second := run(0), run(0); run(7) == run(8) || first == second {
		t.Error("different seeds, or none, repeat each other")
	}
	if got := run(7); !strings.Contains(got, "503") || !strings.Contains(got, "200") {
		t.Errorf("a probability of 0.5 gave %s", got)
	}
}
