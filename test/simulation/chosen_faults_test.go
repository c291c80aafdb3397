// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// callFaults are what can be chosen of one call to the API; the rest of meet's faults
// are left to the dice.
var callFaults = []string{
	"refused", "lost request", "lost reply", "late", "truncated", "500 before", "500 after", "503", "429", "429 bare",
	"401", "403", "422", "garbage", "garbage after", "html 404", "status error", "empty after", "302", "407",
	"crash before", "crash after",
	"outage", "revoked", "throttled", "lists fail", "ingress", "login page", "misled",
}

// spells go on after the call that they begin with: each fault that strikes then, for
// how long, and which calls it spares.
var spells = map[string]spell{
	"outage":     {first: "lost reply", then: "refused", lasts: 5 * time.Minute},
	"revoked":    {first: "401", then: "401", lasts: 5 * time.Minute},
	"throttled":  {first: "429 bare", then: "429 bare", lasts: 10 * time.Minute},
	"lists fail": {first: "500 before", then: "500 before", lasts: 10 * time.Minute, listsOnly: true},
	"ingress":    {first: "html 404", then: "html 404", lasts: 5 * time.Minute},
	// It finds no group by its id, and says so in the API's words; lists are answered.
	"misled":     {first: "json 404", then: "json 404", lasts: 5 * time.Minute, sparesLists: true},
	"login page": {first: "garbage", then: "garbage", lasts: 5 * time.Minute},
	"kube down":  {first: "kube before", then: "kube before", lasts: 2 * time.Minute},
}

type spell struct {
	first, then string
	lasts       time.Duration
	listsOnly   bool
	sparesLists bool
	until       time.Time
}

func (s spell) left() bool { return time.Now().Before(s.until) }

func (s spell) kube() bool { return strings.HasPrefix(s.then, "kube") }

// kubeFaults are what can be chosen of one write to Kubernetes.
var kubeFaults = []string{"conflict", "kube before", "kube after", "kube stalls", "unseen", "crash before", "crash after", "kube down"}

func isFault(what string) bool {
	return slices.Contains(callFaults, what) || slices.Contains(kubeFaults, what) || dialects[what] != nil
}

func isEvent(what string) bool { return events[what] != nil }

// callFault is the fault of a call: chosen for its point, or of the spell that lasts.
func (s *script) callFault(c *call, point string) string {
	fault := s.begin(s.fault(point))
	lists := strings.HasSuffix(c.request.URL.Path, "/groups")
	isList := lists && c.request.URL.Query().Get("limit") != "1"
	spared := s.spell.listsOnly && !isList || s.spell.sparesLists && lists
	if fault == "" && s.spell.left() && !s.spell.kube() && !spared {
		fault = s.spell.then
	}
	return fault
}

// writeFault is the fault of a write to Kubernetes.
func (s *script) writeFault(point string) string {
	fault := s.begin(s.fault(point))
	if fault == "" && s.spell.left() && s.spell.kube() {
		fault = s.spell.then
	}
	switch {
	case s.spell.left() && s.spell.kube():
		s.troubleKube(time.Until(s.spell.until))
	case fault == "unseen":
		s.troubleKube(unseenFor)
	case strings.HasPrefix(fault, "kube"):
		s.troubleKube(0)
	}
	return fault
}

// begin starts the spell of a fault, if it is one.
func (s *script) begin(fault string) string {
	if spell, ok := spells[fault]; ok {
		spell.until = time.Now().Add(spell.lasts)
		s.spell = spell
		return spell.first
	}
	return fault
}

// pointOf names a call.
func pointOf(r *http.Request) string {
	switch {
	case !strings.HasSuffix(r.URL.Path, "/groups"):
		return r.Method + " group"
	case r.Method == http.MethodGet && r.URL.Query().Get("limit") == "1":
		return "PROBE groups"
	}
	return r.Method + " groups"
}

// answers are the replies of what stands before the API, and refusals.
var answers = map[string]func(c *call) *http.Response{
	"401":      func(c *call) *http.Response { return answer(c, 401, "", `{"message":"unauthenticated"}`) },
	"403":      func(c *call) *http.Response { return answer(c, 403, "", `{"message":"forbidden"}`) },
	"422":      func(c *call) *http.Response { return answer(c, 422, "", `{"message":"the given data was invalid"}`) },
	"429 bare": func(c *call) *http.Response { return answer(c, 429, "", "") },
	"garbage":  func(c *call) *http.Response { return answer(c, 200, "", "<html>sign in</html>") },
	"html 404": func(c *call) *http.Response { return answer(c, 404, "", "<html>default backend - 404</html>") },
	"json 404": func(c *call) *http.Response { return answer(c, 404, "", `{"message":"not found"}`) },
	"407":      func(c *call) *http.Response { return answer(c, 407, "", "<html>proxy</html>") },
	"302": func(c *call) *http.Response {
		r := answer(c, 302, "", "")
		r.Header.Set("Location", "https://login.example.com/")
		return r
	},
	"status error": func(c *call) *http.Response {
		return answer(c, 200, "", `{"status":"error","message":"something went wrong"}`)
	},
}

// refusal is what a write to Kubernetes gets that did not take effect.
func refusal(fault string, n name) error {
	switch fault {
	case "kube before":
		return apierrors.NewServiceUnavailable("the API server is not there")
	case "conflict":
		return conflict(n, "the object has been modified")
	}
	return nil
}

func eventNames() []string { return slices.Sorted(maps.Keys(events)) }

// writePoint names a write to Kubernetes.
func writePoint(n name, status bool) string {
	if status {
		return "PATCH " + n.kind + " status"
	}
	return "PATCH " + n.kind
}

// unseenFor is how long a write stays out of the caches under the fault "unseen".
const unseenFor = 20 * time.Second

// play lets a call meet what was chosen for it.
func (t transport) play(c *call, drawn string) (*http.Response, error) {
	s := t.p.script
	if s == nil {
		return t.meet(c, drawn)
	}
	if c.request.URL.Host == otherHost {
		c.request = c.request.Clone(c.request.Context())
		c.request.Header.Set("Authorization", "Bearer "+foreignToken)
	}
	point := s.pass(pointOf(c.request))
	t.p.witness.spend(t.p, c, point)
	fault := s.callFault(c, point)
	if fault == "crash before" {
		t.p.kill("at " + point)
		return nil, errDead
	}
	response, err := t.serveWith(c, fault)
	t.p.witness.deny(c, response, fault)
	t.p.script.happen(point)
	if fault == "crash after" {
		t.p.kill("at " + point)
	}
	return response, err
}

func (t transport) serveWith(c *call, fault string) (*http.Response, error) {
	if reply := answers[fault]; reply != nil {
		if _, err := t.meet(c, "503"); err != nil { // it got through
			return nil, err
		}
		return reply(c), nil
	}
	if fault == "empty after" {
		response, err := t.serve(c)
		if err == nil {
			response.Body = http.NoBody
		}
		return response, err
	}
	return t.meet(c, fault)
}

// kubeFault reports whether Kubernetes is what keeps statuses from being written or seen: a
// write is tried again within a minute.
func (s *script) kubeFault() bool { return time.Now().Before(s.kubeUntil.Add(time.Minute)) }

// troubleKube notes that Kubernetes is in trouble for so long.
func (s *script) troubleKube(lasts time.Duration) {
	if until := time.Now().Add(lasts); until.After(s.kubeUntil) {
		s.kubeUntil = until
	}
}
