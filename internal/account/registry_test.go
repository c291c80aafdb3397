// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

func TestWritesShowInTheMirrorAtOnce(t *testing.T) {
	run(t, simulator.Settings{Lag: 30 * time.Second}, func(t *testing.T, b *bench) {
		ids := b.seed(3)
		b.cluster.own(ids...)
		b.configure(resync(10 * time.Second))
		b.cluster.heard()
		if err := b.describe(ids[1], "ours"); err != nil {
			t.Fatal(err)
		}
		made, err := b.account.Create(t.Context(), klink.Fields{Name: new("Ritz")})
		if err != nil {
			t.Fatal(err)
		}
		if err := b.account.Delete(t.Context(), changing("uid"), ids[2]); err != nil {
			t.Fatal(err)
		}
		b.cluster.own(ids[:2]...)
		for range 12 { // the API's lists show the old for a while: that is no news
			if got := b.account.Lookup(ids[1]).Group.Description; got != "ours" {
				t.Fatalf("the mirror shows %q", got)
			}
			if r := b.account.Lookup(made.ID); r.Presence != Present {
				t.Fatalf("the created group: %+v", r)
			}
			if r := b.account.Lookup(ids[2]); r.Presence != Unlisted {
				t.Fatalf("the deleted group: %+v", r)
			}
			after(10 * time.Second)
		}
		if news := b.cluster.heard(); len(news.IDs) != 0 {
			t.Errorf("news of our own writes: %+v", news)
		}
		if g, err := b.get(ids[1]); err != nil || g.Description != "ours" {
			t.Errorf("a GET shows %+v (%v)", g, err)
		}
	})
}

func TestSettingsThatNeedNoNewClient(t *testing.T) {
	working(t, func(t *testing.T, b *bench, _ []string) {
		if got, ok := b.account.Configured(); !ok || got.Resync != time.Minute || b.account.Key() != key {
			t.Errorf("configured: %+v, %t", got, ok)
		}
		session := b.peek().session
		b.configure()
		b.counts(lists(0)) // nothing has changed
		b.configure(resync(20*time.Second), func(s *Settings) { s.PerSecond, s.Burst = 1, 1 })
		b.trusted(true)
		if b.peek().session != session {
			t.Error("there is a new client")
		}
		after(time.Minute)
		b.counts(lists(3))
	})
}

func TestTheFingerprintIsOfEndpointAndToken(t *testing.T) {
	working(t, func(t *testing.T, b *bench, _ []string) {
		before := b.account.Fingerprint("salt")
		b.configure(resync(time.Hour), func(s *Settings) { s.Endpoint = "HTTP://127.0.0.1:1/api/v1" })
		if got := b.account.Fingerprint("salt"); got != before {
			t.Errorf("it changes with what is neither: %s, %s", before, got)
		}
		seen := map[string]bool{before: true, b.account.Fingerprint("pepper"): true}
		b.configure(token(foreignToken))
		seen[b.account.Fingerprint("salt")] = true
		b.configure(func(s *Settings) { s.Endpoint = "http://127.0.0.2:1/api/v1" })
		seen[b.account.Fingerprint("salt")] = true
		if len(seen) != 4 {
			t.Errorf("four combinations have the fingerprints %v", seen)
		}
	})
}

func TestSettingsThatCannotWorkChangeNothing(t *testing.T) {
	working(t, func(t *testing.T, b *bench, ids []string) {
		for _, edit := range []func(*Settings){token(""), func(s *Settings) { s.Endpoint = "no endpoint" }} {
			if err := b.account.Configure(b.settings(edit)); err == nil {
				t.Error("they are accepted")
			}
		}
		b.trusted(true)
		if _, err := b.get(ids[1]); err != nil {
			t.Error(err)
		}
	})
}

func TestARemovedAccountPollsNoMore(t *testing.T) {
	working(t, func(t *testing.T, b *bench, _ []string) {
		if got := b.registry.All(); len(got) != 1 || got[0] != b.account || b.registry.Get(key) != b.account || b.registry.Ensure(key) != b.account {
			t.Errorf("accounts: %v", got)
		}
		b.registry.Remove(key)
		b.registry.Remove(key)
		after(time.Hour)
		b.counts(lists(0))
		if b.registry.Get(key) != nil || len(b.registry.All()) != 0 {
			t.Error("it is still there")
		}
	})
}

func TestAListingIsCutShortByARemoval(t *testing.T) {
	run(t, simulator.Settings{Latency: 5 * time.Second}, func(_ *testing.T, b *bench) {
		b.seed(500)
		b.configure()
		after(7 * time.Second)
		b.registry.Remove(key)
		b.sim.ResetRequests()
		after(time.Hour)
		b.counts(lists(0))
	})
}

func TestAListingWithTheOldTokenIsGivenUp(t *testing.T) {
	run(t, simulator.Settings{Latency: 5 * time.Second}, func(t *testing.T, b *bench) {
		b.seed(500)
		b.configure()
		after(7 * time.Second)
		b.sim.AddToken("rotated", simulator.DefaultTenant)
		b.configure(token("rotated"))
		b.sim.ResetRequests()
		after(3*time.Second + 5*5*time.Second) // the page under way, and all of the new listing
		b.counts(lists(5))
		if got := b.account.State().RemoteGroups; got != 500 {
			t.Errorf("the new listing shows %d groups", got)
		}
	})
}

func TestAnAccountConfiguredBeforeTheStartIsPolledAfterIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := simulator.New(simulator.Options{Seed: 1})
		defer sim.Close()
		r := NewRegistry(Hooks{
			Bindings: func(Key) (Bindings, error) { return Bindings{}, nil }, Notify: func(Key, News) {}, Observe: func(Key, klink.Call) {},
		})
		b := &bench{t: t, sim: sim, registry: r, account: r.Ensure(key)}
		b.configure()
		after(time.Hour)
		b.counts(lists(0))
		r.Remove(Key{Kind: "Connection", Namespace: "ns", Name: "never polled"})

		stopped := make(chan error)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { stopped <- r.Start(ctx) }()
		after(time.Second)
		b.up(true)
		cancel()
		if err := <-stopped; err != nil {
			t.Error(err)
		}
		// What comes after the end starts nothing; goleak and the bubble would tell.
		other := r.Ensure(Key{Kind: "Connection", Namespace: "ns", Name: "late"})
		if other.stop != nil {
			t.Error("a poller was started after the end")
		}
		if err := other.Configure(b.settings()); err != nil {
			t.Error(err)
		}
		b.sim.ResetRequests()
		after(time.Hour)
		b.counts(lists(0))
	})
}

func TestKeysReadAsTheMetricsLabel(t *testing.T) {
	for want, k := range map[string]Key{
		"ClusterConnection/default": key,
		"Connection/ns/default":     {Kind: "Connection", Namespace: "ns", Name: "default"},
	} {
		if got := k.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestSettingsArePrintedWithoutTheToken(t *testing.T) {
	settings := Settings{Endpoint: "https://api.klink.cloud/api/v1", Token: "tok-5f0e1c"}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		a := newAccount(Key{Kind: "ClusterConnection", Name: "api.klink.cloud"}, Hooks{})
		a.c.state.Do(func(s *state) { s.settings = settings })
		for _, value := range []any{settings, &settings, struct{ S Settings }{settings}, a, struct{ A *Account }{a}} {
			text := fmt.Sprintf(verb, value)
			if !strings.Contains(text, "api.klink.cloud") || strings.Contains(text, settings.Token) || strings.Contains(text, "746f6b2d") {
				t.Errorf("%s prints %s", verb, text)
			}
		}
	}
}
