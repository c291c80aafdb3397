// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// take fails the test when the call may not start.
func take(t *testing.T, l *Limiter, key string, class Class) {
	t.Helper()
	if due, ok := l.Take(Caller{Key: key, Class: class}); !ok || !due.Equal(time.Now()) {
		t.Fatalf("%s has to wait about %v", key, time.Until(due))
	}
}

// wait fails the test when the call may start.
func wait(t *testing.T, l *Limiter, key string, class Class) {
	t.Helper()
	if due, ok := l.Take(Caller{Key: key, Class: class}); ok || !due.After(time.Now()) {
		t.Fatalf("%s may start: %t; it is due in %v", key, ok, time.Until(due))
	}
}

// crowd is callers that come as soon as they are woken, make their call, and note it.
type crowd struct {
	l     *Limiter
	begun time.Time

	mu   sync.Mutex // callers are woken by timers
	keys []string
	at   map[string]time.Duration
}

func newCrowd(l *Limiter) *crowd {
	return &crowd{l: l, at: map[string]time.Duration{}, begun: time.Now()}
}

// served are the keys of the calls so far, in their order.
func (c *crowd) served() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.keys)
}

// startOf is when a caller's call started, counted from the crowd's begin.
func (c *crowd) startOf(key string) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at[key]
}

func (c *crowd) come(key, namespace string, class Class) {
	caller := Caller{Key: key, Namespace: namespace, Class: class}
	caller.Wake = func() { c.come(key, namespace, class) }
	if _, ok := c.l.Take(caller); ok {
		c.mu.Lock()
		c.keys, c.at[key] = append(c.keys, key), time.Since(c.begun)
		c.mu.Unlock()
		c.l.Done(nil)
	}
}

// empty uses up what is saved, so that all further calls wait, and keeps the rate where it is.
func empty(l *Limiter) {
	l.pace.ceiling = l.pace.rate
	for {
		if _, ok := l.Take(Caller{Key: "empty"}); !ok {
			l.Forget("empty")
			return
		}
		l.Done(nil)
	}
}

func checkServed(t *testing.T, got, want []string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("served (-want +got):\n%s", diff)
	}
}

func throttled(retryAfter time.Duration) error {
	e := &Error{Kind: KindThrottled}
	if retryAfter > 0 {
		e.Until = time.Now().Add(retryAfter)
	}
	return e
}

func TestABurstThenTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(10, 5)
		c := newCrowd(l)
		for i := range 25 {
			c.come(fmt.Sprint(i), "", ClassCreate)
		}
		time.Sleep(time.Minute)
		for i := range 25 {
			want := max(0, time.Duration(i-4)*100*time.Millisecond)
			if off := c.startOf(fmt.Sprint(i)) - want; off < 0 || off > time.Microsecond {
				t.Errorf("call %d starts after %v, want %v", i, c.startOf(fmt.Sprint(i)), want)
			}
		}
	})
}

// Another class is another place: a Group whose spec is changed while it waits as drift moves up.
func TestAnotherClassIsAnotherPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(1, 1)
		empty(l)
		c := newCrowd(l)
		c.come("a", "", ClassDrift)
		c.come("b", "", ClassDrift)
		c.come("b", "", ClassChange)
		c.come("a", "", ClassDrift) // asking early changes nothing
		time.Sleep(5 * time.Second)
		checkServed(t, c.served(), []string{"b", "a"})
	})
}

// A caller that is gone, and does not say so, keeps its rate slot from the others for a moment only.
func TestACallerThatStaysAwayDelaysNobodyForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(1, 1)
		empty(l)
		for i := range 2 {
			l.Take(Caller{Key: fmt.Sprint("away", i), Wake: func() {}})
		}
		c := newCrowd(l)
		c.come("late", "", ClassChange)
		time.Sleep(2*ticketTTL + 2*time.Second)
		checkServed(t, c.served(), []string{"late"})
		l.mu.Lock()
		defer l.mu.Unlock()
		if len(l.tickets) != 0 || len(l.called) != 0 {
			t.Errorf("%d tickets are left", len(l.tickets))
		}
	})
}

// A Group that is deleted, or whose note of the attempt does not get through, keeps nothing.
func TestARateSlotOfACallThatIsNotMadeIsGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(1, 1)
		take(t, l, "given back", ClassCreate)
		l.GiveBack()
		take(t, l, "a", ClassCreate)
		l.Done(nil)

		var woken atomic.Bool
		l.Take(Caller{Key: "forgotten", Wake: func() { woken.Store(true) }})
		time.Sleep(time.Second + time.Millisecond)
		if !woken.Load() {
			t.Fatal("its turn has not come")
		}
		wait(t, l, "b", ClassCreate)
		l.Forget("forgotten")
		take(t, l, "b", ClassCreate)
		l.Done(nil)
		wait(t, l, "waits no longer", ClassChange)
		wait(t, l, "c", ClassCreate)
		l.Forget("waits no longer")
		l.Forget("nobody")
		time.Sleep(time.Second)
		take(t, l, "c", ClassCreate)
		l.GiveBack()
		l.GiveBack() // once too often: never more than the burst
		if l.slots > 1 || l.inFlight != 0 {
			t.Errorf("%v rate slots, %d calls in flight", l.slots, l.inFlight)
		}
	})
}

func TestResultsSteerTheRate(t *testing.T) {
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
		"429 with a time":    {err: func() error { return &Error{Kind: KindThrottled, Until: until(time.Minute)} }, paused: time.Minute, rate: 8},
		"429 without a time": {err: func() error { return &Error{Kind: KindThrottled} }, paused: time.Second, rate: 8},
		"wrapped 429":        {err: func() error { return fmt.Errorf("x: %w", &Error{Kind: KindThrottled}) }, paused: time.Second, rate: 8},
		"network":            {err: func() error { return &Error{Kind: KindNetwork} }, rate: 10},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := NewLimiter(10, 20)
				busy(l, time.Minute)
				wait(t, l, "a", ClassChange)
				time.Sleep(time.Second)
				take(t, l, "a", ClassChange)
				l.Done(test.err())
				paused := time.Duration(0)
				if end := l.PausedUntil(); !end.IsZero() {
					paused = time.Until(end)
				}
				if paused != test.paused || math.Abs(l.Rate()-test.rate) > 0.1 {
					t.Errorf("paused for %v at a rate of %v, want %v, %v", paused, l.Rate(), test.paused, test.rate)
				}
			})
		})
	}
}

// busy makes calls that wait, for a while.
func busy(l *Limiter, d time.Duration) {
	var come func(key string)
	end := time.Now().Add(d)
	come = func(key string) {
		if _, ok := l.Take(Caller{Key: key, Wake: func() { come(key) }}); ok {
			time.AfterFunc(time.Millisecond, func() {
				l.Done(nil)
				if time.Now().Before(end) {
					come(key)
				}
			})
		}
	}
	for i := range 50 {
		come(fmt.Sprint("busy", i))
	}
	time.Sleep(d)
	for i := range 50 {
		l.Forget(fmt.Sprint("busy", i))
	}
	time.Sleep(time.Second)
	synctest.Wait()
	empty(l)
}

func TestTheCeilingIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(30, 2)
		busy(l, time.Minute)
		l.pace.setCeiling(30)
		if got := l.Rate(); got != 30 {
			t.Errorf("the rate rises to %v, not the ceiling", got)
		}
		l.SetCeiling(100, 2)
		if got := l.Rate(); got != 30 {
			t.Errorf("a learned rate stays, got %v", got)
		}
		l.SetCeiling(4, 2)
		if got := l.Rate(); got != 4 {
			t.Errorf("but not above the ceiling, got %v", got)
		}
		for _, odd := range []float64{0, -1, math.NaN(), math.Inf(-1)} {
			if got := NewLimiter(odd, 0).Rate(); got != lowestRate {
				t.Errorf("a ceiling of %v makes a rate of %v", odd, got)
			}
		}
		if got := NewLimiter(1000, 20).Rate(); got != 10 {
			t.Errorf("it begins at %v a second", got)
		}
	})
}

// BenchmarkTake has 10,000 keys wait.
func BenchmarkTake(b *testing.B) {
	l := NewLimiter(1, 1)
	keys := make([]string, 10_000)
	for i := range keys {
		keys[i] = fmt.Sprint(i)
		l.Take(Caller{Key: keys[i], Namespace: fmt.Sprint(i % 100), Class: ClassCreate})
	}
	for i := 0; b.Loop(); i++ {
		l.Take(Caller{Key: keys[i%len(keys)], Namespace: fmt.Sprint(i % 100), Class: ClassCreate})
	}
}
