// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package manager

import (
	"math"
	"testing"
	"time"
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

func TestMemoryIsFreedOnceTheWorkIsDone(t *testing.T) {
	t.Parallel()
	const mega = 1 << 20
	begun := time.Now()
	f := freer{freed: begun}
	for _, look := range []struct {
		at        int // seconds
		allocated uint64
		inUse     uint64
		due       bool
	}{
		{2, 10 * mega, 8 * mega, false}, {4, 10 * mega, 8 * mega, false}, // too soon
		{20, 30 * mega, 8 * mega, false},                                  // a listing is being read
		{22, 30 * mega, 8 * mega, true}, {24, 30 * mega, 8 * mega, false}, // once for each
		{58, 33 * mega, 8 * mega, false}, {60, 33 * mega, 8 * mega, false}, // not worth it
		{62, 40 * mega, 8 * mega, false}, {80, 50 * mega, 8 * mega, false}, {82, 60 * mega, 8 * mega, true}, // it never becomes quiet
		{120, 90 * mega, 8 * mega, false}, {122, 90 * mega, 8 * mega, true},
		{142, 100 * mega, 80 * mega, false}, {144, 100 * mega, 80 * mega, false}, // little beside what is in use
		{160, 110 * mega, 80 * mega, false}, {162, 110 * mega, 80 * mega, true},
	} {
		if due := f.due(look.allocated, look.inUse, begun.Add(time.Duration(look.at)*time.Second)); due != look.due {
			t.Errorf("at %d s with %d MiB allocated it is due: %t", look.at, look.allocated/mega, due)
		}
	}
}
