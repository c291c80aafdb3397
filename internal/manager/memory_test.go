// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package manager

import (
	"math"
	"testing"
)

func TestAnAccountTakesAShareOfTheMemoryLimit(t *testing.T) {
	t.Parallel()
	for limit, want := range map[int64]int{
		460 << 20: 460 << 17, // as it is shipped
		4 << 30:   512 << 20,
		0:         0, math.MaxInt64: 0, // without a limit the default holds
	} {
		if got := listingBytes(limit); got != want {
			t.Errorf("of %d bytes an account takes %d, want %d", limit, got, want)
		}
	}
}
