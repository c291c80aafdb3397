// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/internal/simulator"
)

func TestWhileItIsDownOneProbeIsMadePerIntervalOrMinute(t *testing.T) {
	for _, c := range []struct {
		name   string
		resync time.Duration
		want   int
	}{
		{"ten seconds", 10 * time.Second, 360},
		{"a minute", time.Minute, 60},
		{"a day", 24 * time.Hour, 60},
	} {
		for how, outage := range map[string]func(*bench){
			"401": func(b *bench) { b.sim.SetToken("") },
			"403": func(b *bench) { b.fail(http.StatusForbidden) },
			"500": func(b *bench) { b.fail(http.StatusInternalServerError) },
			"broken network": func(b *bench) {
				b.sim.AddFault(simulator.Fault{Action: simulator.Refuse})
			},
			"another server": func(b *bench) { b.sim.AddFault(simulator.Fault{Action: simulator.Garbage}) },
		} {
			t.Run(c.name+", "+how, func(t *testing.T) {
				working(t, func(t *testing.T, b *bench, ids []string) {
					outage(b)
					for range netFailures {
						if err := b.describe(ids[1], "new"); err == nil {
							t.Fatal("the call says that all is well")
						}
					}
					after(time.Minute)
					if how == "another server" && c.resync > time.Hour {
						return // a Group's own trouble, until the next listing
					}
					b.up(false)
					b.sim.ResetRequests()
					b.cluster.heard()
					after(time.Hour)
					b.counts(lists(c.want))
					if news := b.cluster.heard(); news.All || news.Status || len(news.IDs) > 0 {
						t.Errorf("news of an outage that goes on: %+v", news)
					}

					b.sim.ClearFaults()
					b.sim.SetToken(simulator.DefaultToken)
					after(min(c.resync, time.Minute))
					b.up(true)
					b.trusted(true)
					if news := b.cluster.heard(); !news.All || !news.Status {
						t.Errorf("news of its end: %+v, want all", news)
					}
				}, resync(c.resync))
			})
		}
	}
}

// An API that took four seconds to fail was probed twice within an interval: the next probe
// was counted from the beginning of the listing before.
func TestASlowAPIInTroubleIsNotProbedTheSooner(t *testing.T) {
	const interval = 10 * time.Second
	working(t, func(t *testing.T, b *bench, _ []string) {
		b.fail(http.StatusInternalServerError, func(f *simulator.Fault) { f.Delay = 4 * time.Second })
		after(5 * time.Minute)
		b.up(false)
		probes := slices.DeleteFunc(b.sim.Requests(), func(r simulator.Request) bool { return r.Query != "limit=1" })
		if len(probes) < 10 {
			t.Errorf("%d probes within five minutes", len(probes))
		}
		for i, r := range probes[1:] {
			if apart := r.Time.Sub(probes[i].Time); apart < interval {
				t.Errorf("two probes within %v, at an interval of %v", apart, interval)
			}
		}
	}, resync(interval))
}

func TestAPausedConnectionThatIsDownIsNotProbed(t *testing.T) {
	working(t, func(t *testing.T, b *bench, _ []string) {
		b.sim.AddFault(simulator.Fault{Action: simulator.Refuse, Times: 3})
		after(time.Minute)
		b.up(false)
		b.fail(http.StatusTooManyRequests, func(f *simulator.Fault) { f.Times = 1; f.Headers = map[string]string{"Retry-After": "600"} })
		after(time.Minute)
		if s := b.account.State(); s.Up || s.PausedUntil.IsZero() {
			t.Fatalf("state: %+v, want a pause of a connection that is down", s)
		}
		b.sim.ResetRequests()
		after(8 * time.Minute)
		b.counts(lists(0))
		after(3 * time.Minute)
		b.up(true)
	})
}
