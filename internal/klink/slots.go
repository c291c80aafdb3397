// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"math"
	"time"
)

// refund puts a rate slot back.
func (l *Limiter) refund(class Class) {
	l.slots++
	if class == ClassWatch {
		l.watchSlots++
	}
	l.trim()
}

func (l *Limiter) refill(now time.Time) {
	elapsed := now.Sub(l.refilled).Seconds()
	l.slots += elapsed * l.pace.rate
	l.watchSlots += elapsed * l.pace.rate * watchShare
	l.refilled = now
	l.trim()
}

// trim keeps the rate slots below the burst, and at one while paused or probing: what was
// saved up meanwhile must not hit an API that has just come back.
func (l *Limiter) trim() {
	limit, watchLimit := l.burst, math.Max(1, l.burst*watchShare)
	if l.pace.cautious(l.refilled) {
		limit = math.Min(limit, cautiousBurst)
	}
	if l.pause.single() {
		limit, watchLimit = 1, 1
	}
	for _, t := range l.called {
		limit--
		if t.Class == ClassWatch {
			watchLimit--
		}
	}
	l.slots = math.Min(math.Max(0, limit), l.slots)
	l.watchSlots = math.Min(math.Max(0, watchLimit), l.watchSlots)
}
