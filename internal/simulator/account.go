// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulator

import (
	"slices"
	"time"
)

// Account is one tenant's groups, as a person sees and edits them: past the API, its faults and its lag.
type Account struct {
	server *Server
	tenant string
}

// Account returns the groups of a tenant, which need not exist before.
func (s *Server) Account(tenant string) Account { return Account{s, tenant} }

// Seed adds a group and returns its id. An empty ID, ConversationID or CreatedAt is filled in. It is visible at
// once, whatever the lag. Seeding an id that exists replaces that group.
func (a Account) Seed(g Group) string {
	s := a.server
	s.mu.Lock()
	defer s.mu.Unlock()
	store := s.state.storeOf(a.tenant)
	g = s.state.complete(g.clone())
	if r := store.records[g.ID]; r != nil {
		store.write(r, &g, time.Now(), s.state.settings.Lag)
		return g.ID
	}
	s.state.sequence++
	store.insert(&g, s.state.sequence, time.Time{})
	return g.ID
}

// Groups returns a copy of the present groups, oldest first.
func (a Account) Groups() []Group {
	a.server.mu.Lock()
	defer a.server.mu.Unlock()
	var groups []Group
	for _, r := range a.server.state.storeOf(a.tenant).ordered {
		if g := r.latest(); g != nil {
			groups = append(groups, g.clone())
		}
	}
	return groups
}

// Group returns a copy of the present group of an id.
func (a Account) Group(id string) (Group, bool) { return a.lookup(id, (*record).latest) }

// Lagging returns a copy of the group of an id as a read that lags sees it.
func (a Account) Lagging(id string) (Group, bool) {
	return a.lookup(id, func(r *record) *Group {
		return r.at(time.Now().Add(-a.server.state.settings.Lag))
	})
}

// lookup chooses the version while the server is locked: a moment taken before it may lie before a write that is at
// work, and what stood before that is forgotten where reads do not lag.
func (a Account) lookup(id string, version func(*record) *Group) (Group, bool) {
	a.server.mu.Lock()
	defer a.server.mu.Unlock()
	if r := a.server.state.storeOf(a.tenant).get(id); r != nil {
		if g := version(r); g != nil {
			return g.clone(), true
		}
	}
	return Group{}, false
}

// Mutate lets edit change the group of an id, as a person would in the web application, and tells whether it exists.
// The id cannot be changed. edit must not call the server.
func (a Account) Mutate(id string, edit func(*Group)) bool {
	return a.replace(id, func(g Group) *Group {
		own := g.ID // which is not always the id that was asked for
		edit(&g)
		g.ID = own
		g.Contacts = distinct(g.Contacts)
		return &g
	})
}

// Remove deletes the group of an id and tells whether it existed.
func (a Account) Remove(id string) bool {
	return a.replace(id, func(Group) *Group { return nil })
}

// replace writes what comes in the place of a group, nil for nothing, and tells whether it existed.
func (a Account) replace(id string, with func(Group) *Group) bool {
	s := a.server
	s.mu.Lock()
	defer s.mu.Unlock()
	store := s.state.storeOf(a.tenant)
	r := store.get(id)
	if r == nil || r.latest() == nil {
		return false
	}
	store.write(r, with(r.latest().clone()), time.Now(), s.state.settings.Lag)
	return true
}

// Seed adds a group to the default tenant; see Account.Seed.
func (s *Server) Seed(g Group) string { return s.Account(DefaultTenant).Seed(g) }

// Groups returns the groups of the default tenant; see Account.Groups.
func (s *Server) Groups() []Group { return s.Account(DefaultTenant).Groups() }

// Group returns a group of the default tenant; see Account.Group.
func (s *Server) Group(id string) (Group, bool) { return s.Account(DefaultTenant).Group(id) }

// Mutate changes a group of the default tenant; see Account.Mutate.
func (s *Server) Mutate(id string, edit func(*Group)) bool {
	return s.Account(DefaultTenant).Mutate(id, edit)
}

// Remove deletes a group of the default tenant; see Account.Remove.
func (s *Server) Remove(id string) bool { return s.Account(DefaultTenant).Remove(id) }

// Tenants returns the tenants that have a token or groups, sorted.
func (s *Server) Tenants() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var tenants []string
	for tenant := range s.state.stores {
		tenants = append(tenants, tenant)
	}
	for _, tenant := range s.state.tokens {
		tenants = append(tenants, tenant)
	}
	slices.Sort(tenants)
	return slices.Compact(tenants)
}

// complete fills in what the server gives a group.
func (s *state) complete(g Group) Group {
	if g.ID == "" {
		g.ID = s.freshID()
	}
	if g.ConversationID == "" {
		g.ConversationID = randomID(s.ids)
	}
	if g.CreatedAt.IsZero() {
		g.CreatedAt = time.Now().Add(s.settings.ClockSkew)
	}
	g.CreatedAt = g.CreatedAt.Truncate(time.Second)
	g.Contacts = distinct(g.Contacts)
	return g
}

// freshID is an id that no tenant has.
func (s *state) freshID() string {
	for {
		id := randomID(s.ids)
		taken := false
		for _, store := range s.stores {
			taken = taken || store.records[id] != nil
		}
		if !taken {
			return id
		}
	}
}
