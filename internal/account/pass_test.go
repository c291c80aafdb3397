// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/remote"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// hiding is an account whose lists hide the one group that is archived.
func hiding(t *testing.T, test func(t *testing.T, b *bench, id string)) {
	t.Helper()
	run(t, simulator.Settings{}, func(t *testing.T, b *bench) {
		ids := b.seed(3)
		b.cluster.own(ids...)
		b.configure()
		b.sim.AddFault(simulator.Fault{QueryRegexp: "limit=100", Action: simulator.Hide, IDs: ids[:1]})
		b.sim.ResetRequests()
		test(t, b, ids[0])
	})
}

// An archived group that no list shows, and that cannot be read, kept every listing from
// being taken in. It is tried twice, and its trouble is then its own.
func TestAnArchivedGroupThatCannotBeReadHoldsNoListingUp(t *testing.T) {
	hiding(t, func(t *testing.T, b *bench, id string) {
		b.fail(http.StatusInternalServerError, on(id))
		after(time.Minute + 500*time.Millisecond)
		if s := b.account.State(); !s.Complete || s.Why != "" || time.Since(s.Listed) < time.Minute {
			t.Errorf("the first time: %+v", s)
		}
		after(10 * time.Second)
		if s := b.account.State(); s.Complete || !strings.Contains(s.Why, id) || time.Since(s.Watched) > 10*time.Second {
			t.Errorf("the second time: %+v", s)
		}
		b.up(true)
		b.trusted(true)
		if r := b.account.Lookup(id); !r.Absent.IsZero() {
			t.Errorf("a group that cannot be read is taken for gone: %+v", r)
		}
		b.sim.ClearFaults()
		after(2 * time.Minute)
		if s := b.account.State(); !s.Complete || s.Why != "" {
			t.Errorf("it can be listed again: %+v", s)
		}
	})
}

func TestAnArchivedGroupThatIsHiddenTellsOfTheConnection(t *testing.T) {
	hiding(t, func(t *testing.T, b *bench, id string) {
		b.fail(http.StatusUnauthorized, on(id))
		after(time.Minute + 500*time.Millisecond)
		if s := b.account.State(); s.Up || s.Down != Unauthorized {
			t.Errorf("state: %+v", s)
		}
	})
	hiding(t, func(t *testing.T, b *bench, id string) { // an outage is no trouble of its own, however often
		b.sim.ClearFaults()
		b.sim.AddFault(simulator.Fault{QueryRegexp: "limit=100", Action: simulator.Hide, IDs: []string{id}})
		b.fail(http.StatusTooManyRequests, on(id), func(f *simulator.Fault) { f.Headers = map[string]string{"Retry-After": "5"} })
		after(5 * time.Minute)
		if s := b.account.State(); !s.Complete || s.Why != "" {
			t.Errorf("state: %+v", s)
		}
	})
}

// What became of an archived group that no list shows any more is read, and known.
func TestAnArchivedGroupThatIsUnlistedIsReadOnce(t *testing.T) {
	hiding(t, func(t *testing.T, b *bench, id string) {
		b.sim.Mutate(id, func(g *simulator.Group) { g.ArchivedAt = time.Time{} })
		after(time.Minute)
		if s := b.account.State(); !s.Complete {
			t.Error("a group that is active by now is taken for hidden since it is archived")
		}
		if b.peek().mirror.entries[id].group.Archived() {
			t.Error("what the read has shown is forgotten")
		}
	})
	for how, c := range map[string]struct {
		edits []func(*simulator.Fault)
		word  bool
	}{"the API's word": {nil, true}, "another server's": {[]func(*simulator.Fault){html}, false}} {
		hiding(t, func(t *testing.T, b *bench, id string) {
			b.fail(http.StatusNotFound, append(c.edits, on(id))...)
			after(time.Minute)
			refused := b.peek().mirror.refusals[id]
			if refused == nil || refused.word.IsZero() == c.word {
				t.Fatalf("%s: %+v", how, refused)
			}
			if s := b.account.State(); !s.Complete {
				t.Errorf("%s: a group that is gone is taken for hidden", how)
			}
		})
	}
}

// Nobody who needs but an answer waits for the last of a hundred pages.
func TestTheFirstPageOfAListingTakesTheConnectionUp(t *testing.T) {
	run(t, simulator.Settings{Latency: 5 * time.Second}, func(_ *testing.T, b *bench) {
		b.seed(500)
		b.configure()
		b.up(false)
		after(6 * time.Second)
		b.up(true)
	})
}

// A first listing that is throttled counts among those that fail, and is tried again soon.
func TestAThrottledFirstListingIsALookThatFailed(t *testing.T) {
	run(t, simulator.Settings{}, func(t *testing.T, b *bench) {
		b.fail(http.StatusTooManyRequests)
		b.configure()
		if n := b.peek().behind.misses; n != 1 {
			t.Errorf("%d looks have failed", n)
		}
	})
}

// Many may come to await a listing that could have begun before: one serves them, too.
func TestAListingOfThePastIsAwaitedTogether(t *testing.T) {
	run(t, simulator.Settings{}, func(t *testing.T, b *bench) {
		b.seed(3)
		b.configure(resync(time.Hour))
		asked := time.Now().Add(time.Second)
		after(time.Minute)
		b.sim.ResetRequests()
		for range 3 {
			b.account.AwaitListing(asked, "")
			after(coalesceDelay / 2)
			b.counts(lists(0))
		}
		after(coalesceDelay)
		b.counts(lists(1))

		// What a person accepts asks for a listing that begins after that, and for none where
		// no listing is young enough.
		wanted := func() time.Time { return b.peek().wanted }
		at := time.Now()
		b.account.c.state.Do(func(s *state) { s.holdOff = at.Add(time.Hour) })
		if b.account.AcceptMissing(at.Add(-acceptWindow)); !wanted().IsZero() {
			t.Errorf("wanted is one after %s", wanted())
		}
		b.account.AwaitListing(at.Add(time.Minute), "")
		if b.account.AcceptMissing(at.Add(-acceptWindow + 1)); !wanted().Equal(at.Add(-acceptWindow + 1)) {
			t.Errorf("wanted is one after %s", wanted())
		}
		if b.account.AcceptMissing(at); !wanted().Equal(at.Add(-acceptWindow + 1)) {
			t.Errorf("the one that was asked for first is not wanted any more, but one after %s", wanted())
		}
	})
}

// What of a listing is the connection's to report.
func TestWhichListingsAreNewsOfTheConnection(t *testing.T) {
	s := unlooked(cameUp)
	n := 0
	take := func(what string, want bool, edit func(*klink.Listing)) {
		t.Helper()
		n++
		l := klink.Listing{Begun: at(time.Duration(n) * time.Minute), Complete: true, Dialect: klink.DialectCursor, Groups: []klink.Group{group("a", "")}}
		edit(&l)
		if news, _ := s.takeIn(l, []string{"a"}); news.Status != want {
			t.Errorf("%s: %+v", what, news)
		}
	}
	same := func(*klink.Listing) {}
	cut := func(l *klink.Listing) { l.Complete, l.Why = false, "too large" }
	take("the first", true, same)
	take("the same", false, same)
	take("another paging", true, func(l *klink.Listing) { l.Dialect = klink.DialectPage })
	take("the one before", true, same)
	take("another size", true, func(l *klink.Listing) { l.Groups = append(l.Groups, group("b", "")) })
	take("the size before", true, same)
	take("an incomplete one", true, cut)
	take("and of another size", false, func(l *klink.Listing) { cut(l); l.Groups = append(l.Groups, group("b", "")) })
	take("a complete one", true, same)
	take("the same once more", false, same)

	// An incomplete one that shows nothing of what is owned is the first listing, too.
	s = unlooked(cameUp)
	l := partial(listing(time.Minute))
	if news, _ := s.takeIn(l, []string{"a"}); !news.All || !news.Status {
		t.Errorf("the first: %+v", news)
	}
}

// What a plan is told of a name, beside the groups that have it.
func TestEvidenceSaysHowOldItIs(t *testing.T) {
	run(t, simulator.Settings{Latency: 3 * time.Second}, func(t *testing.T, b *bench) {
		b.cluster.own("gone")
		b.seed(3)
		b.configure()
		begun := time.Now()
		after(10 * time.Second)
		b.account.c.state.Do(func(s *state) {
			nameless := klink.Group{ID: "nameless", Unknown: remote.FieldName}
			s.mirror.read(nameless, begun)
		})
		e := b.account.Evidence("Group 1")
		if !e.Newest.Equal(begun) || e.ListedFor != 3*time.Second || e.MissingAccepted {
			t.Errorf("evidence: %+v", e)
		}
		if len(e.Named) != 1 || len(e.Unnamed) != 1 || !e.SeenAt[e.Named[0].ID].Equal(begun) || !e.SeenAt["nameless"].Equal(begun) {
			t.Errorf("named %v, unnamed %v, seen at %v", e.Named, e.Unnamed, e.SeenAt)
		}
		b.account.AcceptMissing(time.Now())
		after(10 * time.Second)
		if e := b.account.Evidence("Group 1"); !e.MissingAccepted {
			t.Errorf("what is missing is accepted, and yet: %+v", e)
		}
	})
	none := trust{}
	if none.accepts(time.Time{}) || none.accepts(start) {
		t.Error("who accepts nothing accepts a listing")
	}
}

// Groups that spell their ids in another case say so themselves: they are no disappearance.
func TestIDsInAnotherSpellingAreNoDisappearance(t *testing.T) {
	run(t, simulator.Settings{}, func(_ *testing.T, b *bench) {
		b.seed(3)
		b.cluster.own("GROUP-0001", "Group-0002")
		b.configure()
		b.trusted(true)
	})
}

// An account that is made while the manager runs is polled, and the manager's end waits for
// what is under way.
func TestTheEndWaitsForThePollers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := simulator.New(simulator.Options{Seed: 1})
		defer sim.Close()
		release := make(chan struct{})
		r := NewRegistry(Hooks{
			Bindings: func(Key) (Bindings, error) { <-release; return Bindings{}, nil }, Notify: func(Key, News) {}, Observe: func(Key, klink.Call) {},
		})
		ctx, cancel := context.WithCancel(t.Context())
		ended := false
		go func() { _ = r.Start(ctx); ended = true }()
		synctest.Wait()
		b := &bench{t: t, sim: sim, registry: r, account: r.Ensure(key)}
		b.configure() // and its poller asks what is owned
		cancel()
		synctest.Wait()
		if ended {
			t.Error("the end comes before that of a poller")
		}
		close(release)
		synctest.Wait()
		if !ended {
			t.Error("the end does not come")
		}
	})
}

// A token that was replaced while a pass waited for its turn is not sent any more.
func TestAPassThatWaitsForItsTurnEndsWithItsToken(t *testing.T) {
	rotate := func(b *bench) {
		b.account.c.state.Do(func(s *state) { s.limit = klink.NewLimiter(0.1, 1) })
		after(time.Minute)
		b.sim.AddToken("rotated", simulator.DefaultTenant)
		b.configure(token("rotated"))
	}
	hiding(t, func(_ *testing.T, b *bench, _ string) { // it waits to read what the list hides
		rotate(b)
		b.counts(lists(1))
	})
	working(t, func(_ *testing.T, b *bench, _ []string) { // it waits to probe an account of which nothing is owned
		b.cluster.own()
		b.account.c.state.Do(func(s *state) { s.limit = klink.NewLimiter(0.1, 1) })
		after(45 * time.Second)
		if err := b.account.Take(changing("other")); err != nil {
			b.t.Fatal(err)
		}
		after(6 * time.Second)
		b.sim.AddToken("rotated", simulator.DefaultTenant)
		b.configure(token("rotated"))
		b.counts(map[string]int{})
	})
}
