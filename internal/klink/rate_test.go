// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"errors"
	"fmt"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// take fails the test when the call may not start.
func take(t *testing.T, l *Limiter, key string, class Class) {
	t.Helper()
	if due, ok := l.Take(Caller{Key: key, Class: class}); !ok {
		t.Fatalf("%s has to wait %v", key, time.Until(due))
	}
}

// wait fails the test when the call may start, and returns how long it has to wait.
func wait(t *testing.T, l *Limiter, key string, class Class) time.Duration {
	t.Helper()
	due, ok := l.Take(Caller{Key: key, Class: class})
	if ok || !due.After(time.Now()) {
		t.Fatalf("%s may start: %t; due in %v", key, ok, time.Until(due))
	}
	return time.Until(due)
}

func checkWait(t *testing.T, got, want time.Duration) {
	t.Helper()
	if off := got - want; off < 0 || off > time.Microsecond {
		t.Errorf("it has to wait %v, want %v", got, want)
	}
}

func throttled(retryAfter time.Duration) error {
	e := &Error{Kind: KindThrottled}
	if retryAfter > 0 {
		e.Until = time.Now().Add(retryAfter)
	}
	return e
}

func TestLimiterBurstThenSpread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(10, 5)
		for i := range 5 {
			take(t, l, fmt.Sprint("burst", i), ClassCreate)
		}
		last := time.Duration(0)
		for i := range 10_000 {
			got := wait(t, l, fmt.Sprint(i), ClassCreate)
			if i < 1200 { // the horizon
				checkWait(t, got, time.Duration(i+1)*100*time.Millisecond)
			}
			if got <= last || got > 2*horizon {
				t.Fatalf("number %d has to wait %v, the one before it %v", i, got, last)
			}
			last = got
		}
		checkWait(t, wait(t, l, "7", ClassCreate), 800*time.Millisecond) // asking early changes nothing
		checkWait(t, wait(t, l, "change", ClassChange), 100*time.Millisecond)
		checkWait(t, wait(t, l, "0", ClassCreate), 200*time.Millisecond)
		if got := wait(t, l, "drift", ClassDrift); got <= last {
			t.Errorf("it has to wait %v, the last creation %v", got, last)
		}
		l.Forget("change")
		l.Forget("500")
		l.Forget("nobody")
		checkWait(t, wait(t, l, "0", ClassCreate), 100*time.Millisecond)
		checkWait(t, wait(t, l, "999", ClassCreate), 999*100*time.Millisecond)
		time.Sleep(100*time.Millisecond + time.Microsecond)
		wait(t, l, "1", ClassCreate)
		take(t, l, "0", ClassCreate)
		wait(t, l, "0", ClassCreate) // a ticket is for one call
	})
}

func TestLimiterAnotherClass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(1, 1)
		take(t, l, "x", ClassChange)
		wait(t, l, "a", ClassDrift)
		wait(t, l, "b", ClassDrift)
		checkWait(t, wait(t, l, "b", ClassChange), time.Second)
		checkWait(t, wait(t, l, "a", ClassDrift), 2*time.Second)
	})
}

func TestLimiterDropsWhoStaysAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(1, 1)
		take(t, l, "x", ClassChange)
		for i := range 3 {
			wait(t, l, fmt.Sprint("away", i), ClassChange) // due in 1, 2 and 3 s
		}
		time.Sleep(16 * time.Second) // the token has been there for 15 s, kept for the first of them
		wait(t, l, "late", ClassChange)
		time.Sleep(2*time.Second + time.Millisecond)
		take(t, l, "late", ClassChange)
		if n := len(l.queue.tickets); n != 0 {
			t.Errorf("%d tickets are left", n)
		}
	})
}

func TestLimiterPausesAndProbes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(10, 20)
		for i := range 5 {
			take(t, l, fmt.Sprint(i), ClassChange)
		}
		for range 5 { // one burst: one lesson
			l.Done(throttled(30 * time.Second))
		}
		if l.Rate() != 5 || !l.PausedUntil().Equal(time.Now().Add(30*time.Second)) {
			t.Errorf("rate %v, paused until %v", l.Rate(), l.PausedUntil())
		}
		checkWait(t, wait(t, l, "a", ClassDrift), 30*time.Second)
		checkWait(t, wait(t, l, "b", ClassDrift), 30*time.Second+200*time.Millisecond)
		time.Sleep(30*time.Second + time.Millisecond)
		if !l.PausedUntil().IsZero() {
			t.Error("still paused")
		}
		wait(t, l, "c", ClassDrift) // those in the queue first
		take(t, l, "a", ClassDrift)
		if got := wait(t, l, "b", ClassDrift); got < time.Second {
			t.Errorf("waiting for the probe takes %v", got)
		}
		time.Sleep(5 * time.Second)
		wait(t, l, "b", ClassDrift) // however long it takes
		wait(t, l, "change", ClassChange)
		l.Done(nil)
		take(t, l, "change", ClassChange)
		wait(t, l, "b", ClassDrift) // and nothing was saved up
		time.Sleep(300 * time.Millisecond)
		take(t, l, "b", ClassDrift)
	})
}

// However many calls are told to wait, a second of silence is one second.
func TestLimiterTotalsItsPauses(t *testing.T) {
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

func TestLimiterPauseWithoutRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(10, 1)
		rate := 10.0
		for i, seconds := range []int{1, 2, 4, 8, 16, 32, 60, 60} {
			time.Sleep(10 * time.Second) // so that there is a token at the lowest rate too
			take(t, l, "a", ClassChange)
			l.Done(throttled(0))
			rate = max(lowestRate, rate/2)
			if got := time.Until(l.PausedUntil()); got != time.Duration(seconds)*time.Second || math.Abs(l.Rate()-rate) > 1e-9 {
				t.Errorf("429 number %d: a pause of %v at a rate of %v, want %d s, %v", i+1, got, l.Rate(), seconds, rate)
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
			t.Errorf("after an answer the pauses begin anew, but this one takes %v", got)
		}
	})
}

func TestLimiterResults(t *testing.T) {
	until := func(d time.Duration) time.Time { return time.Now().Add(d) }
	tests := map[string]struct {
		err    func() error
		paused time.Duration
		rate   float64
	}{
		"success":            {err: func() error { return nil }, rate: 10},
		"404":                {err: func() error { return &Error{Kind: KindNotFound} }, rate: 10},
		"500":                {err: func() error { return &Error{Kind: KindServer} }, rate: 10},
		"503 with a time":    {err: func() error { return &Error{Kind: KindServer, Until: until(time.Minute)} }, paused: time.Minute, rate: 10},
		"429 with a time":    {err: func() error { return &Error{Kind: KindThrottled, Until: until(time.Minute)} }, paused: time.Minute, rate: 5},
		"429 without a time": {err: func() error { return &Error{Kind: KindThrottled} }, paused: time.Second, rate: 5},
		"wrapped 429":        {err: func() error { return fmt.Errorf("x: %w", &Error{Kind: KindThrottled}) }, paused: time.Second, rate: 5},
		"network":            {err: func() error { return &Error{Kind: KindNetwork} }, rate: 10},
		"something else":     {err: func() error { return errors.New("x") }, rate: 10},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := NewLimiter(10, 20)
				take(t, l, "a", ClassChange)
				l.Done(test.err())
				paused := time.Duration(0)
				if end := l.PausedUntil(); !end.IsZero() {
					paused = time.Until(end)
				}
				if paused != test.paused || l.Rate() != test.rate {
					t.Errorf("paused for %v at a rate of %v, want %v, %v", paused, l.Rate(), test.paused, test.rate)
				}
			})
		})
	}
}

// TestLimiterProbeWithoutAnswer covers probes that end in nothing.
func TestLimiterProbeWithoutAnswer(t *testing.T) {
	paused := func(t *testing.T) *Limiter {
		l := NewLimiter(10, 20)
		take(t, l, "a", ClassChange)
		l.Done(throttled(time.Minute))
		time.Sleep(time.Minute)
		take(t, l, "probe", ClassChange)
		wait(t, l, "b", ClassChange)
		return l
	}
	t.Run("a network error lets another through", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := paused(t)
			l.Done(&Error{Kind: KindNetwork})
			time.Sleep(time.Second)
			take(t, l, "b", ClassChange)
			wait(t, l, "c", ClassChange)
		})
	})
	t.Run("a lost probe too", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := paused(t)
			time.Sleep(callTime + time.Second)
			take(t, l, "c", ClassChange)
			wait(t, l, "d", ClassChange)
		})
	})
	t.Run("a 429 pauses again", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := paused(t)
			l.Done(throttled(0))
			if l.PausedUntil().IsZero() || l.Rate() != 2.5 {
				t.Errorf("paused until %v at a rate of %v", l.PausedUntil(), l.Rate())
			}
		})
	})
	t.Run("who stays away keeps nobody from probing", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := NewLimiter(10, 20)
			take(t, l, "a", ClassChange)
			l.Done(throttled(time.Minute))
			for i := range 10 {
				wait(t, l, fmt.Sprint("away", i), ClassChange)
			}
			due := wait(t, l, "b", ClassWatch)
			time.Sleep(due)
			take(t, l, "b", ClassWatch)
		})
	})
	t.Run("an answer from before the pause does not end it", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := NewLimiter(10, 20)
			take(t, l, "a", ClassChange)
			take(t, l, "b", ClassChange)
			l.Done(throttled(time.Minute))
			l.Done(nil)
			checkWait(t, wait(t, l, "c", ClassChange), time.Minute)
		})
	})
}

func TestLimiterRecovers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(10, 1)
		take(t, l, "a", ClassChange)
		l.Done(throttled(time.Second))
		time.Sleep(time.Second)
		var rates []float64
		for range 11 {
			for range 10 {
				time.Sleep(time.Second)
				take(t, l, "a", ClassChange)
				l.Done(nil)
			}
			rates = append(rates, math.Round(10*l.Rate())/10)
		}
		want := []float64{5.5, 6, 6.5, 7, 7.5, 8, 8.5, 9, 9.5, 10, 10}
		if diff := cmp.Diff(want, rates); diff != "" {
			t.Error(diff)
		}
	})
}

func TestLimiterCeiling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(10, 20)
		l.SetCeiling(30, 2)
		if l.Rate() != 30 {
			t.Errorf("a rate at the ceiling goes along with it, got %v", l.Rate())
		}
		take(t, l, "a", ClassChange)
		take(t, l, "b", ClassChange)
		wait(t, l, "c", ClassChange)
		l.Done(throttled(0))
		l.SetCeiling(100, 2)
		if l.Rate() != 15 {
			t.Errorf("a learned rate stays, got %v", l.Rate())
		}
		l.SetCeiling(4, 2)
		if l.Rate() != 4 {
			t.Errorf("but not above the ceiling, got %v", l.Rate())
		}
		for _, odd := range []float64{0, -1, math.NaN(), math.Inf(-1)} {
			if got := NewLimiter(odd, 0).Rate(); got != lowestRate {
				t.Errorf("a ceiling of %v makes a rate of %v", odd, got)
			}
		}
	})
}

// TestLimiterUsesARecoveredRate has many keys wait at a low rate that then goes up: none of them
// sleeps as long as the low rate would have made necessary.
func TestLimiterUsesARecoveredRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const keys = 1000
		l := NewLimiter(0.1, 1)
		due := map[string]time.Time{}
		for i := range keys {
			due[fmt.Sprint(i)], _ = l.Take(Caller{Key: fmt.Sprint(i), Class: ClassCreate})
		}
		l.SetCeiling(50, 20)
		begun := time.Now()
		for len(due) > 0 && time.Since(begun) < time.Hour {
			next := time.Now().Add(time.Second)
			for key, at := range due {
				if at.After(time.Now()) {
					next = earlier(next, at)
					continue
				}
				at, ok := l.Take(Caller{Key: key, Class: ClassCreate})
				if ok {
					delete(due, key)
					continue
				}
				due[key] = at
				next = earlier(next, at)
			}
			time.Sleep(time.Until(next))
		}
		if spent := time.Since(begun); len(due) > 0 || spent > 2*horizon+time.Minute {
			t.Errorf("%d of %d calls are left after %v at 50 per second", len(due), keys, spent)
		}
	})
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
