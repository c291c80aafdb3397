// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

func TestTheFirstListingComesAtOnce(t *testing.T) {
	run(t, simulator.Settings{}, func(t *testing.T, b *bench) {
		b.cluster.own(b.seed(250)...)
		if s := b.account.State(); s.Up || s.Down != 0 || s.Trust != TrustUnjudged {
			t.Errorf("before anything was tried: %+v", s)
		}
		b.configure()
		b.counts(lists(3))
		b.up(true)
		b.trusted(true)
		news := b.cluster.heard()
		if !news.All || !news.Status || len(news.IDs) != 250 {
			t.Errorf("news: all %t, status %t, %d ids", news.All, news.Status, len(news.IDs))
		}
		if s := b.account.State(); s.RemoteGroups != 250 || s.Dialect != klink.DialectCursor || !s.Listed.Equal(time.Now()) {
			t.Errorf("state: %+v", s)
		}
	})
}

func TestAnHourOfQuietIsOneListingPerIntervalAndNothingElse(t *testing.T) {
	run(t, simulator.Settings{}, func(t *testing.T, b *bench) {
		b.cluster.own(b.seed(250)...)
		b.configure()
		b.cluster.heard()
		b.counts(lists(3))
		after(time.Hour)
		b.counts(lists(60 * 3))
		if news := b.cluster.heard(); news.All || news.Status || news.Unbound || len(news.IDs) > 0 {
			t.Errorf("news of nothing: %+v", news)
		}
	})
}

// watched checks that the last look at the account is no older than that.
func (b *bench) watched(most time.Duration) {
	b.t.Helper()
	if age := time.Since(b.account.State().Watched); age < 0 || age > most {
		b.t.Errorf("the last look at the account is %v old, want %v at most", age, most)
	}
}

// A listing that fails while the connection is up looks like a connection in order,
// but for the age of what is known.
func TestTheAgeOfTheLastLookTellsThatListingsFail(t *testing.T) {
	run(t, simulator.Settings{}, func(t *testing.T, b *bench) {
		b.cluster.own(b.seed(3)...)
		begun := time.Now()
		after(time.Minute) // not configured yet
		b.fail(http.StatusInternalServerError, func(f *simulator.Fault) { f.QueryRegexp = "limit=100" })
		b.configure()
		configured := time.Now()
		after(time.Hour)
		b.up(true) // the probes are answered
		if s := b.account.State(); !s.Watched.Equal(configured) || configured.Equal(begun) {
			t.Errorf("no look has succeeded, and yet there was one %v ago", time.Since(s.Watched))
		}
		b.sim.ClearFaults()
		after(time.Minute)
		b.watched(time.Minute)
		b.sim.SetToken("")
		after(time.Hour)
		if age := time.Since(b.account.State().Watched); age < time.Hour {
			t.Errorf("the connection was down for an hour, and the last look is %v old", age)
		}
	})
}

func TestDriftIsFoundByTheNextListing(t *testing.T) {
	run(t, simulator.Settings{}, func(t *testing.T, b *bench) {
		ids := b.seed(3)
		b.cluster.own(ids...)
		b.configure()
		b.cluster.heard()
		b.sim.Mutate(ids[1], func(g *simulator.Group) { g.Name = "Ritz" })
		after(time.Minute)
		if news := b.cluster.heard(); !slices.Equal(news.IDs, ids[1:2]) || news.All {
			t.Errorf("news: %+v, want %s alone", news, ids[1])
		}
		if got := b.account.Lookup(ids[1]).Group.Name; got != "Ritz" {
			t.Errorf("the mirror shows %q", got)
		}
	})
}

func TestWhereGetsAreCheaperTheyReplaceTheListing(t *testing.T) {
	run(t, simulator.Settings{}, func(t *testing.T, b *bench) {
		ids := b.seed(1000) // ten pages
		b.cluster.own(ids[:4]...)
		b.configure()
		b.cluster.heard()
		b.counts(lists(10))
		after(10 * time.Minute)
		b.counts(gets(10 * 4))
		b.watched(time.Minute)
		if s := b.account.State(); time.Since(s.Listed) < 10*time.Minute {
			t.Errorf("gets pass for a listing %v ago", time.Since(s.Listed))
		}

		// Drift is found, and costs no listing.
		b.sim.Mutate(ids[2], func(g *simulator.Group) { g.Name = "Ritz" })
		after(time.Minute)
		if news := b.cluster.heard(); !slices.Equal(news.IDs, ids[2:3]) || news.All {
			t.Errorf("news of drift: %+v", news)
		}
		b.counts(gets(4))

		// So is a loss, once; whether it needs a listing, its Group knows.
		b.sim.Remove(ids[3])
		after(2 * time.Minute)
		if news := b.cluster.heard(); !slices.Equal(news.IDs, ids[3:4]) || news.All {
			t.Errorf("news of a loss: %+v", news)
		}
		b.counts(gets(2 * 4))
		if r := b.account.Lookup(ids[3]); r.Presence != Unlisted || !r.Absent.IsZero() {
			t.Errorf("the lost group: %+v, want it unlisted and nothing proven", r)
		}
		b.cluster.own(ids[:5]...)
		after(time.Minute + 10*time.Second)
		b.counts(lists(10)) // ten pages are no more than twice five
	})
}

func TestAGroupWithoutAnIDIsListedFor(t *testing.T) {
	run(t, simulator.Settings{}, func(_ *testing.T, b *bench) {
		b.cluster.own(b.seed(1000)[:2]...)
		b.configure()
		b.cluster.await(true)
		b.counts(lists(10))
		after(time.Minute + 10*time.Second)
		b.counts(lists(10))
	})
}

func TestAnAccountOfWhichNothingIsOwnedIsOnlyProbed(t *testing.T) {
	run(t, simulator.Settings{}, func(t *testing.T, b *bench) {
		ids := b.seed(3)
		b.cluster.own(ids...)
		b.configure()
		b.sim.SetToken("")
		b.sim.AddToken(simulator.DefaultToken, "foreign")
		after(time.Minute)
		b.trusted(false)
		b.cluster.own()
		b.sim.ResetRequests()
		b.cluster.heard()
		after(time.Minute)
		b.counts(lists(1))
		b.trusted(true) // nothing owned is nothing to fear
		if !b.cluster.heard().All {
			t.Error("nobody is told that groups may be created again")
		}
		b.sim.SetToken("")
		b.sim.RemoveToken(simulator.DefaultToken)
		after(time.Minute)
		b.up(false)
	})
}

func TestAnAwaitedListing(t *testing.T) {
	run(t, simulator.Settings{}, func(t *testing.T, b *bench) {
		b.cluster.own(b.seed(10)...)
		b.configure()
		b.cluster.heard()
		after(10 * time.Second)
		b.counts(lists(1))

		for range 3 { // several who await one share it
			b.account.AwaitListing(time.Now(), "")
			after(50 * time.Millisecond)
		}
		b.account.AwaitListing(time.Now(), "bound")
		after(time.Second)
		news := b.cluster.heard()
		if !news.Unbound || news.All || !slices.Equal(news.IDs, []string{"bound"}) {
			t.Errorf("news: %+v, want all without an id and the one that waited", news)
		}
		b.counts(lists(1))

		// One that is there wakes at once: it came between the look and the question.
		b.account.AwaitListing(time.Now().Add(-5*time.Second), "")
		b.account.AwaitListing(time.Now().Add(-5*time.Second), "bound")
		if news := b.cluster.heard(); !news.Unbound || !slices.Equal(news.IDs, []string{"bound"}) {
			t.Errorf("news: %+v, want both at once", news)
		}
		after(time.Second)
		b.counts(lists(0))

		// One for later comes after its time, beside the regular ones.
		b.account.AwaitListing(time.Now().Add(90*time.Second), "")
		after(89 * time.Second)
		b.counts(lists(1))
		after(2 * time.Second)
		b.counts(lists(1))
		if !b.cluster.heard().Unbound {
			t.Error("nobody is told")
		}
		after(50 * time.Second)
		b.counts(lists(0)) // it stood in for a regular one
	})
}

func TestByPageNumberTwoListingsAreAwaited(t *testing.T) {
	run(t, simulator.Settings{Paging: simulator.Page}, func(t *testing.T, b *bench) {
		b.cluster.own(b.seed(150)...)
		b.configure()
		b.cluster.heard()
		b.counts(lists(2))
		after(time.Second)
		asked := time.Now()
		b.account.AwaitListing(asked, "")
		after(10 * time.Second)
		b.counts(lists(2 * 2))
		if e := b.account.Evidence("any"); !e.Complete || !e.Listed.After(asked) {
			t.Errorf("evidence: %+v, want a proof of absences after %v", e, asked)
		}
	})
}

func TestAnAwaitedListingInAWatchedAccount(t *testing.T) {
	run(t, simulator.Settings{}, func(_ *testing.T, b *bench) {
		b.cluster.own(b.seed(1000)[:4]...)
		b.configure()
		b.counts(lists(10))
		b.account.AwaitListing(time.Now().Add(150*time.Second), "")
		after(149 * time.Second)
		b.counts(gets(2 * 4)) // until its time has come, gets are enough
		after(10 * time.Second)
		b.counts(lists(10))
	})
}

func TestAnAwaitedListingThatFailsIsNotRepeatedInALoop(t *testing.T) {
	run(t, simulator.Settings{}, func(t *testing.T, b *bench) {
		b.cluster.own(b.seed(10)...)
		b.configure()
		after(time.Second)
		b.sim.ResetRequests()
		fault := b.sim.AddFault(simulator.Fault{QueryRegexp: "limit=100", Action: simulator.Status, Status: http.StatusInternalServerError})
		b.account.AwaitListing(time.Now(), "")
		after(time.Hour)
		b.up(true) // the shortest list is answered
		if n := b.calls(); n > 2*75 {
			t.Errorf("%d calls in an hour, want a listing and a probe each minute at most", n)
		}
		fault.Remove()
		b.cluster.heard()
		after(time.Minute)
		if !b.cluster.heard().Unbound {
			t.Error("the listing that was awaited has not come")
		}
	})
}

func TestWatchingTakesAQuarterOfTheRateAndStretchesTheInterval(t *testing.T) {
	run(t, simulator.Settings{}, func(t *testing.T, b *bench) {
		b.cluster.own(b.seed(3000)...) // thirty pages
		b.configure(resync(10*time.Second), func(s *Settings) { s.PerSecond, s.Burst = 4, 4 })
		after(8 * time.Second)
		if got := b.account.State().RemoteGroups; got != 3000 {
			t.Errorf("the first listing shows %d groups after 8 s: it may use all that there is", got)
		}
		after(time.Minute)
		b.sim.ResetRequests()
		after(5 * time.Minute)
		if n := b.calls(); n > 300+1 || n < 285 {
			t.Errorf("%d calls in five minutes, want one each second", n)
		}
		b.up(true)
	})
}

func TestPagesGoOnRightAfterAPause(t *testing.T) {
	run(t, simulator.Settings{}, func(t *testing.T, b *bench) {
		b.cluster.own(b.seed(1000)...)
		b.configure()
		b.sim.AddFault(simulator.Fault{
			Times: 1, Action: simulator.Status, Status: http.StatusTooManyRequests, Headers: map[string]string{"Retry-After": "30"},
		})
		b.cluster.heard()
		b.sim.Mutate("group-0000", func(g *simulator.Group) { g.Name = "Ritz" })
		after(time.Minute)
		b.sim.ResetRequests()
		after(29 * time.Second)
		b.counts(lists(0))
		after(11 * time.Second)
		b.counts(lists(10))
		if news := b.cluster.heard(); len(news.IDs) != 1 {
			t.Errorf("news: %+v", news)
		}
	})
}

func TestAnIncompleteAccount(t *testing.T) {
	run(t, simulator.Settings{Paging: simulator.Incomplete, Order: simulator.OldestFirst}, func(t *testing.T, b *bench) {
		if !b.account.State().Complete {
			t.Error("an account is taken for incomplete before anybody has looked")
		}
		ids := b.seed(150)
		b.cluster.own(ids...)
		b.configure()
		if b.account.State().Complete || b.account.State().Dialect != klink.DialectIncomplete {
			t.Errorf("state: %+v", b.account.State())
		}
		b.trusted(true)
		b.cluster.heard()
		after(time.Minute)
		b.watched(0) // as well as it can be
		// Its Groups read one by one what the mirror lacks.
		if news := b.cluster.heard(); len(news.IDs) != 50 {
			t.Errorf("%d ids are told, want the 50 that no listing shows", len(news.IDs))
		}
		if e := b.account.Evidence("Group 3"); e.Complete || len(e.Named) != 1 {
			t.Errorf("evidence: %+v", e)
		}
	})
}

func TestEvidenceOfSeveralNames(t *testing.T) {
	run(t, simulator.Settings{}, func(t *testing.T, b *bench) {
		b.seed(3)
		b.configure()
		e := b.account.Evidence("Group 1", "Group 2", "Group 9")
		if len(e.Named) != 2 || !e.Mirrored || !e.Complete || !relied(e) || e.Listed.IsZero() {
			t.Errorf("evidence: %+v", e)
		}
		if got := fmt.Sprint(e.Named[0].Name, e.Named[1].Name); got != "Group 1Group 2" {
			t.Errorf("named: %s", got)
		}
	})
}
