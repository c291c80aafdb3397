// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/internal/simulator"
)

func wholeLists(f *simulator.Fault) { f.QueryRegexp = "limit=100" }

// The first listing always failed while a list of one was answered: a day later neither
// the connection nor any Group had said so.
func TestAFirstListingThatFailsIsSaidWithinHalfAMinute(t *testing.T) {
	run(t, simulator.Settings{}, func(t *testing.T, b *bench) {
		b.cluster.own(b.seed(3)...)
		b.fail(http.StatusInternalServerError, wholeLists)
		b.configure()
		after(30 * time.Second)
		b.up(true)
		if s := b.account.State(); !strings.Contains(s.Behind, "500") || !b.cluster.heard().Status {
			t.Errorf("nothing is said of it: %+v", s)
		}
		after(24 * time.Hour)
		if s := b.account.State(); s.Behind == "" {
			t.Error("it is not said any more")
		}
		b.sim.ClearFaults()
		b.cluster.heard()
		after(2 * time.Minute)
		if s := b.account.State(); s.Behind != "" || !b.cluster.heard().Status {
			t.Errorf("it is still said: %+v", s)
		}
	})
}

// After one good listing the connection stayed Connected and trusted for good, and
// creates were decided on a mirror as old as that.
func TestListingsThatFailForThreeIntervalsAreSaidAndNothingIsCreated(t *testing.T) {
	working(t, func(t *testing.T, b *bench, ids []string) {
		b.fail(http.StatusInternalServerError, wholeLists)
		after(2 * time.Minute)
		if s := b.account.State(); s.Behind != "" {
			t.Errorf("one failure is said at once: %+v", s)
		}
		after(3 * time.Minute)
		b.up(true)
		b.trusted(true)
		if s := b.account.State(); !strings.Contains(s.Behind, "GET /groups") {
			t.Errorf("nothing is said of it: %+v", s)
		}
		b.createRefused(t)
		if err := b.describe(ids[1], "bound Groups go on"); err != nil {
			t.Error(err)
		}
		b.sim.ClearFaults()
		after(2 * time.Minute)
		if s := b.account.State(); s.Behind != "" {
			t.Errorf("it is still said: %+v", s)
		}
		if _, err := b.create(); err != nil {
			t.Error(err)
		}
	})
}

// It was said when the next listing failed, which may be a minute later.
func TestListingsThatFailAreSaidAtThreeIntervalsAndNotAtTheNextFailure(t *testing.T) {
	working(t, func(t *testing.T, b *bench, _ []string) {
		b.fail(http.StatusInternalServerError, wholeLists)
		for range 6 * 60 {
			after(time.Second)
			s := b.account.State()
			if late := time.Since(s.Watched) > behindIntervals*time.Minute; late != (s.Behind != "") {
				t.Fatalf("%s after the last listing it says %q", time.Since(s.Watched), s.Behind)
			}
		}
	})
}

// A listing that failed as an outage began was said to fail still once the API was back.
func TestAnOutageIsNotTakenForAListingThatFails(t *testing.T) {
	working(t, func(t *testing.T, b *bench, _ []string) {
		b.fail(http.StatusInternalServerError, wholeLists)
		for b.account.State().Watched.Add(time.Minute + 500*time.Millisecond).After(time.Now()) {
			after(100 * time.Millisecond)
		}
		b.sim.ClearFaults()
		outage := b.sim.AddFault(simulator.Fault{Action: simulator.Reset})
		after(10 * time.Minute)
		b.up(false)
		b.sim.AddFault(simulator.Fault{QueryRegexp: "limit=100", Action: simulator.Pass, Delay: 5 * time.Second})
		outage.Remove()
		for !b.account.State().Up {
			after(100 * time.Millisecond)
		}
		if s := b.account.State(); s.Behind != "" {
			t.Errorf("the connection came up, and says %q", s.Behind)
		}
	})
}

// A day of 429 without Retry-After was a day of Connected.
func TestNothingButThrottlingForAnIntervalIsSaid(t *testing.T) {
	working(t, func(t *testing.T, b *bench, _ []string) {
		b.fail(http.StatusTooManyRequests)
		after(time.Minute) // until the next listing is refused
		b.cluster.heard()
		after(5 * time.Minute)
		if s := b.account.State(); !s.OnlyThrottled || !s.Up || !b.cluster.heard().Status {
			t.Errorf("nothing is said of it: %+v", s)
		}
		b.sim.ClearFaults()
		after(20 * time.Minute)
		if s := b.account.State(); s.OnlyThrottled || !b.cluster.heard().Status {
			t.Errorf("it is still said: %+v", s)
		}
	})
}
