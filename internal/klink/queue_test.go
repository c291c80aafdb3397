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

// A team that makes 500 Groups kept another's single Group waiting for 47 s.
func TestFiveHundredGroupsOfOneNamespaceKeepNobodyWaiting(t *testing.T) {
	for _, class := range []Class{ClassChange, ClassCreate, ClassDrift} {
		synctest.Test(t, func(t *testing.T) {
			l := NewLimiter(10, 1)
			empty(l)
			c := newCrowd(l)
			for i := range 500 {
				c.come(fmt.Sprint("many", i), "many", class)
			}
			c.come("single", "neighbour", class)
			c.come("other", "other", class)
			time.Sleep(time.Minute)
			for _, key := range []string{"single", "other"} {
				if i := slices.Index(c.served(), key); i < 0 || i > 2 {
					t.Errorf("class %d: %s is call number %d", class, key, i+1)
				}
			}
			checkServed(t, c.served()[3:6], []string{"many1", "many2", "many3"})
		})
	}
}

// A namespace that comes with one call at a time has no more turns than one whose calls all wait.
func TestNamespacesTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(10, 1)
		empty(l)
		c := newCrowd(l)
		for i := range 4 {
			c.come(fmt.Sprint("a", i), "a", ClassCreate)
		}
		c.come("b0", "b", ClassCreate)
		c.come("c0", "c", ClassCreate)
		c.come("c1", "c", ClassCreate)
		time.Sleep(time.Minute)
		checkServed(t, c.served(), []string{"a0", "b0", "c0", "a1", "c1", "a2", "a3"})
	})
}

// saturate has callers of each class wait at any time, for 1000 calls, and counts them.
func saturate(classes ...Class) map[Class]int {
	l := NewLimiter(10, 1)
	empty(l)
	n := map[Class]int{}
	var come func(key string, class Class)
	come = func(key string, class Class) {
		for {
			if _, ok := l.Take(Caller{Key: key, Class: class, Wake: func() { come(key, class) }}); !ok {
				return
			}
			l.Done(nil)
			n[class]++
		}
	}
	for _, class := range classes {
		come(fmt.Sprint(class, "a"), class)
		come(fmt.Sprint(class, "b"), class)
	}
	time.Sleep(100*time.Second + time.Millisecond)
	for _, class := range classes {
		l.Forget(fmt.Sprint(class, "a"))
		l.Forget(fmt.Sprint(class, "b"))
	}
	return n
}

// Twelve Groups that are annotated once a second starved every creation, and the listing.
func TestClassesHaveFloors(t *testing.T) {
	for name, test := range map[string]struct {
		classes []Class
		want    map[Class]int // of 1000, to within 3
	}{
		"changes go first":            {[]Class{ClassChange, ClassDrift}, map[Class]int{ClassChange: 1000}},
		"one in four is a creation":   {[]Class{ClassChange, ClassCreate}, map[Class]int{ClassChange: 750, ClassCreate: 250}},
		"creations go before drift":   {[]Class{ClassCreate, ClassDrift}, map[Class]int{ClassCreate: 1000}},
		"a listing has a tenth":       {[]Class{ClassChange, ClassWatchUrgent}, map[Class]int{ClassChange: 900, ClassWatchUrgent: 100}},
		"watching too":                {[]Class{ClassChange, ClassWatch}, map[Class]int{ClassChange: 900, ClassWatch: 100}},
		"watching has a quarter":      {[]Class{ClassWatch}, map[Class]int{ClassWatch: 250}},
		"an awaited listing has all":  {[]Class{ClassWatchUrgent}, map[Class]int{ClassWatchUrgent: 1000}},
		"the floors hold one another": {[]Class{ClassChange, ClassCreate, ClassDrift, ClassWatchUrgent}, map[Class]int{ClassChange: 675, ClassCreate: 225, ClassWatchUrgent: 100}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got := saturate(test.classes...)
				for class := range Class(classes) {
					if off := got[class] - test.want[class]; off < -3 || off > 3 {
						t.Errorf("class %d has %d of 1000 calls, want %d", class, got[class], test.want[class])
					}
				}
			})
		})
	}
}

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

// TestTheRateIsKeptAndUsed calls in any order, with any results: no window has more calls than the
// ceiling allows, none starts in a pause, and no rate slot is left unused while a call waits for it.
func TestTheRateIsKeptAndUsed(t *testing.T) {
	inBubble(t, func(t *rapid.T) {
		rate := rapid.Float64Range(0.1, 50).Draw(t, "rate")
		burst := rapid.IntRange(1, 30).Draw(t, "burst")
		l := NewLimiter(rate, burst)
		var all, watches []time.Time
		sleep := func(most time.Duration) {
			time.Sleep(time.Duration(rapid.Int64Range(0, int64(most)).Draw(t, "sleep")))
			synctest.Wait()
		}
		for range rapid.IntRange(1, 300).Draw(t, "steps") {
			switch rapid.IntRange(0, 10).Draw(t, "step") {
			case 0:
				sleep(20 * time.Second)
			case 1:
				sleep(time.Second)
			case 2:
				l.Done(nil)
			case 3:
				l.Done(rapid.SampledFrom([]error{throttled(0), throttled(5 * time.Second), &Error{Kind: KindNetwork}}).Draw(t, "result"))
			case 4:
				l.Forget(fmt.Sprint(rapid.IntRange(0, 40).Draw(t, "gone")))
			default:
				c := Caller{Key: fmt.Sprint(rapid.IntRange(0, 40).Draw(t, "key")), Class: Class(rapid.IntRange(0, classes-1).Draw(t, "class"))}
				c.Namespace = fmt.Sprint(rapid.IntRange(0, 3).Draw(t, "namespace"))
				as := c.Class
				l.mu.Lock()
				if t := l.tickets[c.Key]; t != nil && !t.called.IsZero() { // it collects what it was called for
					as = t.Class
				}
				l.mu.Unlock()
				due, ok := l.Take(c)
				if !ok {
					if !due.After(time.Now()) || due.Before(l.PausedUntil()) {
						t.Fatalf("due at %v, now %v, paused until %v", due, time.Now(), l.PausedUntil())
					}
					break
				}
				if !l.PausedUntil().IsZero() {
					t.Fatal("a call started in a pause")
				}
				all = append(all, time.Now())
				if as == ClassWatch {
					watches = append(watches, time.Now())
				}
			}
			if l.Rate() > l.pace.ceiling || l.Rate() < lowestRate {
				t.Fatalf("a rate of %v", l.Rate())
			}
			l.mu.Lock()
			if people := l.queue.length - l.queue.rings[ClassWatch].length(); people > 0 && l.slots >= 1 && l.pause.hold(time.Now()) == 0 {
				t.Fatalf("%d calls wait, and %v rate slots are unused", people, l.slots)
			}
			if len(l.tickets) != l.queue.length+len(l.called) {
				t.Fatalf("%d tickets, of which %d wait and %d were called", len(l.tickets), l.queue.length, len(l.called))
			}
			l.mu.Unlock()
		}
		if !within(all, float64(burst), l.pace.ceiling) {
			t.Fatal("more calls than the ceiling allows")
		}
		if !within(watches, max(1, float64(burst)*watchShare), l.pace.ceiling*watchShare) {
			t.Fatal("more listings than a quarter of the ceiling")
		}
		for key := range 41 {
			l.Forget(fmt.Sprint(key))
		}
	})
}

// TestNobodyIsForgotten has callers of any class and namespace come when they are woken: all are
// served, in no more time than the rate makes necessary.
func TestNobodyIsForgotten(t *testing.T) {
	inBubble(t, func(t *rapid.T) {
		rate := rapid.Float64Range(0.5, 10).Draw(t, "rate")
		l := NewLimiter(rate, rapid.IntRange(1, 5).Draw(t, "burst"))
		empty(l)
		c := newCrowd(l)
		n := rapid.IntRange(1, 60).Draw(t, "calls")
		for i := range n {
			c.come(fmt.Sprint(i), fmt.Sprint(rapid.IntRange(0, 4).Draw(t, "namespace")), Class(rapid.IntRange(0, int(ClassWatchUrgent)).Draw(t, "class")))
		}
		pause := 0.0
		if rapid.Bool().Draw(t, "a pause") { // one that leaves the rate alone
			l.Done(&Error{Kind: KindServer, Until: time.Now().Add(time.Minute)})
			pause = 61
		}
		time.Sleep(time.Duration((pause + float64(n+1)/rate) * float64(time.Second)))
		synctest.Wait()
		if len(c.served()) != n {
			t.Fatalf("%d of %d calls at %v a second are served", len(c.served()), n, rate)
		}
	})
}

// A namespace that was called, and whose call a pause took back, had to wait for all the others
// once more.
func TestWhoWasCalledInVainIsNext(t *testing.T) {
	var q queue
	for _, namespace := range []string{"a", "b", "c"} {
		for n := range 2 {
			q.join(&ticket{Caller: Caller{Key: fmt.Sprint(namespace, n), Namespace: namespace, Class: ClassChange}})
		}
	}
	called := []*ticket{q.next(false), q.next(false)}
	for _, t := range slices.Backward(called) {
		q.rejoin(t)
	}
	var order []string
	for range 6 {
		order = append(order, q.next(false).Key)
	}
	if want := []string{"a0", "b0", "c0", "a1", "b1", "c1"}; !slices.Equal(order, want) {
		t.Errorf("after a pause they are called as %v, want %v", order, want)
	}
}
