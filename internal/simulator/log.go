// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulator

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	keptRequests = 20_000
	keptBody     = 64 << 10
	redacted     = "[token]"
)

// Request is a call that reached the server. No token appears in it, wherever the client put one.
type Request struct {
	Time   time.Time `json:"time"`
	Tenant string    `json:"tenant,omitempty"` // whose groups it saw; empty without a valid token
	Method string    `json:"method"`
	Path   string    `json:"path"`
	Query  string    `json:"query,omitempty"`
	ID     string    `json:"id,omitempty"`
	Body   string    `json:"body,omitempty"` // at most 64 KiB
	// Status is what the client was sent: 0 for nothing, or nothing yet.
	Status int `json:"status"`
	// Committed tells whether the call changed a group, whatever the client was told.
	Committed bool `json:"committed"`
}

// Kind is the key of the request in Counts.
func (r Request) Kind() string {
	switch {
	case r.Method == http.MethodGet && r.ID == "":
		return "GET list"
	case r.Method == http.MethodGet:
		return "GET one"
	default:
		return r.Method
	}
}

// record keeps a request, and drops the oldest when there are too many.
func (s *state) record(c *call) {
	redact := s.redactor(c.token())
	c.entry = &Request{
		Time: time.Now(), Tenant: c.tenant, Method: c.method,
		ID: redact(c.id), Path: redact(c.path), Query: redact(c.query.Encode()), Body: redact(string(c.body)),
	}
	c.entry.Body = c.entry.Body[:min(len(c.entry.Body), keptBody)]
	if len(s.requests) >= 2*keptRequests {
		s.requests = slices.Delete(s.requests, 0, len(s.requests)-keptRequests)
	}
	s.requests = append(s.requests, c.entry)
	s.counts[c.entry.Kind()]++
}

// redactor takes every known token, and the call's own, which may be wrong or revoked, out of a text.
func (s *state) redactor(own string) func(string) string {
	var pairs []string
	for token := range s.tokens {
		pairs = append(pairs, token, redacted, url.QueryEscape(token), redacted)
	}
	if own != "" {
		pairs = append(pairs, own, redacted, url.QueryEscape(own), redacted)
	}
	return strings.NewReplacer(pairs...).Replace
}

// Requests returns the latest requests (at least 20,000, if there were so many), oldest first.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	requests := make([]Request, 0, len(s.state.requests))
	for _, r := range s.state.requests {
		requests = append(requests, *r)
	}
	return requests
}

// Counts returns how many requests came since the start or ResetRequests, by "POST", "GET one", "GET list", "PUT",
// "DELETE" (and whatever other method was tried), refused ones included.
func (s *Server) Counts() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	counts := make(map[string]int, len(s.state.counts))
	for kind, n := range s.state.counts {
		counts[kind] = n
	}
	return counts
}

// ResetRequests forgets requests and counts.
func (s *Server) ResetRequests() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.requests = nil
	clear(s.state.counts)
}
