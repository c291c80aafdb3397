// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// Retry-After pauses the whole connection; then one call probes, and nothing was saved up.
func TestAPauseEndsWithOneProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(10, 20)
		for i := range 5 {
			take(t, l, fmt.Sprint(i), ClassChange)
		}
		for range 5 { // one burst: one lesson
			l.Done(throttled(30 * time.Second))
		}
		if !l.PausedUntil().Equal(time.Now().Add(30 * time.Second)) {
			t.Errorf("paused until %v", l.PausedUntil())
		}
		var woken [2]atomic.Bool
		for i, key := range []string{"a", "b"} {
			l.Take(Caller{Key: key, Class: ClassDrift, Wake: func() { woken[i].Store(true) }})
		}
		time.Sleep(30*time.Second - time.Millisecond)
		if woken[0].Load() || woken[1].Load() {
			t.Error("somebody is woken in the pause")
		}
		time.Sleep(2 * time.Millisecond)
		if !l.PausedUntil().IsZero() || !woken[0].Load() || woken[1].Load() {
			t.Errorf("after the pause (until %v) it wakes a: %t, b: %t", l.PausedUntil(), woken[0].Load(), woken[1].Load())
		}
		wait(t, l, "c", ClassDrift) // those in the queue first
		take(t, l, "a", ClassDrift)
		time.Sleep(5 * time.Second)
		wait(t, l, "b", ClassDrift) // however long the probe takes
		wait(t, l, "change", ClassChange)
		l.Done(nil)
		take(t, l, "change", ClassChange)
		wait(t, l, "b", ClassDrift) // and nothing was saved up
		time.Sleep(300 * time.Millisecond)
		take(t, l, "b", ClassDrift)
	})
}

// Those whose turn had come when the pause began wait in their order.
func TestAPauseKeepsTheOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(10, 5)
		empty(l)
		c := newCrowd(l)
		for i := range 4 {
			l.Take(Caller{Key: fmt.Sprint(i), Namespace: fmt.Sprint(i % 2), Wake: func() {}})
		}
		time.Sleep(350 * time.Millisecond) // three were called
		take(t, l, "0", ClassChange)
		l.Done(throttled(10 * time.Second))
		for _, i := range []int{3, 2, 1} {
			c.come(fmt.Sprint(i), fmt.Sprint(i%2), ClassChange)
		}
		if served := c.served(); len(served) > 0 {
			t.Errorf("called before the pause, %v start in it", served)
		}
		time.Sleep(time.Minute)
		checkServed(t, c.served(), []string{"1", "2", "3"})
	})
}

// However many calls are told to wait, a second of silence is one second.
func TestPausesAreTotalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(10, 20)
		check := func(want time.Duration) {
			t.Helper()
			if got := l.Paused(); got != want {
				t.Errorf("paused for %v in all, not %v", got, want)
			}
		}
		check(0)
		for i := range 5 {
			take(t, l, fmt.Sprint(i), ClassChange)
		}
		for range 4 {
			l.Done(throttled(30 * time.Second))
		}
		check(0)
		time.Sleep(10 * time.Second)
		check(10 * time.Second)
		l.Done(throttled(40 * time.Second)) // it goes on, and is longer
		time.Sleep(time.Minute)
		check(50 * time.Second)
		take(t, l, "a", ClassChange)
		l.Done(nil)
		time.Sleep(time.Hour)
		check(50 * time.Second)
		take(t, l, "a", ClassChange)
		l.Done(&Error{Kind: KindThrottled, Until: time.Now().Add(-time.Minute)}) // a date gone by
		check(50 * time.Second)
		take(t, l, "a", ClassChange)
		l.Done(throttled(5 * time.Second))
		time.Sleep(time.Minute)
		check(55 * time.Second)
	})
}

func TestPausesWithoutRetryAfterGrow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(10, 1)
		for i, seconds := range []int{1, 2, 4, 8, 16, 32, 60, 60} {
			time.Sleep(10 * time.Second) // so that there is a rate slot at the lowest rate too
			take(t, l, "a", ClassChange)
			l.Done(throttled(0))
			if got := time.Until(l.PausedUntil()); got != time.Duration(seconds)*time.Second {
				t.Errorf("429 number %d: a pause of %v, want %d s", i+1, got, seconds)
			}
			time.Sleep(time.Until(l.PausedUntil()))
		}
		time.Sleep(10 * time.Second)
		take(t, l, "a", ClassChange)
		l.Done(nil)
		time.Sleep(10 * time.Second)
		take(t, l, "a", ClassChange)
		l.Done(throttled(0))
		if got := time.Until(l.PausedUntil()); got != time.Second {
			t.Errorf("after an answer the pauses begin again at a second, but this one takes %v", got)
		}
	})
}

func TestAProbeWithoutAnswer(t *testing.T) {
	paused := func(t *testing.T) *Limiter {
		l := NewLimiter(10, 20)
		take(t, l, "a", ClassChange)
		l.Done(throttled(time.Minute))
		time.Sleep(time.Minute)
		take(t, l, "probe", ClassChange)
		wait(t, l, "b", ClassChange)
		return l
	}
	for name, end := range map[string]func(*Limiter){
		"a network error lets another through":     func(l *Limiter) { l.Done(&Error{Kind: KindNetwork}) },
		"so does a call that is not made":          (*Limiter).GiveBack,
		"and one that nobody waits for":            func(l *Limiter) { l.Forget("b"); time.Sleep(callTime) },
		"and one that never ends, when it must be": func(*Limiter) { time.Sleep(callTime - time.Second) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := paused(t)
				end(l)
				time.Sleep(time.Second + time.Millisecond)
				take(t, l, "b", ClassChange)
				wait(t, l, "c", ClassChange)
			})
		})
	}
	t.Run("a 429 pauses again", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := paused(t)
			before := l.Rate()
			l.Done(throttled(0))
			if l.PausedUntil().IsZero() || l.Rate() >= before {
				t.Errorf("paused until %v at a rate of %v, before %v", l.PausedUntil(), l.Rate(), before)
			}
		})
	})
	t.Run("who stays away keeps nobody from probing for long", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := NewLimiter(10, 20)
			take(t, l, "a", ClassChange)
			l.Done(throttled(time.Minute))
			l.Take(Caller{Key: "away", Wake: func() {}})
			wait(t, l, "b", ClassWatch)
			time.Sleep(time.Minute + ticketTTL + time.Millisecond)
			take(t, l, "b", ClassWatch)
		})
	})
	t.Run("a pause that is over when it is heard of ends with one probe too", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := NewLimiter(10, 5)
			empty(l)
			var woken atomic.Int32
			for i := range 3 {
				l.Take(Caller{Key: fmt.Sprint(i), Wake: func() { woken.Add(1) }})
			}
			time.Sleep(time.Second) // all were called, and two rate slots were saved up
			l.Done(&Error{Kind: KindServer, Until: time.Now().Add(-time.Millisecond)})
			for i := range 3 {
				l.Take(Caller{Key: fmt.Sprint(i), Wake: func() { woken.Add(1) }})
			}
			if l.inFlight != 1 {
				t.Errorf("%d calls start", l.inFlight)
			}
		})
	})
	t.Run("an answer from before the pause does not end it", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := NewLimiter(10, 20)
			take(t, l, "a", ClassChange)
			take(t, l, "b", ClassChange)
			l.Done(throttled(time.Minute))
			l.Done(nil)
			time.Sleep(time.Minute - time.Millisecond)
			wait(t, l, "c", ClassChange)
		})
	})
}
