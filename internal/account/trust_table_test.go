// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"slices"
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/internal/simulator"
)

func TestTrustAfterAPass(t *testing.T) {
	for _, c := range []struct {
		name   string
		before Trust
		by     sight
		want   Trust
	}{
		{"nothing owned is nothing to fear", TrustUnjudged, sight{}, TrustProvisional},
		{"nothing owned any more", TrustEarned, sight{}, TrustEarned},
		{"nothing owned heals", TrustLost, sight{}, TrustProvisional},
		{"all that is owned was just written, and is not shown yet", TrustEarned, sight{settling: 2}, TrustEarned},
		{"the same, where none was ever shown", TrustProvisional, sight{settling: 2}, TrustLost},
		{"all shown", TrustUnjudged, sight{owned: 8}, TrustEarned},
		{"all shown again", TrustLost, sight{owned: 8}, TrustEarned},
		{"the only one shown", TrustProvisional, sight{owned: 1}, TrustEarned},
		{"the only one missing, at first", TrustUnjudged, sight{owned: 1, missing: 1}, TrustLost},
		{"the only one missing, after nothing was owned", TrustProvisional, sight{owned: 1, missing: 1}, TrustLost},
		{"the only one missing, later", TrustEarned, sight{owned: 1, missing: 1}, TrustEarned},
		{"the only one missing, still", TrustLost, sight{owned: 1, missing: 1}, TrustLost},
		{"both missing", TrustEarned, sight{owned: 2, missing: 2}, TrustLost},
		{"one of two missing, at first", TrustUnjudged, sight{owned: 2, missing: 1}, TrustEarned},
		{"seven of eight missing", TrustEarned, sight{owned: 8, missing: 7}, TrustEarned},
		{"all eight missing", TrustEarned, sight{owned: 8, missing: 8}, TrustLost},
		{"ten of eleven missing: too few to judge", TrustEarned, sight{owned: 11, missing: 10}, TrustEarned},
		{"eleven of twelve missing", TrustEarned, sight{owned: 12, missing: 11}, TrustLost},
		{"exactly a fifth of 500", TrustEarned, sight{owned: 500, missing: 100}, TrustEarned},
		{"more than a fifth of 500", TrustEarned, sight{owned: 500, missing: 101}, TrustLost},
		{"the same decides at first", TrustUnjudged, sight{owned: 500, missing: 101}, TrustLost},
		{"less than that earns trust", TrustUnjudged, sight{owned: 500, missing: 100}, TrustEarned},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.before.judged(c.by); got != c.want {
				t.Errorf("trust: %d, want %d", got, c.want)
			}
		})
	}
}

func TestTrustAfterOneReplyThatShowsAnOwnedGroup(t *testing.T) {
	for _, c := range []struct {
		name   string
		before Trust
		owned  int
		want   Trust
	}{
		{"nothing has told yet", TrustUnjudged, 0, TrustEarned},
		{"nothing was owned", TrustProvisional, 0, TrustEarned},
		{"earned before", TrustEarned, 5, TrustEarned},
		{"one of many that a pass has missed", TrustLost, 5, TrustLost},
		{"the only one that there is", TrustLost, 1, TrustEarned},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.before.shown(c.owned); got != c.want {
				t.Errorf("trust: %d, want %d", got, c.want)
			}
		})
	}
}

// Fifteen Groups that named one id between them were fifteen disappearances.
func TestAnIDThatManyGroupsNameCountsOnce(t *testing.T) {
	run(t, simulator.Settings{}, func(_ *testing.T, b *bench) {
		ids := b.seed(5)
		b.cluster.own(append(slices.Repeat([]string{"invented"}, 15), ids...)...)
		b.configure()
		b.trusted(true)
	})
}

func TestATimeThatIsStillToComeAcceptsNothing(t *testing.T) {
	run(t, simulator.Settings{}, func(_ *testing.T, b *bench) {
		b.seed(3)
		b.cluster.own("gone-1", "gone-2")
		b.configure()
		b.account.AcceptMissing(time.Now().Add(5 * time.Minute))
		after(10 * time.Minute)
		b.trusted(false)
	})
}
