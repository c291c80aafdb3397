// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// slow is an account with one rate slot in ten seconds, of which the tests take the slots
// themselves.
func slow(t *testing.T, test func(t *testing.T, a *Account)) {
	t.Helper()
	working(t, func(t *testing.T, b *bench, _ []string) {
		b.account.c.state.Do(func(s *state) { s.limit = klink.NewLimiter(0.1, 1) })
		test(t, b.account)
	}, resync(24*time.Hour))
}

// A create that is kept back here has had its rate slot, which others wait for.
func TestACreateThatIsKeptBackGivesItsSlotBack(t *testing.T) {
	for name, keepBack := range map[string]func(*state){
		"no client":        func(s *state) { s.session = nil },
		"no trust":         func(s *state) { s.trust.level = TrustLost },
		"listings fail":    func(s *state) { s.behind = behind{request: "GET /groups: 500"} },
		"it is down again": func(s *state) { s.session, s.health = nil, health{down: Blocked} },
	} {
		t.Run(name, func(t *testing.T) {
			slow(t, func(t *testing.T, a *Account) {
				if err := a.Take(changing("a")); err != nil {
					t.Fatal(err)
				}
				a.c.state.Do(keepBack)
				if _, err := a.Create(t.Context(), klink.Fields{Name: new("Ritz")}); !isDown(err) || !klink.NothingMade(err) {
					t.Errorf("the create says %v", err)
				}
				if _, ok := a.c.limiter().Take(changing("b")); !ok {
					t.Error("its slot is lost")
				}
			})
		})
	}
}

// A call whose connection was blocked since it had its slot is not made either.
func TestACallThatIsKeptBackGivesItsSlotBack(t *testing.T) {
	slow(t, func(t *testing.T, a *Account) {
		a.c.state.Do(func(s *state) { s.session = nil })
		if _, err := a.Get(t.Context(), changing("a"), "any"); !isDown(err) {
			t.Errorf("the call says %v", err)
		}
		if _, ok := a.c.limiter().Take(changing("b")); !ok {
			t.Error("its slot is lost")
		}
	})
}

// A place in the queue that nobody comes back for keeps the others waiting.
func TestAPlaceInTheQueueIsGivenUp(t *testing.T) {
	for how, giveUp := range map[string]func(*Account){
		"by a Group that is gone": func(a *Account) { a.Forget("first") },
		"by one that finds the connection down": func(a *Account) {
			a.c.state.Do(func(s *state) { s.health = health{down: Unavailable} })
			if err := a.Take(changing("first")); !isDown(err) {
				t.Errorf("a call may start: %v", err)
			}
			a.c.state.Do(func(s *state) { s.health = health{up: true} })
		},
	} {
		t.Run(how, func(t *testing.T) {
			slow(t, func(t *testing.T, a *Account) {
				for _, key := range []string{"now", "first", "second"} {
					if err := a.Take(changing(key)); (err == nil) != (key == "now") {
						t.Fatalf("%s: %v", key, err)
					}
				}
				giveUp(a)
				after(10 * time.Second)
				if err := a.Take(changing("second")); err != nil {
					t.Errorf("it waits for one that does not come: %v", err)
				}
			})
		})
	}
}

// A GET and the PUT that it is for take their slots together.
func TestTheCallThatFollowsHasItsSlot(t *testing.T) {
	slow(t, func(t *testing.T, a *Account) {
		a.TakeNext()
		if a.Take(changing("other")) == nil {
			t.Error("another call takes the slot")
		}
	})
}

func TestANewCeilingHoldsAtOnce(t *testing.T) {
	working(t, func(t *testing.T, b *bench, _ []string) {
		b.configure(func(s *Settings) { s.PerSecond = 0.5 })
		if rate := b.account.State().Rate; rate > 0.5 {
			t.Errorf("the rate is %v calls a second", rate)
		}
		b.configure(func(s *Settings) { s.PerSecond, s.Burst = 0.5, 1 })
		if b.account.Take(changing("a")) != nil || b.account.Take(changing("b")) == nil {
			t.Error("a burst of one is none, or two")
		}
	})
}

// What a write did not find is looked for before it is written to again.
func TestAWriteThatFindsNoGroupIsAHint(t *testing.T) {
	remove := func(b *bench, id string) error { return b.account.Delete(b.t.Context(), changing("uid"), id) }
	update := func(b *bench, id string) error { return b.describe(id, "new") }
	for name, c := range map[string]struct {
		call   func(*bench, string) error
		status int
		want   Presence
	}{
		"a PUT":               {update, http.StatusNotFound, Unlisted},
		"a DELETE":            {remove, http.StatusNotFound, Unlisted},
		"a PUT's refusal":     {update, http.StatusUnprocessableEntity, Present},
		"a DELETE's refusal":  {remove, http.StatusConflict, Present},
		"a PUT that is taken": {update, 0, Present},
	} {
		t.Run(name, func(t *testing.T) {
			working(t, func(t *testing.T, b *bench, ids []string) {
				if c.status != 0 {
					b.fail(c.status, on(ids[1]))
				}
				if err := c.call(b, ids[1]); (err != nil) != (c.status != 0) {
					t.Fatalf("the call says %v", err)
				}
				if r := b.account.Lookup(ids[1]); r.Presence != c.want {
					t.Errorf("the group: %+v", r)
				}
			})
		})
	}
}

// Where a listing can say whether a group is gone, a 404 costs no list of its own.
func TestA404IsProbedOnlyWhereNoListingTells(t *testing.T) {
	working(t, func(t *testing.T, b *bench, ids []string) {
		b.sim.Remove(ids[1])
		if _, err := b.get(ids[1]); !klink.Missing(err) {
			t.Fatalf("the call says %v", err)
		}
		b.counts(gets(1))
	})
}

// A reply shows the group as of when it was asked for.
func TestWhatAGetShowsIsAsOldAsTheQuestion(t *testing.T) {
	working(t, func(t *testing.T, b *bench, ids []string) {
		b.sim.Configure(func(s *simulator.Settings) { s.Latency = 5 * time.Second })
		asked := time.Now()
		if _, err := b.get(ids[1]); err != nil {
			t.Fatal(err)
		}
		if r := b.account.Lookup(ids[1]); !r.AsOf.Equal(asked) {
			t.Errorf("it is as of %s after the question", r.AsOf.Sub(asked))
		}
	})
}

// told is the news since it was last called, one by one.
func (c *cluster) told() []News {
	c.mu.Lock()
	defer c.mu.Unlock()
	told := c.news
	c.news = nil
	return told
}

func TestNobodyIsToldOfNothing(t *testing.T) {
	working(t, func(t *testing.T, b *bench, _ []string) {
		after(10 * time.Minute)
		if told := b.cluster.told(); len(told) > 0 {
			t.Errorf("told is %+v", told)
		}
	})
}

// Before the first listing a reply concerns those whom a person waits for: the others have
// the listing to wait for, of which they are told.
func TestAReplyBeforeTheFirstListingConcernsWhomAPersonWaitsFor(t *testing.T) {
	run(t, simulator.Settings{}, func(t *testing.T, b *bench) {
		ids := b.seed(3)
		b.cluster.own(ids...)
		b.sim.AddFault(simulator.Fault{QueryRegexp: "limit=100", Action: simulator.Pass, Delay: 10 * time.Second})
		b.configure()
		b.account.c.state.Do(func(s *state) { s.health.up = true })
		if _, err := b.get(ids[1]); err != nil {
			t.Fatal(err)
		}
		told := b.cluster.told()
		if slices.ContainsFunc(told, func(n News) bool { return n.All }) || !slices.ContainsFunc(told, func(n News) bool { return n.Waiting }) {
			t.Errorf("told is %+v", told)
		}
		b.trusted(true)
		after(20 * time.Second)
		if !b.cluster.heard().All {
			t.Error("nobody else is told of the listing")
		}
	})
}

// What all Groups own is not asked once for each reply.
func TestWhatIsOwnedIsNotAskedForEachReply(t *testing.T) {
	working(t, func(t *testing.T, b *bench, ids []string) {
		asked := false
		b.cluster.meanwhile(func() { asked = true })
		if _, err := b.get(ids[1]); err != nil || asked {
			t.Errorf("it is asked: %t (%v)", asked, err)
		}
	})
}
