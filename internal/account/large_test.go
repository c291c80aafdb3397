// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// A large and honest account took all the memory of a manager that serves others too.
func TestAnAccountThatTakesMoreThanItsShareIsSaidToBeIncomplete(t *testing.T) {
	run(t, simulator.Settings{}, func(t *testing.T, b *bench) {
		ids := b.seed(300)
		b.cluster.own(ids[0], ids[299])
		b.configure(func(s *Settings) { s.ListingBytes = 100 << 10 })
		after(10 * time.Second)
		s := b.account.State()
		if s.Complete || s.Why == "" {
			t.Errorf("complete %t, because %q", s.Complete, s.Why)
		}
		if held := len(b.peek().mirror.entries); held == 0 || held >= 290 {
			t.Errorf("%d groups are held", held)
		}
		b.trusted(true)
	})
}
