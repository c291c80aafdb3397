// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package manager

import (
	"context"
	"math"
	"os"
	"runtime/debug"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// listingShare is which part of the memory limit the groups of one account may take. While
// a listing is read there are two of them: what the mirror holds, and what is to replace it.
const listingShare = 8

// gcPercent is how much garbage there may be beside what is in use, in percent, where GOGC says
// nothing: with Go's hundred, two listings of a large account took half of the memory limit.
const gcPercent = 50

// freeEvery is how often what is not in use goes back to the system. It costs one more
// collection, a few milliseconds for a thousand Groups. By itself Go keeps half as much
// again as is in use, also where nothing happens for days.
const freeEvery = time.Minute

// KeepMemorySmall has memory collected sooner than Go does by itself, and given back, until ctx ends.
func KeepMemorySmall(ctx context.Context) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	go wait.UntilWithContext(ctx, func(context.Context) { debug.FreeOSMemory() }, freeEvery)
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
