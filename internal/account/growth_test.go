// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// After a day of groups that came and went, the mirror of an account of 19 groups held
// 1,011 of them, and the dead stayed candidates for an adoption by name.
func TestAnAccountThatCannotBeListedCompletelyKeepsNoDeadGroups(t *testing.T) {
	run(t, simulator.Settings{Paging: simulator.Incomplete}, func(t *testing.T, b *bench) {
		ids := b.seed(19)
		ids = append(ids, b.seedMore(100)...) // more than a list shows
		b.cluster.own(ids[1])
		b.cluster.await(true)
		b.configure()
		for n := range 100 {
			id := b.sim.Seed(simulator.Group{ID: fmt.Sprintf("passing-%03d", n), Name: "Passing"})
			after(time.Minute)
			b.sim.Remove(id)
		}
		after(SettleTime + time.Minute)
		if named := b.account.Evidence("Passing").Named; len(named) != 0 {
			t.Errorf("%d groups that are gone are candidates", len(named))
		}
		after(5 * time.Minute)
		if n := len(b.peek().mirror.entries); n > len(ids) {
			t.Errorf("the mirror holds %d groups of %d", n, len(ids))
		}
	})
}

func TestAGroupThatAnIncompleteListingLacksIsACandidateForTheSettleTime(t *testing.T) {
	m := newMirror()
	l := listing(0, group("a", ""))
	l.Complete = false
	m.take(l)
	later := listing(time.Minute)
	later.Complete = false
	m.take(later)
	if len(m.named("Plaza Hotel", at(time.Minute))) != 1 {
		t.Error("one incomplete listing takes it for gone")
	}
	if len(m.named("Plaza Hotel", at(SettleTime))) != 0 {
		t.Error("it stays a candidate, though nothing shows it")
	}
}

// seedMore adds groups beside those of seed.
func (b *bench) seedMore(n int) (ids []string) {
	for i := range n {
		ids = append(ids, b.sim.Seed(simulator.Group{ID: fmt.Sprintf("more-%04d", i), Name: fmt.Sprintf("More %d", i)}))
	}
	return ids
}

func TestNothingIsLeftAnHourAfterAllIsDeleted(t *testing.T) {
	for name, settings := range map[string]simulator.Settings{
		"listed by cursor": {}, "listed by page number": {Paging: simulator.Page}, "not listed completely": {Paging: simulator.Incomplete},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, settings, func(t *testing.T, b *bench) {
				claims := b.registry.Claims
				ids := append(b.seed(20), b.seedMore(120)...)
				b.cluster.own(ids...)
				b.configure()
				made, err := b.account.Create(t.Context(), klink.Fields{Name: new("Ritz")})
				if err != nil {
					t.Fatal(err)
				}
				claims.Made(endpoint, made.ID, "uid")
				claims.Claim(endpoint, made.ID, "uid")
				b.account.AwaitListing(time.Now(), ids[3])
				if err := b.account.Delete(t.Context(), changing("uid"), made.ID); err != nil {
					t.Fatal(err)
				}
				for _, id := range ids {
					b.sim.Remove(id)
				}
				after(time.Minute)
				_, _ = b.get(ids[2]) // a 404
				b.cluster.own()
				claims.Gone("uid")
				after(time.Hour + 2*time.Minute)
				s := b.peek()
				for what, n := range map[string]int{
					"entries": len(s.mirror.entries), "names": len(s.mirror.names), "lacked": len(s.mirror.listings.lacked),
					"refusals": len(s.mirror.refusals), "gone": len(s.trust.gone), "waiting": len(s.waiting),
					"owners": len(claims.owners), "creates": len(claims.creates), "made": len(claims.made),
				} {
					if n != 0 {
						t.Errorf("%d %s are left", n, what)
					}
				}
			})
		})
	}
}

func TestWhatWasMadeInAWatchedAccountIsForgottenWhenNobodyOwnsIt(t *testing.T) {
	run(t, simulator.Settings{}, func(t *testing.T, b *bench) {
		b.cluster.own(b.seed(501)[1])
		b.configure()
		after(2 * time.Minute) // gets replace the listing from here
		for range 10 {
			made, err := b.account.Create(t.Context(), klink.Fields{Name: new("Ritz")})
			if err != nil {
				t.Fatal(err)
			}
			b.sim.Remove(made.ID)
		}
		after(time.Hour + 2*time.Minute)
		if n := len(b.peek().mirror.entries); n > 501 {
			t.Errorf("the mirror holds %d groups of 501", n)
		}
	})
}

func TestAGroupIsRememberedAsMadeForAnotherForAnHourAfterThatOneIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewClaims()
		c.Made(endpoint, "id", "a")
		time.Sleep(24 * time.Hour)
		if !c.MadeForOther(endpoint, "id", "b") {
			t.Error("it is forgotten while its Group lives")
		}
		c.SeenGone("a")
		time.Sleep(30 * time.Minute)
		c.Gone("a") // it is settled what becomes of it
		time.Sleep(30*time.Minute - time.Second)
		if !c.MadeForOther(endpoint, "id", "b") {
			t.Error("it is forgotten within the hour")
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if c.MadeForOther(endpoint, "id", "b") {
			t.Error("it is remembered for longer than the hour")
		}
		if len(c.made) != 0 {
			t.Error("it is kept for good")
		}
	})
}

// The Groups of a connection that was removed by force would own their ids for ever.
func TestClaimsGoWithTheLastConnectionOfTheirAccount(t *testing.T) {
	working(t, func(t *testing.T, b *bench, ids []string) {
		claims := b.registry.Claims
		other := b.registry.Ensure(Key{Kind: "Connection", Namespace: "ns", Name: "same account"})
		if err := other.Configure(b.settings()); err != nil {
			t.Fatal(err)
		}
		claims.Claim(endpoint, ids[1], "uid")
		claims.Claim("http://127.0.0.2:1/api/v1", ids[1], "uid")
		b.registry.Remove(key)
		if claims.Owner(endpoint, ids[1]) != "uid" {
			t.Error("a claim is gone while a connection to its account is left")
		}
		b.registry.Remove(other.Key())
		if claims.Owner(endpoint, ids[1]) != "" || claims.Owner("http://127.0.0.2:1/api/v1", ids[1]) != "uid" {
			t.Errorf("claims left: %v", claims.owners)
		}
	})
}

// Each Group is looked at once after a restart, before the first listing is there. That
// all which Groups own was asked for each of them made it N² of N Groups.
func TestWhatIsOwnedIsNotAskedForEachGroupAfterARestart(t *testing.T) {
	run(t, simulator.Settings{Latency: time.Second}, func(t *testing.T, b *bench) {
		ids := b.seed(300)
		b.cluster.own(ids...)
		b.configure() // and the first page is not there yet
		var asked atomic.Bool
		b.cluster.meanwhile(func() { asked.Store(true) })
		for range ids {
			if level := b.account.Evidence("any").Trust; level != TrustUnjudged {
				t.Fatalf("trusted (%d) before anything was shown", level)
			}
		}
		if asked.Load() {
			t.Error("it is asked what Groups own before anything was shown")
		}
		after(10 * time.Second)
		b.trusted(true)
	})
}

// The same holds for a new token, which proves what it shows and nothing else.
func TestANewTokenAsksNothingForEachGroupEither(t *testing.T) {
	run(t, simulator.Settings{}, func(t *testing.T, b *bench) {
		b.cluster.own(b.seed(30)...)
		b.configure()
		b.trusted(true)
		b.sim.Configure(func(s *simulator.Settings) { s.Latency = time.Second })
		b.configure(token(foreignToken))
		var asked atomic.Bool
		b.cluster.meanwhile(func() { asked.Store(true) })
		if level := b.account.Evidence("any").Trust; level != TrustUnjudged || asked.Load() {
			t.Errorf("trust %d, asked: %t", level, asked.Load())
		}
	})
}
