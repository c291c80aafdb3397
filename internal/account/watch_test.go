// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/remote"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// watchedByGets is an account of which four groups are owned, read one by one.
func watchedByGets(t *testing.T, test func(t *testing.T, b *bench, ids []string)) {
	t.Helper()
	run(t, simulator.Settings{}, func(t *testing.T, b *bench) {
		ids := b.seed(1000)
		b.cluster.own(ids[:4]...)
		b.configure()
		after(10 * time.Second)
		b.cluster.heard()
		b.sim.ResetRequests()
		test(t, b, ids)
	})
}

// failsNext has the account not learn what is owned when it asks the second time.
func (c *cluster) failsNext() {
	c.meanwhile(func() {
		c.meanwhile(func() { c.ownedFails(errors.New("the cache is not read")) })
	})
}

// The cache was read as a pass began, and could not be read at its end: what nobody can
// tell was taken for owning nothing, so that a foreign account was trusted.
func TestAPassAtWhoseEndNobodyKnowsWhatIsOwnedJudgesNothing(t *testing.T) {
	run(t, simulator.Settings{}, func(t *testing.T, b *bench) {
		b.seed(3)
		b.cluster.own("hidden-1", "hidden-2")
		b.cluster.failsNext()
		b.configure()
		if s := b.account.State(); s.Trust != TrustUnjudged || s.Looked {
			t.Errorf("state: %+v", s)
		}
		if e := b.account.Evidence("any"); e.Mirrored {
			t.Errorf("evidence: %+v", e)
		}
	})
	watchedByGets(t, func(t *testing.T, b *bench, _ []string) {
		before := b.account.State().Watched
		b.cluster.failsNext()
		after(time.Minute)
		if s := b.account.State(); !s.Watched.Equal(before) {
			t.Errorf("it was watched since, at %s", s.Watched)
		}
	})
}

// Whom nobody can tell what is owned has nothing to ask the API for.
func TestWithoutKnowingWhatIsOwnedNothingIsAsked(t *testing.T) {
	working(t, func(t *testing.T, b *bench, _ []string) {
		b.cluster.ownedFails(errors.New("the cache is not read"))
		after(10 * time.Minute)
		b.counts(map[string]int{})
		b.trusted(true)
		if e := b.account.Evidence("any"); e.Trust != TrustEarned {
			t.Errorf("what was earned is lost: %d", e.Trust)
		}
		b.account.c.state.Do(func(s *state) { s.trust.level = TrustProvisional })
		if e := b.account.Evidence("any"); e.Trust != TrustUnjudged {
			t.Errorf("what rests on owning nothing holds: %d", e.Trust)
		}
	})
}

// A token that the API refuses is refused once, whatever else is to be read.
func TestARefusedTokenEndsAPassOfGets(t *testing.T) {
	for status, up := range map[int]bool{http.StatusUnauthorized: false, http.StatusTooManyRequests: true} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			watchedByGets(t, func(_ *testing.T, b *bench, _ []string) {
				b.fail(status, on("/groups/."), func(f *simulator.Fault) { f.Times = 1 })
				after(50 * time.Second)
				b.counts(gets(1))
				b.up(up)
			})
			run(t, summaries, func(_ *testing.T, b *bench) {
				ids := b.seed(3)
				b.cluster.declare(remote.FieldDescription, ids...)
				b.configure()
				b.readAll(ids...)
				b.sim.ResetRequests()
				b.fail(status, on("/groups/."), func(f *simulator.Fault) { f.Times = 1 })
				after(60 * time.Second)
				b.counts(map[string]int{"GET list": 1, "GET one": 1})
				b.up(up)
			})
		})
	}
}

// The token was changed while the owned groups were read with the one before.
func TestAPassOfGetsEndsWithItsToken(t *testing.T) {
	watchedByGets(t, func(_ *testing.T, b *bench, _ []string) {
		b.sim.Configure(func(s *simulator.Settings) { s.Latency = 5 * time.Second })
		after(52 * time.Second)
		b.sim.AddToken("rotated", simulator.DefaultTenant)
		b.configure(token("rotated"))
		after(55 * time.Second)
		b.counts(map[string]int{"GET one": 1, "GET list": 10})
	})
}

// A group that comes back is news, and so is one that nothing has shown before.
func TestWhatAGetShowsForTheFirstTimeIsNews(t *testing.T) {
	watchedByGets(t, func(t *testing.T, b *bench, ids []string) {
		lost, _ := b.sim.Group(ids[2])
		b.sim.Remove(ids[2])
		after(time.Minute)
		if r := b.peek().mirror.refusals[ids[2]]; r == nil || r.word.IsZero() {
			t.Errorf("the API's own 404 is not known as one: %+v", r)
		}
		b.fail(http.StatusNotFound, on(ids[1]), html)
		after(time.Minute)
		if r := b.peek().mirror.refusals[ids[1]]; r == nil || !r.word.IsZero() {
			t.Errorf("another server's 404 is taken for the API's own: %+v", r)
		}
		b.sim.ClearFaults()
		b.sim.Seed(lost)
		made := b.sim.Seed(simulator.Group{ID: "made-since", Name: "Ritz"})
		b.cluster.own(append(slices.Clone(ids[:4]), made)...)
		b.account.c.state.Do(func(s *state) { s.pages = 100 })
		b.cluster.heard()
		after(time.Minute)
		if news := b.cluster.heard(); !slices.Contains(news.IDs, ids[2]) || !slices.Contains(news.IDs, made) || slices.Contains(news.IDs, ids[3]) {
			t.Errorf("news: %+v", news)
		}
	})
}

// Two of two were deleted by a person, and their Groups say so: nothing else is kept from them.
func TestWhatGroupsGiveUpWhileTheyAreWatchedIsNoDisappearance(t *testing.T) {
	watchedByGets(t, func(_ *testing.T, b *bench, ids []string) {
		b.cluster.own(ids[:2]...)
		b.sim.Remove(ids[0])
		b.sim.Remove(ids[1])
		after(time.Minute)
		b.trusted(false)
		b.cluster.giveUp(ids[:2]...)
		after(2 * time.Minute)
		b.trusted(true)
	})
}

// Only what was shown, and is there still, can have been left out of a list.
func TestWhichGroupsAreReadForWhatListsLeaveOut(t *testing.T) {
	m := newMirror()
	summary := func(id string) klink.Group {
		g := group(id, "")
		g.Unknown = remote.FieldDescription
		return g
	}
	for _, id := range []string{"read", "lost", "plain"} {
		m.read(group(id, "known"), start)
	}
	m.take(listing(time.Minute, summary("read"), summary("lost"), summary("never read"), group("plain", "known")))
	m.take(listing(2*time.Minute, summary("read"), summary("never read"), group("plain", "known")))
	declares := map[string]remote.FieldSet{}
	for _, id := range []string{"read", "lost", "plain", "never read", "never shown"} {
		declares[id] = remote.FieldDescription
	}
	if ids := m.entries.hidden(Bindings{Declares: declares}); !slices.Equal(ids, []string{"read"}) {
		t.Errorf("to be read are %v", ids)
	}
}

// A 404 to what the listing has just shown is left to the next listing.
func TestA404BesideAListingIsNoNews(t *testing.T) {
	run(t, summaries, func(t *testing.T, b *bench) {
		ids := b.seed(3)
		b.cluster.declare(remote.FieldDescription, ids...)
		b.configure()
		b.readAll(ids...)
		b.cluster.heard()
		b.fail(http.StatusNotFound, on(ids[1]))
		after(time.Minute)
		if news := b.cluster.heard(); len(news.IDs) > 0 {
			t.Errorf("news: %+v", news)
		}
		if r := b.account.Lookup(ids[1]); r.Presence != Present || !r.NotFound.IsZero() {
			t.Errorf("the group: %+v", r)
		}
	})
}
