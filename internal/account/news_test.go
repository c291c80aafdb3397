// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// Who waits for trust hears when it comes and when it goes, and nobody hears what changes nothing.
func TestWhoHearsOfTrust(t *testing.T) {
	for _, c := range []struct {
		from, to Trust
		want     News
	}{
		{TrustUnjudged, TrustProvisional, News{All: true, Status: true}},
		{TrustProvisional, TrustLost, News{All: true, Status: true}},
		{TrustLost, TrustEarned, News{All: true, Status: true}},
		{TrustProvisional, TrustEarned, News{All: true}},
		{TrustEarned, TrustProvisional, News{}},
		{TrustUnjudged, TrustLost, News{Status: true}},
		{TrustEarned, TrustEarned, News{}},
	} {
		state := trust{level: c.from}
		if diff := cmp.Diff(c.want, state.move(c.to)); diff != "" || state.level != c.to {
			t.Errorf("from %d to %d (-want +got):\n%s", c.from, c.to, diff)
		}
	}
}

// What blocks a connection is told once, and again when it is another thing.
func TestABlockIsNewsOnce(t *testing.T) {
	run(t, simulator.Settings{}, func(t *testing.T, b *bench) {
		for n, message := range []string{"no Secret", "no Secret", "no key"} {
			b.cluster.heard()
			b.account.Block(message, false)
			if told := !cmp.Equal(b.cluster.heard(), News{}); told != (n != 1) {
				t.Errorf("%d. %s: told: %t", n, message, told)
			}
		}
	})
}
