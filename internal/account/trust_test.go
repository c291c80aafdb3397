// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// showOtherTenant makes the connection's token that of another tenant, without a
// change of the token: the API has mixed something up.
func (b *bench) showOtherTenant() {
	b.sim.SetToken("")
	b.sim.AddToken(simulator.DefaultToken, "foreign")
}

func (b *bench) showOwnTenant() {
	b.sim.AddToken(simulator.DefaultToken, simulator.DefaultTenant)
}

func (b *bench) createRefused(t *testing.T) {
	t.Helper()
	_, err := b.account.Create(t.Context(), klink.Fields{Name: new("Ritz")})
	if !isDown(err) || !klink.NothingMade(err) {
		t.Errorf("a create on an untrusted connection says %v, want a proof that nothing was made", err)
	}
}

func TestAWrongTenantIsNotTrusted(t *testing.T) {
	for _, n := range []int{1, 2, 8, 500} {
		t.Run(fmt.Sprintf("%d groups", n), func(t *testing.T) {
			run(t, simulator.Settings{}, func(t *testing.T, b *bench) {
				b.sim.Account("foreign").Seed(simulator.Group{Name: "theirs", ArchivedAt: time.Now()})
				b.cluster.own(b.seed(n)...)
				b.configure(token(foreignToken))
				b.trusted(false)
				if s := b.account.State(); s.Trust == TrustUnjudged || s.Missing != n || s.Owned != n || !s.Up {
					t.Errorf("state: %+v", s)
				}
				b.createRefused(t)
				b.sim.ResetRequests()
				b.cluster.heard()
				after(10 * time.Minute)
				b.trusted(false)
				if news := b.cluster.heard(); news.All || news.Status {
					t.Errorf("news of what goes on: %+v", news)
				}

				b.configure()
				after(10 * time.Second)
				b.trusted(true)
				if news := b.cluster.heard(); !news.All || !news.Status {
					t.Errorf("news of the right token: %+v", news)
				}
				if _, err := b.account.Create(t.Context(), klink.Fields{Name: new("Ritz")}); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestTrustIsLostWhenAllVanishAndHealsByItself(t *testing.T) {
	for _, n := range []int{2, 8, 500} {
		t.Run(fmt.Sprintf("%d groups", n), func(t *testing.T) {
			run(t, simulator.Settings{}, func(t *testing.T, b *bench) {
				b.cluster.own(b.seed(n)...)
				b.configure()
				b.trusted(true)
				b.cluster.heard()
				b.showOtherTenant()
				after(time.Minute + 10*time.Second)
				b.trusted(false)
				if news := b.cluster.heard(); !news.Status {
					t.Errorf("news: %+v", news)
				}
				b.showOwnTenant()
				after(time.Minute + 10*time.Second)
				b.trusted(true)
				if news := b.cluster.heard(); !news.All || !news.Status {
					t.Errorf("news: %+v", news)
				}
			})
		})
	}
}

// With one Group, a loss cannot be told from a wrong tenant; what was trusted stays so.
func TestTheOnlyGroupMayGo(t *testing.T) {
	run(t, simulator.Settings{}, func(t *testing.T, b *bench) {
		ids := b.seed(2)
		b.cluster.own(ids[1])
		b.configure()
		b.sim.Remove(ids[1])
		after(time.Minute)
		b.trusted(true)
		if r := b.account.Lookup(ids[1]); r.Presence != Unlisted || r.Absent.IsZero() {
			t.Errorf("the lost group: %+v", r)
		}
	})
}

func TestAFewMayGo(t *testing.T) {
	for _, c := range []struct {
		n, gone int
		trusted bool
	}{{8, 7, true}, {500, 100, true}, {500, 101, false}, {40, 11, false}, {40, 10, true}} {
		t.Run(fmt.Sprintf("%d of %d", c.gone, c.n), func(t *testing.T) {
			run(t, simulator.Settings{}, func(_ *testing.T, b *bench) {
				ids := b.seed(c.n + 1)
				b.cluster.own(ids[1:]...)
				b.configure()
				for _, id := range ids[1 : 1+c.gone] {
					b.sim.Remove(id)
				}
				after(time.Minute + 10*time.Second)
				b.trusted(c.trusted)
			})
		})
	}
}

func TestAcceptMissing(t *testing.T) {
	lost := func(t *testing.T, test func(t *testing.T, b *bench)) {
		t.Helper()
		run(t, simulator.Settings{}, func(t *testing.T, b *bench) {
			ids := b.seed(9)
			b.cluster.own(ids[1:]...)
			b.configure()
			for _, id := range ids[1:] {
				b.sim.Remove(id)
			}
			after(time.Minute)
			b.trusted(false)
			b.cluster.heard()
			test(t, b)
		})
	}
	t.Run("now", func(t *testing.T) {
		lost(t, func(t *testing.T, b *bench) {
			b.account.AcceptMissing(time.Now())
			after(time.Second) // it need not wait for the next listing
			b.trusted(true)
			if s := b.account.State(); s.Missing != 0 || s.Owned != 0 {
				t.Errorf("what was accepted is counted: %+v", s)
			}
			if !b.cluster.heard().All {
				t.Error("its Groups are not told")
			}
			after(time.Hour) // and what was accepted is not held against it later
			b.trusted(true)
			if s := b.account.State(); s.Missing != 0 {
				t.Errorf("state: %+v", s)
			}
		})
	})
	t.Run("given again", func(t *testing.T) {
		lost(t, func(_ *testing.T, b *bench) {
			from := time.Now()
			b.account.AcceptMissing(from)
			after(time.Second)
			b.sim.ResetRequests()
			b.account.AcceptMissing(from)
			after(time.Second)
			b.counts(lists(0))
		})
	})
	t.Run("nine minutes ago", func(t *testing.T) {
		lost(t, func(_ *testing.T, b *bench) {
			b.account.AcceptMissing(time.Now().Add(-9 * time.Minute))
			after(time.Second)
			b.trusted(true)
		})
	})
	t.Run("ten minutes ago", func(t *testing.T) {
		lost(t, func(_ *testing.T, b *bench) {
			b.account.AcceptMissing(time.Now().Add(-10 * time.Minute))
			after(time.Hour)
			b.trusted(false)
		})
	})
	t.Run("in the future", func(t *testing.T) {
		lost(t, func(_ *testing.T, b *bench) {
			b.account.AcceptMissing(time.Now().Add(5 * time.Minute))
			after(4*time.Minute + 59*time.Second)
			b.trusted(false)
		})
	})
	t.Run("of what vanishes later it says nothing", func(t *testing.T) {
		run(t, simulator.Settings{}, func(_ *testing.T, b *bench) {
			b.cluster.own(b.seed(8)...)
			b.configure()
			b.account.AcceptMissing(time.Now())
			after(11 * time.Minute)
			b.showOtherTenant()
			after(time.Minute)
			b.trusted(false)
		})
	})
}

func TestWhatWasGivenUpIsNotCountedAgain(t *testing.T) {
	run(t, simulator.Settings{}, func(t *testing.T, b *bench) {
		ids := b.seed(3)
		b.cluster.own(ids[1:]...)
		b.configure()
		b.sim.Remove(ids[1])
		after(time.Minute)
		b.trusted(true)
		b.account.Gone(ids[1])
		after(time.Minute)
		if s := b.account.State(); s.Missing != 0 || s.Owned != 1 {
			t.Errorf("state: %+v", s)
		}
		b.cluster.own(ids[2])
		after(time.Minute)
		if n := len(b.peek().trust.gone); n != 0 {
			t.Errorf("%d ids that no Group owns are kept", n)
		}
	})
}

// Two Groups are deleted for good; their objects are there a little longer.
func TestOurOwnDeletesAreNoDisappearance(t *testing.T) {
	run(t, simulator.Settings{}, func(t *testing.T, b *bench) {
		ids := b.seed(3)
		b.cluster.own(ids[1:]...)
		b.configure()
		for _, id := range ids[1:] {
			if err := b.account.Delete(t.Context(), changing(id), id); err != nil {
				t.Fatal(err)
			}
		}
		after(5 * time.Minute)
		b.trusted(true)
	})
}

// A watched account, whose GETs lag behind the creation of all that it owns.
func TestTheAPIsLagIsNoDisappearance(t *testing.T) {
	run(t, simulator.Settings{Lag: 45 * time.Second}, func(t *testing.T, b *bench) {
		b.seed(600)
		b.configure(resync(10 * time.Second))
		var ids []string
		for range 2 {
			g, err := b.account.Create(t.Context(), klink.Fields{Name: new("Ritz")})
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, g.ID)
		}
		b.cluster.own(ids...)
		for range 12 {
			after(10 * time.Second)
			b.trusted(true)
			for _, id := range ids {
				if r := b.account.Lookup(id); r.Presence != Present {
					t.Fatalf("a created group: %+v", r)
				}
			}
		}
	})
}

func TestGetsThatTellNothingEarnNoTrust(t *testing.T) {
	for _, status := range []int{http.StatusForbidden, http.StatusInternalServerError, http.StatusBadRequest} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			run(t, simulator.Settings{}, func(t *testing.T, b *bench) {
				ids := b.seed(500)
				b.cluster.own(ids[:2]...)
				b.configure()
				b.showOtherTenant()
				after(time.Minute)
				b.trusted(false)
				b.fail(status, on("/groups/."))
				b.sim.ResetRequests()
				after(5 * time.Minute)
				b.trusted(false)
				b.up(true) // an id that the API calls malformed is no outage either
				if n := b.calls(); n > 5*3 || n < 5*2 {
					t.Errorf("%d calls, want two and at most a probe each minute", n)
				}
			})
		})
	}
}

func TestGetsThatTellNothingLoseNoTrust(t *testing.T) {
	run(t, simulator.Settings{}, func(t *testing.T, b *bench) {
		ids := b.seed(3000)
		b.cluster.own(ids[:14]...)
		b.configure()
		after(10 * time.Second)
		for _, id := range ids[:12] {
			b.fail(http.StatusForbidden, on(id))
		}
		after(time.Minute)
		b.trusted(true)
		if s := b.account.State(); s.Missing != 0 || s.Owned != 2 {
			t.Errorf("state: %+v, want a judgement by the two that were answered", s)
		}
	})
}

func TestAWatchedAccountThatRefusesEverythingGoesDown(t *testing.T) {
	run(t, simulator.Settings{}, func(_ *testing.T, b *bench) {
		b.cluster.own(b.seed(500)[:2]...)
		b.configure()
		b.fail(http.StatusForbidden)
		after(time.Minute)
		b.up(false)
		b.trusted(true)
	})
}

// Two Groups of two, which both say since before a restart that their remote groups
// are gone for good, must not keep the connection from everybody else.
func TestWhatItsGroupsHaveGivenUpIsNoDisappearance(t *testing.T) {
	for name, c := range map[string]struct {
		settings simulator.Settings
		others   int
	}{
		"by listings":             {simulator.Settings{}, 0},
		"by incomplete listings":  {simulator.Settings{Paging: simulator.Incomplete}, 120},
		"by gets of what is left": {simulator.Settings{}, 1200},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, c.settings, func(_ *testing.T, b *bench) {
				b.seed(c.others)
				b.cluster.own("gone-1", "gone-2")
				b.cluster.giveUp("gone-1", "gone-2")
				b.configure()
				after(5 * time.Minute)
				b.trusted(true)
				b.cluster.giveUp("gone-1") // the other one's Group was changed, and wants it back
				after(time.Minute)
				b.trusted(true)
			})
		})
	}
}
