// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"math"
	"slices"
	"sync"
	"time"
)

// Class is the priority of a call, best first.
type Class int

const (
	// ClassChange is a bound group's change or deletion, or a read that a person waits for.
	ClassChange Class = iota
	// ClassCreate is a creation.
	ClassCreate
	// ClassDrift is a correction, or a single read that nobody waits for.
	ClassDrift
	// ClassWatchUrgent is a listing that a restart, a recovery or an adoption waits for.
	ClassWatchUrgent
	// ClassWatch is any other listing; it takes at most a quarter of the rate.
	ClassWatch

	classes = iota
)

const (
	// watchShare is the part of the rate that ClassWatch may take.
	watchShare = 0.25
	// ticketTTL is how long a caller that was called has a rate slot kept for it.
	ticketTTL = 5 * time.Second
	// callTime is longer than any call takes. A result that has not come by then never will.
	callTime = time.Minute
	// longestEstimate bounds the time after which a caller that nobody called asks again.
	longestEstimate = 15 * time.Minute
	// almost is what a sum of parts may lack of a whole rate slot.
	almost = 1e-9
)

// Caller asks for a rate slot: the right to make one call now.
type Caller struct {
	// Key tells callers apart: each waits for one call at a time.
	Key string
	// Namespace is whose work it is. Within a class the namespaces take turns.
	Namespace string
	Class     Class
	// Wake is called when the turn of a caller that was told to wait has come. It must not block.
	Wake func()
	// Taken: the slot was taken already, with that of the call before (TakeNext).
	Taken bool
}

// Limiter gives out the rate slots of one connection: a ceiling, and below it what the API was seen to bear. Nobody
// sleeps in it: a call that cannot start now waits in a queue, and its caller is called when its turn has come. It
// is safe for concurrent use.
type Limiter struct {
	mu    sync.Mutex
	burst float64
	pace  pace
	pause pause

	slots, watchSlots float64 // that nobody has
	refilled          time.Time

	tickets map[string]*ticket // by key, those that wait and those that were called
	queue   queue
	called  []*ticket // the first to be called first; a rate slot is kept for each
	timer   *time.Timer

	inFlight int
	// stale counts the calls that were in flight when the rate was last lowered: their
	// 429s are news of the old rate. It holds until staleUntil.
	stale      int
	staleUntil time.Time
}

// NewLimiter returns a limiter with a ceiling of perSecond calls (at least 0.1) and bursts of burst calls (at least 1).
func NewLimiter(perSecond float64, burst int) *Limiter {
	now := time.Now()
	l := &Limiter{tickets: map[string]*ticket{}, refilled: now, pace: newPace(now, perSecond), burst: math.Max(1, float64(burst))}
	l.slots, l.watchSlots = math.Min(l.burst, firstBurst), 1
	return l
}

// SetCeiling changes the ceiling. A rate learned below it stays; more burst fills up with time.
func (l *Limiter) SetCeiling(perSecond float64, burst int) {
	defer l.locked()()
	l.pace.setCeiling(perSecond)
	l.burst = math.Max(1, float64(burst))
}

// Take takes a rate slot, if it is the caller's turn; the call's result must then be handed to Done, or the slot to
// GiveBack. If not, the caller waits in its place until it is woken; due is about when. Asking again meanwhile neither
// loses the place nor betters it. Another class is another place.
func (l *Limiter) Take(c Caller) (due time.Time, ok bool) {
	l.mu.Lock()
	now := time.Now()
	l.refill(now)
	t := l.tickets[c.Key]
	if t != nil && t.called.IsZero() && (t.Class != c.Class || t.Namespace != c.Namespace) {
		l.queue.leave(t)
		t = nil
	}
	if t == nil {
		t = &ticket{}
		l.tickets[c.Key] = t
		t.Caller = c
		l.queue.join(t)
	}
	t.Wake = nil // it is here
	woken := l.call(now)
	if ok = !t.called.IsZero(); ok {
		l.drop(t)
		l.inFlight++
		l.pause.started(now)
		due = now
	} else {
		t.Wake = c.Wake
		l.pace.short = l.pace.short || l.slots < 1-almost
		due = now.Add(l.estimate(now))
	}
	l.mu.Unlock()
	wake(woken)
	return due, ok
}

// Forget gives up key's place, or the rate slot that is kept for it.
func (l *Limiter) Forget(key string) {
	defer l.locked()()
	t := l.tickets[key]
	switch {
	case t == nil:
	case t.called.IsZero():
		l.queue.leave(t)
		delete(l.tickets, key)
	default:
		l.drop(t)
		l.refund(t.Class)
	}
}

// TakeNext takes the slot of the call that follows the one just made, and may overdraw the
// burst by one: a GET and the PUT that it is for must not be torn apart. The second call's
// result must be handed to Done, or its slot to GiveBack.
func (l *Limiter) TakeNext() {
	defer l.locked()()
	l.slots--
	l.inFlight++
}

// GiveBack returns the rate slot of a call that was not made.
func (l *Limiter) GiveBack() {
	defer l.locked()()
	l.inFlight = max(0, l.inFlight-1)
	l.pause.unanswered()
	l.refund(ClassChange)
}

// Done takes in a call's result: a 429 slows down and pauses, a 5xx with Retry-After pauses, an answer speeds up.
func (l *Limiter) Done(err error) {
	defer l.locked()()
	now := time.Now()
	l.inFlight = max(0, l.inFlight-1)
	stale := l.stale > 0 && now.Before(l.staleUntil)
	l.stale = max(0, l.stale-1)

	e, _ := AsError(err)
	switch {
	case err != nil && e == nil, e != nil && e.Kind == KindNetwork:
		l.pause.unanswered()
	case e != nil && e.Kind == KindThrottled:
		if !stale {
			l.pace.refused(now)
			l.stale, l.staleUntil = l.inFlight, now.Add(callTime)
			l.pause.countThrottled()
		}
		l.silence(now, e.Until)
	case e != nil && e.Kind == KindServer && !e.Until.IsZero():
		l.silence(now, e.Until)
	default:
		if l.pause.answered() {
			l.pace.answered(now, l.queue.length > 0 && l.slots < 1)
		}
	}
}

// PausedUntil is the end of the present pause, zero if there is none.
func (l *Limiter) PausedUntil() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	if time.Now().Before(l.pause.until) {
		return l.pause.until
	}
	return time.Time{}
}

// Paused is for how long the API has had calls wait, in all: as time goes by, not when it asks for it.
func (l *Limiter) Paused() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.pause.total(time.Now())
}

// Rate is the present rate in calls per second, at most the ceiling.
func (l *Limiter) Rate() float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.pace.rate
}

// locked locks the limiter. What it returns calls those whose turn has come, and unlocks it.
func (l *Limiter) locked() (unlock func()) {
	l.mu.Lock()
	l.refill(time.Now())
	return func() {
		woken := l.call(time.Now())
		l.mu.Unlock()
		wake(woken)
	}
}

// wake is called without the lock: callers have locks of their own.
func wake(callers []func()) {
	for _, woken := range callers {
		woken()
	}
}

// call calls those whose turn has come, as far as there are rate slots, and returns how to wake them.
func (l *Limiter) call(now time.Time) (woken []func()) {
	for len(l.called) > 0 && now.Sub(l.called[0].called) >= ticketTTL {
		t := l.called[0]
		l.drop(t)
		l.refund(t.Class)
	}
	for l.slots >= 1-almost && l.pause.hold(now) == 0 {
		t := l.queue.next(l.watchSlots >= 1-almost)
		if t == nil {
			break
		}
		t.called = now
		l.called = append(l.called, t)
		l.slots--
		if t.Class == ClassWatch {
			l.watchSlots--
		}
		if t.Wake != nil {
			woken = append(woken, t.Wake)
		}
	}
	l.schedule(now)
	return woken
}

// schedule has call called when there is next something to do.
func (l *Limiter) schedule(now time.Time) {
	wait := time.Duration(-1)
	if l.queue.length > 0 {
		wait = l.pause.hold(now)
		if wait == 0 {
			wait = l.untilSlot()
		}
	}
	if len(l.called) > 0 {
		expiry := ticketTTL - now.Sub(l.called[0].called)
		if wait < 0 || expiry < wait {
			wait = expiry
		}
	}
	switch {
	case l.timer == nil && wait >= 0:
		l.timer = time.AfterFunc(wait, func() { l.locked()() })
	case l.timer != nil && wait < 0:
		l.timer.Stop()
	case l.timer != nil:
		l.timer.Reset(wait)
	}
}

// untilSlot is how long until a ticket can be called; no pause is on.
func (l *Limiter) untilSlot() time.Duration {
	seconds := (1 - l.slots) / l.pace.rate
	if l.queue.length == l.queue.rings[ClassWatch].length() {
		seconds = math.Max(seconds, (1-l.watchSlots)/(l.pace.rate*watchShare))
	}
	return time.Duration(math.Max(0, seconds)*float64(time.Second)) + 1 // rounded up
}

// estimate is about how long a ticket waits that is last.
func (l *Limiter) estimate(now time.Time) time.Duration {
	seconds := float64(l.queue.length+len(l.called)) / l.pace.rate
	return min(longestEstimate, l.pause.hold(now)+time.Duration(math.Min(seconds, longestEstimate.Seconds())*float64(time.Second)))
}

// drop forgets a ticket that was called. Its rate slot is the caller's affair.
func (l *Limiter) drop(t *ticket) {
	delete(l.tickets, t.Key)
	l.called = slices.DeleteFunc(l.called, func(other *ticket) bool { return other == t })
}

// silence begins a pause. Those who were called have to wait again, where they were.
func (l *Limiter) silence(now, until time.Time) {
	l.pause.begin(now, until)
	for _, t := range slices.Backward(l.called) {
		l.queue.rejoin(t)
	}
	l.called = nil
	l.trim()
}
