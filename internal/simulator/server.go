// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulator

import (
	"math/rand/v2"
	"sync"
	"time"
)

const (
	// Prefix is the path of the API; an endpoint is a server's URL followed by it.
	Prefix     = "/api/v1"
	groupsPath = Prefix + "/groups"

	// DefaultTenant is the tenant of Options.Token.
	DefaultTenant = "default"
	// DefaultToken is what Options.Token is when empty. It protects nothing and is no secret.
	DefaultToken = "simulator-token"

	// maxBody is the largest request body, in bytes; more is answered with 413.
	maxBody = 4 << 20
)

// Options are what a Server starts with.
type Options struct {
	// Token is the bearer token of the default tenant; empty is DefaultToken.
	Token string
	// Seed makes ids and faults of some probability repeatable; 0 is unguessable.
	Seed uint64
	// Settings are the first settings. Invalid ones make New panic.
	Settings Settings
	// OnRequest, if set, is told of each request once its reply is known. It must not call the server.
	OnRequest func(Request)
}

// Server is the stand-in API, an http.Handler. All its methods may be called at any time from anywhere.
type Server struct {
	onRequest func(Request)
	initial   Settings
	first     string // token of the default tenant
	done      chan struct{}

	mu    sync.Mutex
	state state
}

// state is what the Server's lock guards. Its methods are called with that lock held.
type state struct {
	closed      bool
	settings    Settings
	tokens      map[string]string // to tenants
	stores      map[string]*store // by tenant
	sequence    uint64
	ids, chance *rand.Rand
	buckets     map[string]*bucket // by tenant
	faults      []*FaultHandle
	faultsAdded int
	late        map[*time.Timer]struct{}
	requests    []*Request
	counts      map[string]int
}

// New makes a server without groups.
func New(o Options) *Server {
	orDefault(&o.Token, DefaultToken)
	s := &Server{
		onRequest: o.OnRequest,
		initial:   o.Settings.withDefaults(),
		first:     o.Token,
		done:      make(chan struct{}),
		state: state{
			settings: o.Settings.withDefaults(),
			tokens:   map[string]string{o.Token: DefaultTenant},
			stores:   map[string]*store{},
			ids:      newRandom(o.Seed),
			chance:   newRandom(o.Seed),
			buckets:  map[string]*bucket{},
			late:     map[*time.Timer]struct{}{},
			counts:   map[string]int{},
		},
	}
	if err := s.state.settings.Validate(); err != nil {
		panic("simulator: " + err.Error())
	}
	return s
}

// Close ends all waiting: what hangs is broken, what is late never happens. Requests are answered with 503 from then on.
func (s *Server) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state.closed {
		return
	}
	s.state.closed = true
	close(s.done)
	s.state.forgetLate()
}

func (s *state) forgetLate() {
	for timer := range s.late {
		timer.Stop()
	}
	clear(s.late)
}

// Settings returns a copy of the present settings.
func (s *Server) Settings() Settings {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.settings.withDefaults()
}

// Configure lets edit change the settings. Invalid ones panic. edit must not call the server.
func (s *Server) Configure(edit func(*Settings)) {
	if err := s.tryConfigure(func(settings *Settings) error { edit(settings); return nil }); err != nil {
		panic("simulator: " + err.Error())
	}
}

// tryConfigure changes all or nothing.
func (s *Server) tryConfigure(edit func(*Settings) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	changed := s.state.settings.withDefaults()
	if err := edit(&changed); err != nil {
		return err
	}
	changed = changed.withDefaults()
	if err := changed.Validate(); err != nil {
		return err
	}
	s.state.settings = changed
	return nil
}

// Reset goes back to the first settings and the first token, without groups, faults or requests, also those still to
// come. The tokens of other tenants stay.
func (s *Server) Reset() {
	s.SetToken(s.first)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.settings = s.initial.withDefaults()
	s.state.endFaults(func(*FaultHandle) bool { return true })
	s.state.requests = nil
	s.state.forgetLate()
	clear(s.state.stores)
	clear(s.state.buckets)
	clear(s.state.counts)
}

// SetToken makes token the only one of the default tenant; empty revokes it.
func (s *Server) SetToken(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for old, tenant := range s.state.tokens {
		if tenant == DefaultTenant {
			delete(s.state.tokens, old)
		}
	}
	if token != "" {
		s.state.tokens[token] = DefaultTenant
	}
}

// AddToken gives a tenant one more token. A token has one tenant: the last that it was given to.
func (s *Server) AddToken(token, tenant string) {
	if token == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.tokens[token] = tenant
}

// RemoveToken revokes a token.
func (s *Server) RemoveToken(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.state.tokens, token)
}

// storeOf returns a tenant's groups.
func (s *state) storeOf(tenant string) *store {
	if s.stores[tenant] == nil {
		s.stores[tenant] = newStore()
	}
	return s.stores[tenant]
}
