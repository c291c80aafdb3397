// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// inBubble runs a property check with the bubble's clock. Time goes on from one check to the next.
func inBubble(t *testing.T, property func(*rapid.T)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { rapid.Check(timeless{t}, property) })
}

// timeless hides the test's deadline, which the real clock measures and a bubble does not know.
type timeless struct{ rapid.TB }

// within says whether grants never exceed what a bucket of this burst and rate gives, in any window.
func within(grants []time.Time, burst, rate float64) bool {
	for i := range grants {
		for j := i; j < len(grants); j++ {
			if float64(j-i+1) > burst+rate*grants[j].Sub(grants[i]).Seconds()+1e-6 {
				return false
			}
		}
	}
	return true
}

// TestLimiterKeepsTheRate calls in any order, with any results, and looks at each window.
func TestLimiterKeepsTheRate(t *testing.T) {
	inBubble(t, func(t *rapid.T) {
		rate := rapid.Float64Range(0.1, 50).Draw(t, "rate")
		burst := rapid.IntRange(1, 30).Draw(t, "burst")
		l := NewLimiter(rate, burst)
		var all, watches []time.Time
		for range rapid.IntRange(1, 300).Draw(t, "steps") {
			switch rapid.IntRange(0, 9).Draw(t, "step") {
			case 0:
				time.Sleep(time.Duration(rapid.Int64Range(0, int64(20*time.Second)).Draw(t, "sleep")))
			case 1:
				time.Sleep(time.Duration(rapid.Int64Range(0, int64(time.Second)).Draw(t, "nap")))
			case 2:
				l.Done(nil)
			case 3:
				l.Done(rapid.SampledFrom([]error{throttled(0), throttled(5 * time.Second), &Error{Kind: KindNetwork}}).Draw(t, "result"))
			case 4:
				l.Forget(fmt.Sprint(rapid.IntRange(0, 40).Draw(t, "gone")))
			default:
				class := Class(rapid.IntRange(0, classes-1).Draw(t, "class"))
				due, ok := l.Take(Caller{Key: fmt.Sprint(rapid.IntRange(0, 40).Draw(t, "key")), Class: class})
				if !ok {
					if !due.After(time.Now()) || due.Before(l.PausedUntil()) {
						t.Fatalf("due at %v, now %v, paused until %v", due, time.Now(), l.PausedUntil())
					}
					continue
				}
				if !l.PausedUntil().IsZero() {
					t.Fatal("a call started in a pause")
				}
				all = append(all, time.Now())
				if class == ClassWatch {
					watches = append(watches, time.Now())
				}
			}
			if l.Rate() > l.ceiling || l.Rate() < lowestRate {
				t.Fatalf("a rate of %v", l.Rate())
			}
		}
		if !within(all, float64(burst), l.ceiling) {
			t.Fatal("more calls than the ceiling allows")
		}
		if !within(watches, l.watchBurst(), l.ceiling*watchShare) {
			t.Fatal("more listings than a quarter of the ceiling")
		}
	})
}

// TestLimiterOrder lets keys come back exactly when they were told to, and so be served in order.
func TestLimiterOrder(t *testing.T) {
	type caller struct {
		key   string
		class Class
		due   time.Time
	}
	inBubble(t, func(t *rapid.T) {
		rate := rapid.Float64Range(0.5, 20).Draw(t, "rate")
		l := NewLimiter(rate, rapid.IntRange(1, 5).Draw(t, "burst"))
		for i := 0; ; i++ { // empty the bucket
			if _, ok := l.Take(Caller{Key: fmt.Sprint("empty", i), Class: ClassChange}); !ok {
				l.Forget(fmt.Sprint("empty", i))
				break
			}
		}
		var waiting []caller
		for i, class := range rapid.SliceOfN(rapid.IntRange(0, int(ClassWatchUrgent)), 1, 60).Draw(t, "classes") {
			c := caller{key: fmt.Sprint(i), class: Class(class)}
			c.due, _ = l.Take(Caller{Key: c.key, Class: c.class})
			waiting = append(waiting, c)
		}
		if rapid.Bool().Draw(t, "a pause") { // one that leaves the rate alone
			l.Done(&Error{Kind: KindServer, Until: time.Now().Add(time.Minute)})
		}
		want := slices.Clone(waiting)
		slices.SortStableFunc(want, func(a, b caller) int { return int(a.class) - int(b.class) })
		var served []string
		begun := time.Now()
		for len(waiting) > 0 {
			slices.SortStableFunc(waiting, func(a, b caller) int { return a.due.Compare(b.due) })
			c := &waiting[0]
			time.Sleep(time.Until(c.due))
			due, ok := l.Take(Caller{Key: c.key, Class: c.class})
			if !ok {
				c.due = due
				continue
			}
			l.Done(nil)
			served = append(served, c.key)
			waiting = waiting[1:]
		}
		for i, c := range want {
			if served[i] != c.key {
				t.Fatalf("served %v, want %v", served, want)
			}
		}
		// Nobody waits longer than the rate makes necessary.
		if spent := time.Since(begun).Seconds(); spent > 62+float64(len(want)+1)/rate {
			t.Fatalf("%d calls at %v per second took %v s", len(want), rate, spent)
		}
	})
}

// TestLimiterWatchShare has people's work and listings compete: each gets its part.
func TestLimiterWatchShare(t *testing.T) {
	count := func(classes ...Class) []int {
		l := NewLimiter(10, 1)
		n := make([]int, len(classes))
		for end := time.Now().Add(100 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
			for i, class := range classes {
				if _, ok := l.Take(Caller{Key: fmt.Sprint(class), Class: class}); ok {
					n[i]++
					l.Done(nil)
				}
			}
		}
		return n
	}
	synctest.Test(t, func(t *testing.T) {
		if n := count(ClassWatch); n[0] < 248 || n[0] > 252 {
			t.Errorf("listings alone took %d of 1000 calls", n[0])
		}
		if n := count(ClassWatchUrgent); n[0] < 995 {
			t.Errorf("urgent listings alone took %d of 1000 calls", n[0])
		}
		if n := count(ClassWatch, ClassCreate); n[1] < 740 {
			t.Errorf("listings took %d of 1000 calls, creations %d", n[0], n[1])
		}
	})
}

// TestLineCounts compares the tree with counting.
func TestLineCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := newQueue()
		var model []string
		for range rapid.IntRange(1, 400).Draw(t, "steps") {
			key := fmt.Sprint(rapid.IntRange(0, 150).Draw(t, "key"))
			at := slices.Index(model, key)
			switch {
			case rapid.IntRange(0, 2).Draw(t, "leave") == 0 && at >= 0:
				q.forget(key)
				model = slices.Delete(model, at, at+1)
			case at < 0:
				q.place(key, ClassDrift)
				model = append(model, key)
			default:
				if got := q.ahead(q.place(key, ClassDrift)); got != at {
					t.Fatalf("%d tickets ahead of %s, want %d", got, key, at)
				}
			}
		}
		if q.lines[ClassDrift].length != len(model) {
			t.Fatalf("a line of %d, want %d", q.lines[ClassDrift].length, len(model))
		}
	})
}

// BenchmarkTake has 10,000 keys wait.
func BenchmarkTake(b *testing.B) {
	l := NewLimiter(1, 1)
	keys := make([]string, 10_000)
	for i := range keys {
		keys[i] = fmt.Sprint(i)
		l.Take(Caller{Key: keys[i], Class: ClassCreate})
	}
	for i := 0; b.Loop(); i++ {
		l.Take(Caller{Key: keys[i%len(keys)], Class: ClassCreate})
	}
}
