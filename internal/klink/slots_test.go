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

// A read and the write that it is for go out together: the write overdraws what was saved up, and
// the others wait for as long as that takes.
func TestTheCallThatFollowsIsPaidForAfterwards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(1, 1)
		take(t, l, "get", ClassChange)
		time.Sleep(time.Minute)
		l.TakeNext()
		wait(t, l, "b", ClassChange) // a minute has saved up one rate slot, not sixty
		l.TakeNext()
		if l.inFlight != 3 {
			t.Errorf("%d calls are in flight, want three", l.inFlight)
		}
		time.Sleep(2*time.Second - time.Millisecond)
		wait(t, l, "b", ClassChange)
		time.Sleep(2 * time.Millisecond)
		take(t, l, "b", ClassChange)
		l.TakeNext()
		l.GiveBack()
		time.Sleep(time.Second)
		take(t, l, "after one that was given back", ClassChange)
	})
}

func TestAListingThatIsNotMadeKeepsNothingOfItsQuarter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(10, 1)
		empty(l)
		l.Take(Caller{Key: "a", Class: ClassWatch})
		time.Sleep(time.Second) // it is called
		l.Forget("a")
		take(t, l, "b", ClassWatch)
	})
}

// What a change of the ceiling means for what was saved up before.
func TestANewCeilingCountsFromNowOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(10, 20)
		empty(l)
		time.Sleep(500 * time.Millisecond)
		l.SetCeiling(1, 3)
		for i := range 3 {
			take(t, l, fmt.Sprint(i), ClassChange)
		}
		wait(t, l, "one more than the new burst", ClassChange)
	})
}

// A rate slot that comes back goes to who waits for it, at once.
func TestASlotThatComesBackIsGivenOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(0.1, 1)
		take(t, l, "a", ClassChange)
		var woken atomic.Bool
		l.Take(Caller{Key: "b", Wake: func() { woken.Store(true) }})
		l.GiveBack()
		if !woken.Load() {
			t.Error("it is not called")
		}
	})
}

// A machine that is busy fires timers late: the first that comes calls those whose turn it is.
func TestALateTimerHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(1, 1)
		empty(l)
		var woken atomic.Bool
		l.Take(Caller{Key: "a", Wake: func() { woken.Store(true) }})
		l.timer.Stop()
		time.Sleep(time.Minute)
		wait(t, l, "b", ClassChange)
		if !woken.Load() {
			t.Error("the one before is not called")
		}
	})
}

func TestAListingIsWokenWhenItsQuarterIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(10, 1)
		empty(l)
		time.Sleep(time.Minute)
		take(t, l, "a", ClassWatch)
		time.Sleep(200 * time.Millisecond)
		c := newCrowd(l)
		c.come("b", "", ClassWatch)
		time.Sleep(time.Minute)
		if at := c.startOf("b"); at < 200*time.Millisecond || at > 201*time.Millisecond {
			t.Errorf("it starts after %v, want 200 ms", at)
		}
	})
}

// The slot of one that stays away goes on when its time is over, though others come meanwhile.
func TestASlotIsKeptForItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(0.1, 1)
		empty(l)
		l.Take(Caller{Key: "away", Wake: func() {}})
		time.Sleep(10*time.Second + time.Millisecond) // it is called
		c := newCrowd(l)
		c.come("first", "", ClassChange)
		time.Sleep(2 * time.Second)
		c.come("second", "", ClassChange)
		time.Sleep(time.Minute)
		if at := c.startOf("first"); at < ticketTTL-2*time.Millisecond || at > ticketTTL+time.Millisecond {
			t.Errorf("the next one starts after %v, want %v", at, ticketTTL)
		}
	})
}
