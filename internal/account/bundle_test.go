// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// 300 connections with a caBundle of a quarter of a megabyte each kept 75 megabytes.
func TestTheTextOfACABundleIsNotKept(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	bundle := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	with := func(bundle string) Settings {
		return Settings{Endpoint: endpoint, Token: simulator.DefaultToken, PerSecond: 1, Burst: 1, CABundle: bundle}
	}
	a := newAccount(key, Hooks{})
	if a.Knows(with(bundle)) {
		t.Error("an account that was never configured knows settings")
	}
	for range 2 {
		if err := a.Configure(with(bundle)); err != nil {
			t.Fatal(err)
		}
		if kept, _ := a.Configured(); kept.CABundle != BundleSum(bundle) {
			t.Errorf("%d characters are kept", len(kept.CABundle))
		}
	}
	for other, known := range map[string]bool{bundle: true, BundleSum(bundle): true, "": false, bundle + "\n": false, BundleSum("other"): false} {
		if a.Knows(with(other)) != known {
			t.Errorf("it is %t that %.30q is known", !known, other)
		}
	}
}

func TestABundleSumIsToldFromABundle(t *testing.T) {
	sum := BundleSum("-----BEGIN CERTIFICATE-----")
	if !strings.HasPrefix(sum, sumPrefix) || BundleSum(sum) != sum || BundleSum("") != "" || BundleSum("other") == sum {
		t.Errorf("the sums are %q, %q and %q", sum, BundleSum(sum), BundleSum(""))
	}
	for text, want := range map[string]bool{
		sum: true, "": false, "-----BEGIN CERTIFICATE-----": false, sumPrefix: false, sum[len(sumPrefix):]: false,
		sum[:len(sum)-2]: false, sum + "00": false, sum[:len(sum)-1] + "x": false,
	} {
		if IsBundleSum(text) != want {
			t.Errorf("%q is taken for a sum: %t", text, !want)
		}
	}
}

// closing counts how often idle connections were dropped.
type closing struct {
	http.RoundTripper
	closed int
}

func (c *closing) CloseIdleConnections() { c.closed++ }

// A token that was replaced, or an account that is gone, kept connections open.
func TestIdleConnectionsGoWithTheirClient(t *testing.T) {
	run(t, simulator.Settings{}, func(t *testing.T, b *bench) {
		transport := &closing{RoundTripper: b.sim.Transport()}
		through := func(s *Settings) { s.Transport = transport }
		closed := func(what string, want int) {
			t.Helper()
			if transport.closed != want {
				t.Errorf("after %s they were dropped %d times, want %d", what, transport.closed, want)
			}
		}
		b.configure(through)
		b.configure(through)
		closed("the same settings", 0)
		b.configure(through, token(foreignToken))
		closed("another token", 1)
		b.account.Block("no Secret", false)
		closed("a block that keeps the token", 1)
		b.account.Block("not allowed", true)
		closed("a block that does not", 2)
		b.configure(through)
		b.registry.Remove(key)
		closed("a removal", 3)
	})
}

// What is read is bounded by what the settings allow.
func TestTheSettingsBoundWhatIsKept(t *testing.T) {
	run(t, simulator.Settings{}, func(t *testing.T, b *bench) {
		for _, c := range []struct {
			token     string
			most, got int
		}{{simulator.DefaultToken, 0, mostBulk}, {foreignToken, 1 << 10, 1 << 10}, {simulator.DefaultToken, 0, mostBulk}} {
			b.configure(token(c.token), func(s *Settings) { s.ListingBytes = c.most })
			if most := b.peek().mirror.room.most; most != c.got {
				t.Errorf("with %d bytes in the settings %d are allowed", c.most, most)
			}
		}
	})
}

// The metrics count every exchange, and the rate learns from it.
func TestEveryExchangeIsObserved(t *testing.T) {
	run(t, simulator.Settings{}, func(t *testing.T, b *bench) {
		observed := 0
		b.account.c.hooks.Observe = func(of Key, _ klink.Call) {
			if of == key {
				observed++
			}
		}
		ids := b.seed(3)
		b.configure()
		if _, err := b.get(ids[1]); err != nil {
			t.Fatal(err)
		}
		if observed != b.calls() {
			t.Errorf("%d exchanges are observed", observed)
		}
	})
}
