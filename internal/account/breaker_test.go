// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// working is a bench whose account is up, owns ten groups and has just listed them.
func working(t *testing.T, test func(t *testing.T, b *bench, ids []string), edits ...func(*Settings)) {
	t.Helper()
	run(t, simulator.Settings{}, func(t *testing.T, b *bench) {
		ids := b.seed(10)
		b.cluster.own(ids...)
		b.configure(edits...)
		b.up(true)
		after(10 * time.Second)
		b.cluster.heard()
		b.sim.ResetRequests()
		test(t, b, ids)
	})
}

func TestA401TakesTheConnectionDown(t *testing.T) {
	working(t, func(t *testing.T, b *bench, ids []string) {
		b.sim.SetToken("")
		_, err := b.get(ids[1])
		if !isDown(err) || klink.KindOf(err) != klink.KindUnauthorized {
			t.Errorf("the call says %v, want it to say that the connection is down, and why", err)
		}
		if s := b.account.State(); s.Up || s.Down != Unauthorized {
			t.Errorf("state: %+v", s)
		}
		if news := b.cluster.heard(); news.All || !news.Status {
			t.Errorf("news: %+v, want the connection's status alone", news)
		}
		b.counts(gets(1))
		if _, err := b.get(ids[1]); !isDown(err) {
			t.Errorf("the next call says %v", err)
		}
		b.counts(gets(0))
	})
}

func TestThreeCallsInARowWithoutAnAnswerTakeTheConnectionDown(t *testing.T) {
	working(t, func(t *testing.T, b *bench, ids []string) {
		broken := func() {
			t.Helper()
			b.sim.AddFault(simulator.Fault{Action: simulator.Reset, Times: 1})
			if _, err := b.get(ids[1]); klink.KindOf(err) != klink.KindNetwork {
				t.Fatalf("the call says %v", err)
			}
		}
		for range 3 { // an answer in between starts the count again, also one that refuses
			broken()
			broken()
			b.up(true)
			if _, err := b.get("no-such-group"); klink.KindOf(err) != klink.KindNotFound || isDown(err) {
				t.Fatalf("the call says %v", err)
			}
		}
		broken()
		broken()
		b.sim.AddFault(simulator.Fault{Action: simulator.Reset, Times: 1})
		if _, err := b.get(ids[1]); !isDown(err) || klink.KindOf(err) != klink.KindNetwork {
			t.Errorf("the third call says %v", err)
		}
		if s := b.account.State(); s.Up || s.Down != Unavailable {
			t.Errorf("state: %+v", s)
		}
	})
}

func TestOneGroupsOwnTroubleLeavesTheConnectionUp(t *testing.T) {
	for status, kind := range map[int]klink.Kind{
		http.StatusForbidden: klink.KindForbidden, http.StatusBadGateway: klink.KindServer,
		http.StatusProxyAuthRequired: klink.KindIntermediary,
	} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			working(t, func(t *testing.T, b *bench, ids []string) {
				b.fail(status, on(ids[1]))
				for range 3 { // one probe answers for several suspicions
					if err := b.describe(ids[1], "new"); klink.KindOf(err) != kind || isDown(err) {
						t.Errorf("the call says %v", err)
					}
				}
				b.up(true)
				b.counts(map[string]int{"PUT": 3, "GET list": 1})
				after(suspicionHolds)
				if err := b.describe(ids[1], "new"); klink.KindOf(err) != kind {
					t.Errorf("the call says %v", err)
				}
				b.counts(map[string]int{"PUT": 1, "GET list": 1})
				if news := b.cluster.heard(); news.All || news.Status {
					t.Errorf("news: %+v", news)
				}
			})
		})
	}
}

func TestASuspicionThatTheProbeConfirmsTakesTheConnectionDown(t *testing.T) {
	working(t, func(t *testing.T, b *bench, ids []string) {
		b.fail(http.StatusForbidden)
		err := b.describe(ids[1], "new")
		if !isDown(err) || klink.KindOf(err) != klink.KindForbidden {
			t.Errorf("the call says %v, want both that the connection is down and its own refusal", err)
		}
		b.counts(map[string]int{"PUT": 1, "GET list": 1})
		if s := b.account.State(); s.Up || s.Down != Unauthorized {
			t.Errorf("state: %+v", s)
		}
	})
}

func TestACreateThatWasRefusedProvesItAlsoWhenTheConnectionGoesDown(t *testing.T) {
	working(t, func(t *testing.T, b *bench, _ []string) {
		b.sim.SetToken("")
		_, err := b.account.Create(t.Context(), klink.Fields{Name: new("Ritz")})
		if !isDown(err) || !klink.NothingMade(err) {
			t.Errorf("the create says %v, want a proof that nothing was made", err)
		}
	})
}

func TestABrokenPageIsNoOutage(t *testing.T) {
	working(t, func(t *testing.T, b *bench, _ []string) {
		b.fail(http.StatusInternalServerError, func(f *simulator.Fault) { f.QueryRegexp = "limit=100"; f.Times = 2 })
		after(50 * time.Second)
		b.counts(map[string]int{"GET list": 2}) // the listing and a probe
		after(1 * time.Second)
		b.counts(map[string]int{"GET list": 1})
		b.up(true)
		after(2 * time.Second)
		b.counts(map[string]int{"GET list": 1})
		b.fail(http.StatusInternalServerError, func(f *simulator.Fault) { f.QueryRegexp = "limit=100"; f.Times = 1 })
		after(time.Minute)
		b.counts(map[string]int{"GET list": 2})
		after(1 * time.Second) // the waits begin again
		b.counts(map[string]int{"GET list": 1})
		if news := b.cluster.heard(); news.All || news.Status {
			t.Errorf("news: %+v", news)
		}
	})
}

func TestAConnectionThatNeverWorked(t *testing.T) {
	run(t, simulator.Settings{}, func(t *testing.T, b *bench) {
		b.fail(http.StatusNotFound)
		b.configure()
		if s := b.account.State(); s.Up || s.Down != Unavailable || s.Trust != TrustUnjudged {
			t.Errorf("state: %+v", s)
		}
		if err := b.account.Take(changing("uid")); !isDown(err) || err.Error() == "" {
			t.Errorf("a call may start: %v", err)
		}
		b.sim.ClearFaults()
		after(time.Minute)
		b.up(true)
	})
}

func TestACallThatHasNoTokenIsDeferred(t *testing.T) {
	working(t, func(t *testing.T, b *bench, ids []string) {
		for range 20 {
			if _, err := b.get(ids[1]); err != nil {
				t.Fatal(err)
			}
		}
		_, err := b.get(ids[1])
		deferred, ok := errors.AsType[*DeferredError](err)
		if !ok || !deferred.Until.After(time.Now()) || deferred.Paused || deferred.Error() == "" {
			t.Fatalf("the call says %v", err)
		}
		for _, err := range []error{b.describe(ids[1], "new"), b.account.Delete(t.Context(), changing("other"), ids[1])} {
			if _, ok := errors.AsType[*DeferredError](err); !ok {
				t.Errorf("the call says %v", err)
			}
		}
		b.account.Forget("other")
		b.counts(gets(20))
		after(time.Until(deferred.Until))
		if _, err := b.get(ids[1]); err != nil {
			t.Errorf("when its turn has come, the call says %v", err)
		}

		b.fail(http.StatusTooManyRequests, func(f *simulator.Fault) { f.Times = 1; f.Headers = map[string]string{"Retry-After": "30"} })
		after(time.Second)
		if _, err := b.get(ids[1]); klink.KindOf(err) != klink.KindThrottled || isDown(err) {
			t.Fatalf("the call says %v", err)
		}
		_, err = b.get(ids[1])
		if deferred, ok := errors.AsType[*DeferredError](err); !ok || !deferred.Paused || time.Until(deferred.Until) < 29*time.Second {
			t.Errorf("while the API asks for silence, the call says %v", err)
		}
		b.up(true)
	})
}

// After a pause one call is let through, and the others wait for its result.
func TestACallThatIsNotSentKeepsNobodyWaiting(t *testing.T) {
	working(t, func(t *testing.T, b *bench, ids []string) {
		b.fail(http.StatusTooManyRequests, func(f *simulator.Fault) { f.Times = 1; f.Headers = map[string]string{"Retry-After": "5"} })
		if _, err := b.get(ids[1]); klink.KindOf(err) != klink.KindThrottled {
			t.Fatalf("the call says %v", err)
		}
		after(6 * time.Second)
		if _, err := b.get(".."); klink.KindOf(err) != klink.KindRejected {
			t.Fatalf("an id that no path can hold: %v", err)
		}
		after(300 * time.Millisecond)
		if _, err := b.get(ids[1]); err != nil {
			t.Error(err)
		}
	})
}

func TestADryRunSendsNothingButReads(t *testing.T) {
	working(t, func(t *testing.T, b *bench, ids []string) {
		for range 50 { // what is not sent costs no place
			after(100 * time.Millisecond)
			if err := b.describe(ids[1], "new"); klink.KindOf(err) != klink.KindReadOnly {
				t.Fatalf("the call says %v", err)
			}
		}
		b.counts(map[string]int{})
		b.up(true)
		if _, err := b.get(ids[1]); err != nil {
			t.Error(err)
		}
	}, func(s *Settings) { s.ReadOnly = true })
}

func TestABlockedConnectionMakesNoCall(t *testing.T) {
	working(t, func(t *testing.T, b *bench, ids []string) {
		b.account.Block("no Secret", false)
		b.up(true) // a token that still works is kept
		b.account.Block("not allowed", true)
		if s := b.account.State(); s.Up || s.Down != Blocked || s.Message != "not allowed" {
			t.Errorf("state: %+v", s)
		}
		if !b.cluster.heard().All {
			t.Error("its Groups are not told")
		}
		b.account.Block("not allowed", true)
		if b.cluster.heard().All {
			t.Error("its Groups are told again")
		}
		if _, err := b.get(ids[1]); !isDown(err) {
			t.Errorf("a call says %v", err)
		}
		// A create that had its token when the connection was blocked.
		_, err := b.account.Create(t.Context(), klink.Fields{Name: new("Ritz")})
		if !isDown(err) || !klink.NothingMade(err) {
			t.Errorf("the create says %v, want a proof that nothing was made", err)
		}
		after(time.Hour)
		b.counts(map[string]int{})
		b.configure()
		b.up(true)
	})
}

// An API that limits its callers answers: network failures before and after a 429 are no row.
func TestA429EndsARowOfNetworkFailures(t *testing.T) {
	working(t, func(t *testing.T, b *bench, _ []string) {
		judge := func(kind klink.Kind) (up bool) {
			b.account.c.state.Do(func(s *state) {
				s.judge(&klink.Error{Kind: kind}, time.Now())
				up = s.health.up
			})
			return up
		}
		for _, kind := range []klink.Kind{klink.KindNetwork, klink.KindNetwork, klink.KindThrottled, klink.KindNetwork, klink.KindNetwork} {
			if !judge(kind) {
				t.Fatal("the connection is down, and no three calls in a row failed")
			}
		}
		if judge(klink.KindNetwork) {
			t.Error("three calls in a row failed, and the connection is up")
		}
	})
}
