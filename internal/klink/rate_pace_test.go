// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// bucketAPI is an API with a limit that its callers are not told.
type bucketAPI struct {
	perSecond, burst float64
	latency          time.Duration
	retryAfter       bool

	slots           float64
	filled          time.Time
	served, refused int
}

func (b *bucketAPI) answer() error {
	now := time.Now()
	b.slots = math.Min(b.burst, b.slots+now.Sub(b.filled).Seconds()*b.perSecond)
	b.filled = now
	if b.slots >= 1 {
		b.slots--
		b.served++
		return nil
	}
	b.refused++
	e := &Error{Kind: KindThrottled}
	if b.retryAfter {
		e.Until = now.Add(time.Duration(math.Ceil((1-b.slots)/b.perSecond)) * time.Second)
	}
	return e
}

// serveAll makes n calls that always wait, and returns how long they took. One goroutine does it all but the waking, so
// that it goes the same way each time.
func serveAll(l *Limiter, b *bucketAPI, n, callers int) time.Duration {
	b.slots, b.filled = b.burst, time.Now()
	begun := time.Now()
	ready := make(chan string, callers)
	for i := range callers {
		ready <- fmt.Sprint(i)
	}
	var arriving, answered []event // each in the order of its time
	for b.served < n {
		synctest.Wait()
		now := time.Now()
		switch {
		case len(answered) > 0 && !answered[0].at.After(now):
			l.Done(answered[0].err)
			ready <- answered[0].key
			answered = answered[1:]
		case len(arriving) > 0 && !arriving[0].at.After(now):
			answered = append(answered, event{arriving[0].key, now.Add(b.latency / 2), b.answer()})
			arriving = arriving[1:]
		case len(ready) > 0:
			key := <-ready
			if _, ok := l.Take(Caller{Key: key, Wake: func() { ready <- key }}); ok {
				arriving = append(arriving, event{key: key, at: now.Add(b.latency / 2)})
			}
		default:
			pass := time.Hour
			for _, e := range slices.Concat(arriving, answered) {
				pass = min(pass, time.Until(e.at))
			}
			select {
			case key := <-ready:
				ready <- key
			case <-time.After(pass):
			}
		}
	}
	return time.Since(begun)
}

// event is a call on its way, or its answer.
type event struct {
	key string
	at  time.Time
	err error
}

// An unknown limit is found: with calls that always wait, at most 1 % of 100·R calls are refused, and they take at most
// 1.10 times as long as the limit makes necessary, whatever the API saves up itself. Where an API saves up for seconds
// and answers slowly, more calls are under way when it first says no; where it saves nothing at all, the way up is longer.
func TestAnUnknownLimitIsFound(t *testing.T) {
	const quick, usual, slow = 5 * time.Millisecond, 50 * time.Millisecond, 250 * time.Millisecond
	for _, perSecond := range []float64{20, 50} {
		for _, burst := range []float64{1, 5, 20, perSecond, 4 * perSecond} {
			for _, latency := range []time.Duration{quick, usual, slow} {
				longest, most := 1.10, 0.01
				switch {
				case latency == slow && burst == 1:
					longest = 1.15
				case latency == slow && burst == 4*perSecond:
					most = 0.015
				}
				for _, retryAfter := range []bool{false, true} {
					synctest.Test(t, func(t *testing.T) {
						api := &bucketAPI{perSecond: perSecond, burst: burst, latency: latency, retryAfter: retryAfter}
						n := int(100 * perSecond)
						spent := serveAll(NewLimiter(1000, 20), api, n, 500).Seconds() / 100
						refused := float64(api.refused) / float64(n)
						name := fmt.Sprintf("limit %v/s, burst %v, latency %v, Retry-After %t", perSecond, burst, latency, retryAfter)
						t.Logf("%s: %.3f of N/R, %d refused (%.2f %%)", name, spent, api.refused, 100*refused)
						if spent > longest || refused > most {
							t.Errorf("%s: it takes %.3f of N/R, at most %v; %.2f %% are refused, at most %v %%", name, spent, longest, 100*refused, 100*most)
						}
					})
				}
			}
		}
	}
}

// Without a limit a thousand calls at the default ceiling take less than 30 s.
func TestTheRateClimbsWhileTheAPIBearsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(50, 20)
		spent := serveAll(l, &bucketAPI{perSecond: 1e6, burst: 1e6, latency: 20 * time.Millisecond}, 1000, 1000)
		t.Logf("1000 calls take %v", spent.Round(time.Millisecond))
		if spent > 30*time.Second || l.Rate() != 50 {
			t.Errorf("1000 calls take %v, and end at a rate of %v", spent, l.Rate())
		}
	})
}

// A rate that nobody has tried is not known to be borne: an idle connection stays where it is.
func TestTheRateRisesOnlyWhileCallsWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(1000, 20)
		for range 1000 {
			time.Sleep(200 * time.Millisecond)
			take(t, l, "a", ClassChange)
			l.Done(nil)
		}
		if l.Rate() != 10 {
			t.Errorf("five calls a second have raised the rate to %v", l.Rate())
		}
		saturated := saturateOne(l, ClassWatch, 100*time.Second)
		if l.Rate() != 10 || saturated > 260 {
			t.Errorf("watching, which may take a quarter, has raised the rate to %v with %d calls", l.Rate(), saturated)
		}
		if saturateOne(l, ClassWatchUrgent, 10*time.Second); l.Rate() < 20 {
			t.Errorf("a listing that waits for each page leaves the rate at %v", l.Rate())
		}
	})
}

// Where nobody waits for the rate, answers say nothing about it.
func TestAnAnswerRaisesTheRateOnlyWhereSomebodyWaitsForIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(1000, 1)
		for range 100 {
			take(t, l, "a", ClassChange)
			time.Sleep(50 * time.Millisecond) // half a rate slot is there
			l.Done(nil)
			time.Sleep(time.Second)
		}
		if l.Rate() != 10 {
			t.Errorf("one call at a time has raised the rate to %v", l.Rate())
		}
		for range 100 {
			take(t, l, "a", ClassWatch)
			time.Sleep(200 * time.Millisecond) // a rate slot is there, but none of the quarter
			wait(t, l, "b", ClassWatch)
			l.Done(nil)
			l.Forget("b")
			time.Sleep(time.Second)
		}
		if l.Rate() != 10 {
			t.Errorf("watching that waits for its quarter has raised the rate to %v", l.Rate())
		}
	})
}

// A 429 tells of the rate once calls have waited for half a second, and of the burst before.
func TestHalfASecondOfWaitingMakesALesson(t *testing.T) {
	now := time.Now()
	for answers, want := range map[int]float64{1: 10, 2: 5} {
		p := newPace(now, 10)
		for i := range answers {
			p.answered(now.Add(time.Duration(i+1)*250*time.Millisecond), true)
		}
		if p.refused(now.Add(time.Second)); p.rate != want {
			t.Errorf("after %d answers a 429 leaves a rate of %v, want %v", answers, p.rate, want)
		}
		if p.answered(now.Add(2*time.Second), false); p.rate != want {
			t.Errorf("an answer that nobody waited for makes the rate %v", p.rate)
		}
	}
}

// Ten minutes after a 429 the rate may pass the one that met it, and bursts are as before.
func TestCautionEndsAfterTenMinutes(t *testing.T) {
	met := time.Now()
	for since, want := range map[time.Duration]bool{caution - 1: true, caution: false} {
		p := pace{ceiling: 100, rate: 9.7, met: 10, metAt: met, burstMet: met, changed: met}
		if got := p.cautious(met.Add(since)); got != want {
			t.Errorf("after %v it is cautious: %t", since, got)
		}
		if p.answered(met.Add(since), true); p.rate > 9.7 == want {
			t.Errorf("after %v the rate is %v", since, p.rate)
		}
	}
}

// saturateOne makes one call after the other for a while, as the poller does.
func saturateOne(l *Limiter, class Class, d time.Duration) (calls int) {
	for end := time.Now().Add(d); time.Now().Before(end); {
		woken := make(chan struct{})
		if _, ok := l.Take(Caller{Key: "one", Class: class, Wake: func() { close(woken) }}); !ok {
			<-woken
			continue
		}
		time.Sleep(time.Millisecond)
		l.Done(nil)
		calls++
	}
	return calls
}

// The second 429 comes at a rate that is known to be refused: it is not reached for ten minutes.
func TestARefusedRateIsNotReachedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(1000, 1)
		saturateOne(l, ClassChange, 3*time.Second)
		refused := l.Rate()
		for { // until the call may start that is refused
			if _, ok := l.Take(Caller{Key: "refused"}); ok {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		l.Done(throttled(time.Second))
		if got := l.Rate(); got < refused*leastLeft || got > refused*mostLeft {
			t.Errorf("a 429 at %v leaves %v", refused, got)
		}
		time.Sleep(time.Second)
		saturateOne(l, ClassChange, time.Minute)
		if got := l.Rate(); got < 0.9*refused {
			t.Errorf("after a minute it has come back to %v of %v only", got, refused)
		}
		saturateOne(l, ClassChange, 8*time.Minute)
		if got := l.Rate(); got >= refused {
			t.Errorf("after nine minutes it is %v again", got)
		}
		saturateOne(l, ClassChange, 2*time.Minute)
		if got := l.Rate(); got <= refused || got > 3*refused {
			t.Errorf("after eleven minutes it is %v, want a little more than %v", got, refused)
		}
	})
}

// What met a 429 was the burst, not the rate: fewer rate slots are saved up from then on.
func TestARefusedBurstIsNotRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(10, 20)
		burst := func() (calls int) {
			for {
				if _, ok := l.Take(Caller{Key: "a"}); !ok {
					l.Forget("a")
					return calls
				}
				calls++
			}
		}
		first := burst()
		for range first {
			l.Done(throttled(0))
		}
		time.Sleep(time.Minute)
		take(t, l, "probe", ClassChange)
		l.Done(nil)
		time.Sleep(time.Minute)
		if second := burst(); second != cautiousBurst || l.Rate() != 10 {
			t.Errorf("after a refused burst of %d comes one of %d, at a rate of %v", first, second, l.Rate())
		}
		time.Sleep(caution)
		take(t, l, "later", ClassChange)
		time.Sleep(10 * time.Second)
		if third := burst(); third != 20 {
			t.Errorf("ten minutes later comes one of %d", third)
		}
	})
}
