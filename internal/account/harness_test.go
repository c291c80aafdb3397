// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/remote"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	endpoint     = "http://127.0.0.1:1" + simulator.Prefix
	foreignToken = "token-of-another-tenant"
)

var key = Key{Kind: "ClusterConnection", Name: "default"}

// bench is an account that polls a simulator in virtual time. It configures the account,
// calls it, and checks what it shows and what it has asked of the simulator.
type bench struct {
	t        *testing.T
	sim      *simulator.Server
	registry *Registry
	account  *Account
	cluster  cluster
}

// cluster is what the account asks of the Groups, and what they hear of it. It touches
// neither the account nor the simulator.
type cluster struct {
	mu       sync.Mutex
	owned    []string
	ownedErr error
	givenUp  []string
	unbound  bool
	declares map[string]remote.FieldSet
	news     []News
	asked    func() // called, once, when the account asks what is owned
}

// run calls test in a bubble, on an account that is not configured yet; then all
// ends, and nothing may be left running.
func run(t *testing.T, settings simulator.Settings, test func(t *testing.T, b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := &bench{t: t, sim: simulator.New(simulator.Options{Seed: 1, Settings: settings})}
		defer b.sim.Close()
		b.sim.AddToken(foreignToken, "foreign")
		b.registry = NewRegistry(Hooks{
			Bindings: func(Key) (Bindings, error) { return b.cluster.bindings() },
			Notify:   func(_ Key, n News) { b.cluster.hear(n) },
			Observe:  func(Key, klink.Call) {},
		})
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = b.registry.Start(ctx) })
		defer running.Wait()
		defer cancel()
		b.account = b.registry.Ensure(key)
		test(t, b)
	})
}

// bindings answers the account.
func (c *cluster) bindings() (Bindings, error) {
	c.interrupt()
	c.mu.Lock()
	defer c.mu.Unlock()
	return Bindings{Owned: slices.Clone(c.owned), GivenUp: slices.Clone(c.givenUp), Unbound: c.unbound, Declares: maps.Clone(c.declares)}, c.ownedErr
}

func (c *cluster) hear(n News) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.news = append(c.news, n)
}

// settings are those of the default tenant.
func (b *bench) settings(edits ...func(*Settings)) Settings {
	s := Settings{
		Endpoint: endpoint, Token: simulator.DefaultToken, UserAgent: "klink-operator/test",
		Resync: time.Minute, PerSecond: 10, Burst: 20, Transport: b.sim.Transport(),
	}
	for _, edit := range edits {
		edit(&s)
	}
	return s
}

func token(token string) func(*Settings)     { return func(s *Settings) { s.Token = token } }
func resync(d time.Duration) func(*Settings) { return func(s *Settings) { s.Resync = d } }

// configure sets the account up and lets it look once.
func (b *bench) configure(edits ...func(*Settings)) {
	b.t.Helper()
	if err := b.account.Configure(b.settings(edits...)); err != nil {
		b.t.Fatal(err)
	}
	synctest.Wait()
}

// seed adds n groups, one of them archived so that a plain listing is known to
// show those too, and returns their ids.
func (b *bench) seed(n int) []string {
	ids := make([]string, 0, n)
	for i := range n {
		g := simulator.Group{ID: fmt.Sprintf("group-%04d", i), Name: fmt.Sprintf("Group %d", i)}
		if i == 0 {
			g.ArchivedAt = time.Now()
		}
		ids = append(ids, b.sim.Seed(g))
	}
	return ids
}

func (c *cluster) own(ids ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.owned = ids
}

// interrupt lets something happen between two steps of the poller.
func (c *cluster) interrupt() {
	c.mu.Lock()
	asked := c.asked
	c.asked = nil
	c.mu.Unlock()
	if asked != nil {
		asked()
	}
}

// meanwhile has something happen when the account next asks what is owned.
func (c *cluster) meanwhile(do func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = do
}

// ownedFails has the account learn an error when it asks what is owned.
func (c *cluster) ownedFails(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ownedErr = err
}

// giveUp says which of the owned ids their Groups report as missing.
func (c *cluster) giveUp(ids ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.givenUp = ids
}

// await says whether a Group waits for an id.
func (c *cluster) await(unbound bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unbound = unbound
}

func after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// heard returns the news since it was last called.
func (c *cluster) heard() News {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all News
	for _, n := range c.news {
		all.All, all.Unbound, all.Status = all.All || n.All, all.Unbound || n.Unbound, all.Status || n.Status
		all.IDs = append(all.IDs, n.IDs...)
	}
	c.news = nil
	return all
}

// peek returns a copy of the state, for what is not told.
func (b *bench) peek() (shown state) {
	b.account.c.state.Do(func(s *state) { shown = *s })
	return shown
}

// counts checks how many calls came since the last time; the rest must be none.
func (b *bench) counts(want map[string]int) {
	b.t.Helper()
	got := b.sim.Counts()
	b.sim.ResetRequests()
	for kind, n := range want {
		if n == 0 {
			delete(want, kind)
		}
	}
	if !maps.Equal(got, want) {
		b.t.Errorf("calls: %v, want %v", got, want)
	}
}

func lists(n int) map[string]int { return map[string]int{"GET list": n} }
func gets(n int) map[string]int  { return map[string]int{"GET one": n} }

// calls is the number of all calls since the last time.
func (b *bench) calls() int {
	n := len(b.sim.Requests())
	b.sim.ResetRequests()
	return n
}

func (b *bench) up(want bool) {
	b.t.Helper()
	if s := b.account.State(); s.Up != want {
		b.t.Errorf("up: %t (%d: %s), want %t", s.Up, s.Down, s.Message, want)
	}
}

func (b *bench) trusted(want bool) {
	b.t.Helper()
	if s := b.account.State(); s.Trust.Holds() != want {
		b.t.Errorf("trusted: %t (%d of %d missing), want %t", s.Trust.Holds(), s.Missing, s.Owned, want)
	}
}

// changing is a caller that changes a bound group.
func changing(key string) klink.Caller { return klink.Caller{Key: key, Class: klink.ClassChange} }

func (b *bench) get(id string) (klink.Group, error) {
	return b.account.Get(b.t.Context(), changing("uid"), id)
}

func (b *bench) create() (klink.Group, error) {
	return b.account.Create(b.t.Context(), klink.Fields{Name: new("Ritz")})
}

func (b *bench) describe(id, text string) error {
	_, err := b.account.Update(b.t.Context(), changing("uid"), id, klink.Fields{Description: &text})
	return err
}

func (b *bench) fail(status int, edits ...func(*simulator.Fault)) {
	f := simulator.Fault{Action: simulator.Status, Status: status}
	for _, edit := range edits {
		edit(&f)
	}
	b.sim.AddFault(f)
}

func on(path string) func(*simulator.Fault) {
	return func(f *simulator.Fault) { f.PathRegexp = path }
}
