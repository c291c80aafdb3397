// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulator

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// call is one request on its way.
type call struct {
	method, path  string
	query         url.Values
	header        http.Header
	body          []byte
	id            string
	isList, found bool
	tooLarge      bool

	tenant  string
	hidden  []string
	hideAll bool
	entry   *Request
}

func (c *call) hides(id string) bool { return c.hideAll || slices.Contains(c.hidden, id) }

func newCall(r *http.Request, body []byte) *call {
	c := &call{method: r.Method, path: r.URL.Path, query: r.URL.Query(), header: r.Header, body: body}
	if len(body) > maxBody {
		c.body, c.tooLarge = nil, true
	}
	c.id, c.isList, c.found = target(r.URL)
	return c
}

// serve answers a call: it is recorded, meets the faults, and is carried out.
func (s *Server) serve(ctx context.Context, c *call) reply {
	acting := s.arrive(c)
	r := s.withFaults(ctx, c, acting)
	s.mu.Lock()
	if r.broken == nil {
		c.entry.Status = r.status
	}
	entry := *c.entry
	s.mu.Unlock()
	if s.onRequest != nil {
		s.onRequest(entry)
	}
	return r
}

func (s *Server) arrive(c *call) []Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.tenant = s.tokens[c.token()]
	s.record(c)
	acting := s.matching(c)
	for _, f := range acting {
		s.changeView(c, f)
	}
	return acting
}

// changeView lets a call see other groups than its tenant's. The Server's lock is held.
func (s *Server) changeView(c *call, f Fault) {
	switch f.Action {
	case Hide:
		c.hidden = append(c.hidden, f.IDs...)
		c.hideAll = c.hideAll || len(f.IDs) == 0
	case Foreign:
		if c.tenant != "" {
			orDefault(&f.Tenant, "foreign")
			c.tenant = f.Tenant
			c.entry.Tenant = f.Tenant
		}
	}
}

// token is the bearer token of the call, empty if it has none.
func (c *call) token() string {
	scheme, token, _ := strings.Cut(c.header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// carryOut does what a call asks for, if its token and its rate allow.
func (s *Server) carryOut(c *call) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errorReply(http.StatusServiceUnavailable, "shutting down")
	}
	if c.tenant == "" {
		r := errorReply(http.StatusUnauthorized, "unauthenticated: a valid bearer token is required")
		r.header.Set("WWW-Authenticate", "Bearer")
		return r
	}
	if c.tooLarge {
		return errorReply(http.StatusRequestEntityTooLarge, "the body is too large")
	}
	if r, limited := s.limited(c.tenant); limited {
		return r
	}
	r := s.handle(c)
	if s.settings.Age > 0 && c.method == http.MethodGet {
		r.header.Set("Age", strconv.Itoa(int(s.settings.Age.Seconds())))
	}
	return r
}
