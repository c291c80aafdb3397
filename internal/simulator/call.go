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

// exchange is a call that the server answers: it is recorded, meets the faults, and is
// carried out.
type exchange struct {
	*call
	ctx    context.Context //nolint:containedctx // it lives as long as the call
	server *Server
}

func (e *exchange) serve() reply {
	s := e.server
	r := e.withFaults(e.arrive())
	s.mu.Lock()
	if r.broken == nil {
		e.entry.Status = r.status
	}
	entry := *e.entry
	s.mu.Unlock()
	if s.onRequest != nil {
		s.onRequest(entry)
	}
	return r
}

func (e *exchange) arrive() []*FaultHandle {
	e.server.mu.Lock()
	defer e.server.mu.Unlock()
	s := &e.server.state
	e.tenant = s.tokens[e.token()]
	s.record(e.call)
	acting := s.matching(e.call)
	for _, h := range acting {
		e.changeView(h.fault)
	}
	return acting
}

// changeView lets a call see other groups than its tenant's.
func (c *call) changeView(f Fault) {
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
func (e *exchange) carryOut() reply {
	e.server.mu.Lock()
	defer e.server.mu.Unlock()
	s, c := &e.server.state, e.call
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
