// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/internal/remote"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

var summaries = simulator.Settings{OmitInLists: []string{"description", "avatar_url", "contacts"}}

// declare owns the ids for Groups that declare these fields.
func (c *cluster) declare(fields remote.FieldSet, ids ...string) {
	c.own(ids...)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.declares = map[string]remote.FieldSet{}
	for _, id := range ids {
		c.declares[id] = fields
	}
}

// readAll reads the groups, as their Groups do that find a declared field hidden.
func (b *bench) readAll(ids ...string) {
	b.t.Helper()
	for _, id := range ids {
		if _, err := b.get(id); err != nil {
			b.t.Fatal(err)
		}
	}
}

// Where lists are summaries, a drift of what they leave out was never seen.
func TestADriftThatNoListingShowsIsSeen(t *testing.T) {
	run(t, summaries, func(t *testing.T, b *bench) {
		ids := b.seed(3)
		b.cluster.declare(remote.FieldName|remote.FieldDescription, ids[:2]...)
		b.configure()
		after(time.Second)
		b.counts(lists(1)) // what nobody has read yet is left to its Group
		b.readAll(ids...)
		b.cluster.heard()
		b.sim.ResetRequests()
		b.sim.Mutate(ids[1], func(g *simulator.Group) { g.Description = new("changed") })
		after(time.Minute)
		b.counts(map[string]int{"GET list": 1, "GET one": 2})
		if news := b.cluster.heard(); !slices.Equal(news.IDs, ids[1:2]) {
			t.Errorf("news of %v, want %s", news.IDs, ids[1])
		}
		b.cluster.declare(remote.FieldName, ids...)
		after(time.Minute)
		b.counts(lists(1))
	})
}

// The gets that stand in for what a listing leaves out do not keep the next listing from
// its time, and all groups have their turn.
func TestWhatListingsLeaveOutIsReadInTurns(t *testing.T) {
	run(t, summaries, func(t *testing.T, b *bench) {
		ids := b.seed(9)
		b.cluster.declare(remote.FieldDescription, ids...)
		b.configure()
		after(time.Second)
		b.readAll(ids...)
		b.configure(func(s *Settings) { s.Resync, s.PerSecond, s.Burst = 10*time.Second, 2, 1 })
		after(10 * time.Second)
		b.sim.ResetRequests()
		after(2 * time.Minute)
		read, listed := map[string]int{}, 0
		for _, r := range b.sim.Requests() {
			id, one := strings.CutPrefix(r.Path, simulator.Prefix+"/groups/")
			switch {
			case r.Method != http.MethodGet:
				t.Errorf("%s %s", r.Method, r.Path)
			case one:
				read[id]++
			default:
				listed++
			}
		}
		if counts := slices.Sorted(maps.Values(read)); len(read) != len(ids) || counts[len(counts)-1]-counts[0] > 1 {
			t.Errorf("the groups were read %v times", counts)
		}
		if listed < 6 {
			t.Errorf("%d listings in two minutes, want about twelve", listed)
		}
	})
}
