// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulator

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

var errNameTaken = errors.New("a group of this name exists")

// handle carries a call out.
func (s *state) handle(c *call) reply {
	switch {
	case !c.found:
		return errorReply(http.StatusNotFound, "no such endpoint")
	case c.isList && c.method == http.MethodGet:
		return s.list(c)
	case c.isList && c.method == http.MethodPost:
		return s.create(c)
	case c.isList:
		return methodNotAllowed("GET, POST")
	}
	switch c.method {
	case http.MethodGet:
		return s.retrieve(c)
	case http.MethodPut:
		return s.update(c)
	case http.MethodDelete:
		return s.remove(c)
	default:
		return methodNotAllowed("GET, PUT, DELETE")
	}
}

func (s *state) list(c *call) reply {
	archivedOnly := false
	if text := c.query.Get("archived"); text != "" {
		parsed, err := strconv.ParseBool(text)
		if err != nil {
			return errorReply(http.StatusBadRequest, "archived must be true or false")
		}
		archivedOnly = parsed
	}
	store := s.storeOf(c.tenant)
	entries := store.list(s.asOf(true), func(g *Group) bool {
		if c.hides(g.ID) || archivedOnly && !g.Archived() {
			return false
		}
		return archivedOnly || !s.settings.HideArchived || !g.Archived()
	})
	if s.settings.Order == NewestFirst {
		slices.Reverse(entries)
	}
	return listing{&s.settings, store, entries, c.query}.reply()
}

// asOf is the moment whose state a read shows.
func (s *state) asOf(list bool) time.Time {
	if list || s.settings.LagOn == LagAll {
		return time.Now().Add(-s.settings.Lag)
	}
	return time.Now()
}

func (s *state) create(c *call) reply {
	wanted, err := parseBody(c.header.Get("Content-Type"), c.body)
	if err != nil {
		return requestError(err)
	}
	if !wanted.name.sent {
		return requestError(invalid{"name": "is required"})
	}
	wanted.archivedAt = field[moment]{} // not among the attributes of a new group
	var g Group
	if err := s.settings.apply(wanted, &g); err != nil {
		return requestError(err)
	}
	store := s.storeOf(c.tenant)
	if s.settings.UniqueNames && store.nameTaken(g.Name, "") {
		return errorReply(http.StatusConflict, errNameTaken.Error())
	}
	g = s.complete(g)
	s.sequence++
	store.insert(&g, s.sequence, time.Now())
	c.entry.Committed = true
	return s.settings.writeReply(&g)
}

// find is the record of the group that a call names, also of a deleted one that is not forgotten yet; nil if there is none.
func (s *state) find(c *call) *record {
	store := s.storeOf(c.tenant)
	r := store.get(c.id)
	if r == nil && s.settings.IgnoreIDCase {
		for _, other := range store.ordered {
			if strings.EqualFold(other.id, c.id) {
				return other
			}
		}
	}
	return r
}

func (s *state) retrieve(c *call) reply {
	if r := s.find(c); r != nil && !c.hides(r.id) {
		if g := r.at(s.asOf(false)); g != nil {
			return s.settings.groupReply(g)
		}
	}
	return noSuchGroup()
}

func (s *state) update(c *call) reply {
	store := s.storeOf(c.tenant)
	r := s.find(c)
	if r == nil || r.latest() == nil || c.hides(r.id) {
		return noSuchGroup()
	}
	wanted, err := parseBody(c.header.Get("Content-Type"), c.body)
	if err != nil {
		return requestError(err)
	}
	g := r.latest().clone()
	if s.settings.Put == Replace {
		g.Description, g.AvatarURL, g.Contacts, g.ArchivedAt = nil, nil, []Contact{}, time.Time{}
	}
	if err := s.settings.apply(wanted, &g); err != nil {
		return requestError(err)
	}
	if s.settings.UniqueNames && wanted.name.sent && store.nameTaken(g.Name, g.ID) {
		return errorReply(http.StatusConflict, errNameTaken.Error())
	}
	store.write(r, &g, time.Now(), s.settings.Lag)
	c.entry.Committed = true
	return s.settings.writeReply(&g)
}

func (s *state) remove(c *call) reply {
	r, id := s.find(c), c.id
	switch exists := r != nil && r.latest() != nil && !c.hides(r.id); {
	case exists:
		s.storeOf(c.tenant).write(r, nil, time.Now(), s.settings.Lag)
		c.entry.Committed, id = true, r.id
	case s.settings.DeleteUnknown == NotFound:
		return noSuchGroup()
	}
	if s.settings.DeleteReply == WithBody {
		return jsonReply(http.StatusOK, map[string]any{"id": id, "deleted": true})
	}
	return reply{status: http.StatusNoContent, header: http.Header{}}
}

func noSuchGroup() reply { return errorReply(http.StatusNotFound, "no such group") }
