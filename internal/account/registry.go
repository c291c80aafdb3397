// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

// Key names a connection. Namespace is empty for a ClusterConnection.
type Key struct {
	Kind      string
	Namespace string
	Name      string
}

// String is Kind/namespace/name, the value of the metrics' connection label.
func (k Key) String() string {
	if k.Namespace == "" {
		return k.Kind + "/" + k.Name
	}
	return k.Kind + "/" + k.Namespace + "/" + k.Name
}

// News says which Groups of a connection should be looked at, and whether the
// connection's own status may have changed.
type News struct {
	// All: every Group of the connection (it came up, or lost or gained trust).
	All bool
	// Waiting: those of them that a person waits for. The others wait for the first listing.
	Waiting bool
	// IDs are remote groups that changed, appeared or vanished.
	IDs []string
	// Unbound: Groups without an id may find something new.
	Unbound bool
	// Status: the connection itself changed.
	Status bool
}

// and joins two pieces of news of which only one names ids.
func (n News) and(other News) News {
	n.All, n.Waiting = n.All || other.All, n.Waiting || other.Waiting
	n.Unbound, n.Status = n.Unbound || other.Unbound, n.Status || other.Status
	n.IDs = append(n.IDs, other.IDs...)
	return n
}

// Bindings are what the Groups of a connection are bound to.
type Bindings struct {
	// Owned are the ids.
	Owned []string
	// Declares is, by id, what the Group that owns it declares.
	Declares map[string]remote.FieldSet
	// GivenUp are those of them whose Groups say already that the remote group is
	// missing. They are watched, but that they are missing is no news, and says
	// nothing of the account.
	GivenUp []string
	// Unbound: a Group of the connection has no id yet. What such a Group waits for,
	// only a listing shows.
	Unbound bool
}

// Hooks join the accounts to what lies above them. All are required. An error is
// never taken for "none".
type Hooks struct {
	// Bindings tells what Groups of the connection are bound to. It looks at all of them.
	Bindings func(Key) (Bindings, error)
	// Notify hands over news; it must not block.
	Notify func(Key, News)
	// Observe is told of every HTTP exchange.
	Observe func(Key, klink.Call)
}

// Registry holds the accounts of one manager.
type Registry struct {
	// Claims are shared: two connections may lead to one account.
	Claims *Claims

	hooks Hooks

	mu       sync.Mutex
	accounts map[Key]*Account
	ctx      context.Context // of the pollers; nil until Start
	pollers  sync.WaitGroup
}

// NewRegistry returns an empty registry.
func NewRegistry(hooks Hooks) *Registry {
	return &Registry{hooks: hooks, Claims: NewClaims(), accounts: map[Key]*Account{}}
}

// Start lets the pollers run until ctx ends, and waits for them. Accounts can be
// configured before.
func (r *Registry) Start(ctx context.Context) error {
	r.mu.Lock()
	r.ctx = ctx
	for _, a := range r.inOrder() {
		r.poll(a) //nolint:contextcheck // it uses the context that was just kept
	}
	r.mu.Unlock()
	<-ctx.Done()
	r.mu.Lock()
	r.ctx = nil // no poller is started any more
	r.mu.Unlock()
	r.pollers.Wait()
	return nil
}

// poll starts the poller of an account. r.mu is held.
func (r *Registry) poll(a *Account) {
	ctx, cancel := context.WithCancel(r.ctx)
	a.stop = cancel
	p := &poller{c: a.c}
	r.pollers.Go(func() { p.run(ctx) })
}

// Get returns the account of a connection, or nil.
func (r *Registry) Get(key Key) *Account {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.accounts[key]
}

// All returns every account.
func (r *Registry) All() []*Account {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.inOrder()
}

// inOrder lists the accounts by their keys, so that what happens to all of them
// happens in the same order each time. r.mu is held.
func (r *Registry) inOrder() []*Account {
	return slices.SortedFunc(maps.Values(r.accounts), func(a, b *Account) int {
		return strings.Compare(a.Key().String(), b.Key().String())
	})
}

// Ensure returns the account of a connection, and makes it if need be.
func (r *Registry) Ensure(key Key) *Account {
	r.mu.Lock()
	defer r.mu.Unlock()
	a := r.accounts[key]
	if a == nil {
		a = newAccount(key, r.hooks)
		r.accounts[key] = a
		if r.ctx != nil {
			r.poll(a)
		}
	}
	return a
}

// Remove stops and forgets the account of a connection that is gone.
func (r *Registry) Remove(key Key) {
	r.mu.Lock()
	a := r.accounts[key]
	delete(r.accounts, key)
	r.mu.Unlock()
	if a == nil {
		return
	}
	if a.stop != nil {
		a.stop()
	}
	settings, _ := a.Configured()
	a.close()
	if !r.leadsTo(settings.Endpoint) {
		r.Claims.releaseAll(settings.Endpoint)
	}
}

// leadsTo reports whether a connection is left that leads to an endpoint.
func (r *Registry) leadsTo(endpoint string) bool {
	return slices.ContainsFunc(r.All(), func(a *Account) bool {
		settings, _ := a.Configured()
		return NormalEndpoint(settings.Endpoint) == NormalEndpoint(endpoint)
	})
}
