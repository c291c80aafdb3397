// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"net/http"
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

func TestAReplyToTheOldTokenEarnsTheNewOneNothing(t *testing.T) {
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete, http.MethodPost} {
		t.Run(method, func(t *testing.T) {
			run(t, simulator.Settings{}, func(t *testing.T, b *bench) {
				ids := b.seed(5)
				b.cluster.own(ids[1:]...)
				b.configure()
				b.sim.AddFault(simulator.Fault{Method: method, PathRegexp: "/groups", Action: simulator.Pass, Delay: 10 * time.Second, Times: 1})
				done := make(chan error, 1)
				go func() {
					var err error
					switch method {
					case http.MethodGet:
						_, err = b.get(ids[1])
					case http.MethodPut:
						err = b.describe(ids[1], "new")
					case http.MethodDelete:
						err = b.account.Delete(t.Context(), changing("uid"), ids[1])
					case http.MethodPost:
						_, err = b.account.Create(t.Context(), klink.Fields{Name: new("Ritz")})
					}
					done <- err
				}()
				after(time.Second)
				// The new endpoint answers nothing, so that only the late reply could teach.
				b.sim.AddFault(simulator.Fault{Method: http.MethodGet, Action: simulator.Refuse})
				b.configure(token(foreignToken), func(s *Settings) { s.Endpoint = "http://127.0.0.2:1" + simulator.Prefix })
				if err := <-done; err != nil {
					t.Fatalf("the late reply: %v", err)
				}
				b.up(false)
				b.trusted(false)
				if n := len(b.peek().mirror.entries); n != 0 {
					t.Errorf("the mirror of the new endpoint holds %d groups of the old one", n)
				}
			})
		})
	}
}

func TestAnOldTokensRefusalDoesNotTakeTheNewOneDown(t *testing.T) {
	working(t, func(t *testing.T, b *bench, ids []string) {
		b.fail(http.StatusUnauthorized, func(f *simulator.Fault) { f.Method = http.MethodPut; f.Delay = 10 * time.Second })
		done := make(chan error, 1)
		go func() { done <- b.describe(ids[1], "new") }()
		after(time.Second)
		b.sim.AddToken("rotated", simulator.DefaultTenant)
		b.configure(token("rotated"))
		b.up(true)
		if err := <-done; klink.KindOf(err) != klink.KindUnauthorized {
			t.Errorf("the late reply: %v", err)
		}
		b.up(true)
		b.trusted(true)
	})
}

func TestANewTokenKeepsTheMirrorButHasToEarnTrust(t *testing.T) {
	working(t, func(t *testing.T, b *bench, ids []string) {
		b.sim.AddFault(simulator.Fault{Action: simulator.Refuse})
		b.configure(token("rotated"))
		b.trusted(false)
		if s := b.account.State(); s.Trust != TrustUnjudged || s.RemoteGroups != 10 {
			t.Errorf("state: %+v", s)
		}
		if r := b.account.Lookup(ids[1]); r.Presence != Present {
			t.Errorf("the mirror: %+v", r)
		}
		b.createRefused(t)
		b.sim.ClearFaults()
		b.sim.AddToken("rotated", simulator.DefaultTenant)
		after(time.Minute)
		b.trusted(true)
		b.up(true)
	})
}

// A 404 to a token of another tenant, and one listing under the right token that lagged, would
// give a group up that nobody has asked for under the right one.
func TestA404ToTheOldTokenIsNoAnswerToTheNewOne(t *testing.T) {
	working(t, func(t *testing.T, b *bench, ids []string) {
		b.fail(http.StatusNotFound, on(ids[1]))
		_, _ = b.get(ids[1])
		if r := b.account.Lookup(ids[1]); r.NotFound.IsZero() {
			t.Fatalf("the old token's 404 is not known: %+v", r)
		}
		b.sim.ClearFaults()
		b.sim.Remove(ids[1]) // from the lists
		b.sim.AddToken("rotated", simulator.DefaultTenant)
		b.configure(token("rotated"))
		after(time.Minute)
		r := b.account.Lookup(ids[1])
		if r.Presence != Unlisted || r.Absent.IsZero() {
			t.Errorf("the new token's listing: %+v", r)
		}
		if !r.FirstNotFound.IsZero() || !r.NotFoundListed.IsZero() || !r.NotFound.IsZero() || !r.NotFoundTwice.IsZero() {
			t.Errorf("what the old token was answered counts under the new one: %+v", r)
		}
	})
}

func TestANewEndpointForgetsAll(t *testing.T) {
	working(t, func(t *testing.T, b *bench, ids []string) {
		b.fail(http.StatusTooManyRequests, func(f *simulator.Fault) { f.Times = 1; f.Headers = map[string]string{"Retry-After": "900"} })
		after(time.Minute)
		if b.account.State().PausedUntil.IsZero() {
			t.Fatal("the API has not asked for silence")
		}
		fault := b.sim.AddFault(simulator.Fault{Action: simulator.Refuse})
		elsewhere := func(s *Settings) { s.Endpoint = "https://127.0.0.1:2/api/v1" }
		if s := b.account.State(); s.Paused == 0 || s.Paused > time.Minute {
			t.Errorf("it was silent for %v in all", s.Paused)
		}
		b.configure(elsewhere)
		b.watched(0) // a new account
		s := b.account.State()
		if s.Trust.Holds() || s.Trust != TrustUnjudged || s.RemoteGroups != 0 || !s.Listed.IsZero() || s.Dialect != "" || !s.PausedUntil.IsZero() {
			t.Errorf("state: %+v", s)
		}
		if r := b.account.Lookup(ids[1]); r.Presence != Unknown {
			t.Errorf("the mirror: %+v", r)
		}
		if s.Up || s.Down != Unavailable {
			t.Errorf("the new endpoint was not tried at once: %+v", s)
		}
		fault.Remove()
		after(time.Minute)
		b.up(true)
		b.trusted(true)
	})
}

func TestTheSameEndpointInOtherWordsKeepsTheMirror(t *testing.T) {
	working(t, func(t *testing.T, b *bench, ids []string) {
		b.sim.AddFault(simulator.Fault{Action: simulator.Refuse})
		b.configure(func(s *Settings) { s.Endpoint = "HTTP://127.0.0.1:1/api/v1" })
		if r := b.account.Lookup(ids[1]); r.Presence != Present {
			t.Errorf("the mirror: %+v", r)
		}
		b.trusted(false)
	})
}

// An admin of any namespace can change an endpoint to one that is not allowed; when that
// happens between two steps of the poller, the manager must not die of it for all tenants.
func TestAnEndpointRefusedBetweenTwoStepsOfThePollerEndsThePass(t *testing.T) {
	for name, before := range map[string]func(b *bench){
		"a listing is due": func(*bench) {},
		"the connection is down": func(b *bench) {
			b.sim.SetToken("")
			after(time.Minute)
			b.up(false)
		},
		"gets replace the listing": func(b *bench) {
			b.cluster.own(b.seed(301)[1])
			after(time.Minute)
		},
		"nothing was asked yet": nil,
	} {
		t.Run(name, func(t *testing.T) {
			run(t, simulator.Settings{}, func(t *testing.T, b *bench) {
				refuse := func() { b.account.Block("not allowed", true) }
				if before != nil {
					b.configure()
					before(b)
					b.cluster.meanwhile(refuse)
				} else {
					b.cluster.meanwhile(refuse)
					b.configure()
				}
				b.calls()
				after(time.Hour)
				if n := b.calls(); n != 0 {
					t.Errorf("%d calls went to the endpoint that was refused", n)
				}
				b.sim.SetToken(simulator.DefaultToken)
				b.configure()
				b.up(true)
			})
		})
	}
}
