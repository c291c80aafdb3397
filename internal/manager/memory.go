// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package manager

import (
	"context"
	"math"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// listingShare is which part of the memory limit the groups of one account may take. While
// a listing is read there are two of them: what the mirror holds, and what is to replace it.
const listingShare = 8

// gcPercent is how much garbage there may be beside what is in use, in percent, where GOGC says
// nothing: with Go's hundred, two listings of a large account took half of the memory limit.
const gcPercent = 50

// What is not in use goes back to the system once the work that needed it is done, such as a
// listing: by itself Go keeps half as much again as is in use, also where nothing happens for
// days. It costs one more collection, a few milliseconds for a thousand Groups.
const (
	lookEvery = 2 * time.Second
	// At most so often, and at least, where it never becomes quiet.
	freeSoonest, freeLatest = 20 * time.Second, time.Minute
	// So much that was allocated in all is worth it, and not less than this part of what is in
	// use: a collection costs as much as there is to look at. So little since the last look is quiet.
	worthBytes, worthPart, quietBytes = 4 << 20, 4, 256 << 10
)

// KeepMemorySmall has memory collected sooner than Go does by itself, and given back, until ctx ends.
func KeepMemorySmall(ctx context.Context) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	f := freer{freed: time.Now()}
	go wait.UntilWithContext(ctx, func(context.Context) {
		sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}, {Name: "/gc/heap/live:bytes"}}
		metrics.Read(sample)
		if f.due(sample[0].Value.Uint64(), sample[1].Value.Uint64(), time.Now()) {
			debug.FreeOSMemory()
		}
	}, lookEvery)
}

// freer knows what was allocated, in all, at the last look, and when memory was freed.
type freer struct {
	seen, atFreed uint64
	freed         time.Time
}

// due reports whether memory is to be freed now, when so much was allocated in all, and so much was
// in use when it was last collected.
func (f *freer) due(allocated, inUse uint64, now time.Time) bool {
	quiet := allocated-f.seen < quietBytes
	f.seen = allocated
	since := now.Sub(f.freed)
	if allocated-f.atFreed < max(worthBytes, inUse/worthPart) || since < freeSoonest || !quiet && since < freeLatest {
		return false
	}
	f.atFreed, f.freed = allocated, now
	return true
}

// memoryLimit is what GOMEMLIMIT, or debug.SetMemoryLimit, lets this process take.
func memoryLimit() int64 { return debug.SetMemoryLimit(-1) }

// listingBytes is what the groups of one account may take; 0 leaves it to the default,
// where no limit is set.
func listingBytes(limit int64) int {
	if limit <= 0 || limit == math.MaxInt64 {
		return 0
	}
	return int(limit / listingShare)
}
