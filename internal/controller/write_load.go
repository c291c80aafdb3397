// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"math"
	"sync/atomic"
	"time"
)

// writesAtOnce is how many writes to Kubernetes are under way at a time, on average, while there is
// more to do than the API server can. More of them wait there, where nobody knows whose turn it is,
// and keep a person's write waiting; here the namespaces take turns.
const writesAtOnce = 12

// writeLoad knows which part of a pass goes into writes to Kubernetes. Both are taken in when the
// pass ends: what a create has written before a POST that takes its time says nothing alone.
type writeLoad struct {
	writing         atomic.Int64  // nanoseconds, not taken in yet
	written, passed time.Duration // in all, the older the less
}

// wrote notes for how long a pass that ends has waited for writes.
func (l *writeLoad) wrote(took time.Duration) { l.writing.Add(int64(took)) }

// passEnded takes in a pass that took so long.
func (l *writeLoad) passEnded(took time.Duration) {
	decayed := func(d time.Duration) time.Duration { return d - d/64 }
	l.written = decayed(l.written) + time.Duration(l.writing.Swap(0))
	l.passed = decayed(l.passed) + took
}

// workers is how many of so many may work at a time: fewer where the API server is slow, all
// where the time goes into calls of the groups API.
func (l *writeLoad) workers(of int) int {
	if l.written <= 0 {
		return of
	}
	return min(of, max(1, int(math.Round(writesAtOnce*float64(l.passed)/float64(l.written)))))
}
