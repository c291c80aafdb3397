// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"fmt"
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// Each of a hundred deletions awaited a listing when it had its 404, and the account was
// listed after every other one.
func TestOneListingServesAllThatComeToAwaitOne(t *testing.T) {
	run(t, simulator.Settings{}, func(_ *testing.T, b *bench) {
		b.cluster.own(b.seed(10)...)
		b.configure(resync(time.Hour))
		after(10 * time.Second)
		b.counts(lists(1))
		for i := range 30 {
			b.account.AwaitListing(time.Now(), fmt.Sprintf("lost-%d", i))
			after(100 * time.Millisecond)
		}
		b.counts(lists(0))
		after(time.Second)
		b.counts(lists(1))

		// Nobody waits for ever, no matter who else goes on coming.
		for i := range 100 {
			b.account.AwaitListing(time.Now(), fmt.Sprintf("lost-%d", i))
			after(100 * time.Millisecond)
		}
		after(time.Second)
		b.counts(lists(2))
	})
}
