// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"math"
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
	lowestRate  = 0.1 // calls per second: even a much throttled connection makes a call every 10 s
	highestRate = 1e6
	// watchShare is the part of the rate that ClassWatch may take.
	watchShare = 0.25
	// recoveryShare of the ceiling is won back in each recoveryTime without a 429.
	recoveryShare = 0.05
	recoveryTime  = 10 * time.Second
	// horizon is how far ahead a turn can be foretold: rates change and places are given up. Beyond it keys are told
	// to ask again within twice that time, later ones later, so that none sleeps on while the rate goes unused.
	horizon = 2 * time.Minute
	// callTime is longer than any call takes. A result that has not come by then never will.
	callTime = time.Minute
)

// Limiter is the rate of one connection: a ceiling, and below it what the API was seen to bear. Nobody sleeps in it:
// a call that cannot start now gets a place in a queue and the time when its turn comes. It is safe for concurrent use.
type Limiter struct {
	mu            sync.Mutex
	ceiling, rate float64 // calls per second
	burst         float64

	tokens, watchTokens float64
	refilled            time.Time

	queue queue
	pause pause

	raised   time.Time // when the rate was last raised or lowered
	inFlight int
	// stale counts the calls that were in flight when the rate was last lowered: their
	// 429s are news of the old rate. It holds until staleUntil.
	stale      int
	staleUntil time.Time
}

// NewLimiter returns a limiter with a ceiling of perSecond calls (at least 0.1) and bursts of burst calls (at least 1).
func NewLimiter(perSecond float64, burst int) *Limiter {
	l := &Limiter{queue: newQueue(), refilled: time.Now(), raised: time.Now()}
	l.ceiling, l.burst = bounded(perSecond), math.Max(1, float64(burst))
	l.rate, l.tokens, l.watchTokens = l.ceiling, l.burst, l.watchBurst()
	return l
}

// SetCeiling changes the ceiling. A rate learned below it stays; more burst fills up with time.
func (l *Limiter) SetCeiling(perSecond float64, burst int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refill(time.Now())
	learned := l.rate < l.ceiling
	l.ceiling, l.burst = bounded(perSecond), math.Max(1, float64(burst))
	if !learned || l.rate > l.ceiling {
		l.rate = l.ceiling
	}
	l.trim()
}

// Caller asks for a rate slot: the right to make one call now.
type Caller struct {
	// Key tells callers apart: each waits for one call at a time.
	Key string
	// Namespace is whose work it is. Within a class the namespaces take turns.
	Namespace string
	Class     Class
	// Wake is called when the turn of a caller that was told to wait has come. It must not block.
	Wake func()
}

// Take asks whether the caller's next call may start now; if so, the call's result must be handed to Done.
// If not, due, which lies ahead, says when to ask again: when its turn comes, or before that where this is minutes away.
// Until 15 s after due the key keeps its place, behind the better classes and the earlier keys of its own; asking
// early neither loses nor betters it, but another class does.
func (l *Limiter) Take(c Caller) (due time.Time, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	l.refill(now)
	l.queue.expire(now)
	t := l.queue.place(c.Key, c.Class)
	if wait := l.wait(now, t); wait > 0 {
		l.queue.setDue(t, now.Add(wait))
		return t.due, false
	}
	l.queue.remove(t)
	l.tokens--
	if c.Class == ClassWatch {
		l.watchTokens--
	}
	l.inFlight++
	l.pause.started(now)
	return now, true
}

// Forget gives up key's place.
func (l *Limiter) Forget(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queue.forget(key)
}

// Done takes in a call's result: a 429 slows down and pauses, a 5xx with Retry-After pauses, an answer speeds up.
// An error that is no *Error stands for a call that was not made after all.
func (l *Limiter) Done(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	l.refill(now)
	l.inFlight = max(0, l.inFlight-1)
	stale := l.stale > 0 && now.Before(l.staleUntil)
	l.stale = max(0, l.stale-1)

	e, _ := AsError(err)
	switch {
	case err != nil && e == nil, e != nil && (e.Kind == KindNetwork || e.Kind == KindReadOnly):
		l.pause.unanswered()
	case e != nil && e.Kind == KindThrottled:
		if !stale {
			l.slowDown(now)
			l.pause.strike()
		}
		l.pause.begin(now, e.Until)
		l.trim()
	case e != nil && e.Kind == KindServer && !e.Until.IsZero():
		l.pause.begin(now, e.Until)
		l.trim()
	default:
		if l.pause.answered() {
			l.speedUp(now)
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
	return l.rate
}

// wait is how long t has to wait, 0 if its call may start.
func (l *Limiter) wait(now time.Time, t *ticket) time.Duration {
	hold, single := l.pause.hold(now)
	ahead := float64(l.queue.ahead(t))
	if single && hold == 0 && t.dueBy(now) {
		ahead = 0 // the probe is whoever's time has come: it does not wait for those who stay away
	}
	after := func(tokens, limit, rate, ahead float64) time.Duration {
		tokens = math.Min(limit, tokens+rate*hold.Seconds())
		return hold + foretell((ahead+1-tokens)/rate)
	}
	limit, watchLimit := l.burst, l.watchBurst()
	if single {
		limit, watchLimit = 1, 1
	}
	wait := after(l.tokens, limit, l.rate, ahead)
	if t.class == ClassWatch {
		ahead = math.Min(ahead, float64(l.queue.aheadInClass(t)))
		wait = max(wait, after(l.watchTokens, watchLimit, l.rate*watchShare, ahead))
	}
	return wait
}

// foretell turns seconds into a time to wait. It rounds up, so that a call that comes back when it was told to finds
// its token, and takes for nothing what can only be a rounding error.
func foretell(s float64) time.Duration {
	if s < 1e-9 {
		return 0
	}
	if beyond := s - horizon.Seconds(); beyond > 0 {
		s = horizon.Seconds() * (1 + beyond/(beyond+horizon.Seconds()))
	}
	return time.Duration(s*float64(time.Second)) + 1
}

func (l *Limiter) slowDown(now time.Time) {
	l.rate = math.Max(lowestRate, l.rate/2)
	l.raised = now
	l.stale, l.staleUntil = l.inFlight, now.Add(callTime)
}

// speedUp adds the share of the time since the rate last changed. A pause and time beyond one
// recoveryTime count for nothing: a silent connection has learned nothing.
func (l *Limiter) speedUp(now time.Time) {
	since := min(now.Sub(l.raised), max(0, now.Sub(l.pause.until)), recoveryTime)
	l.rate = math.Min(l.ceiling, l.rate+l.ceiling*recoveryShare*since.Seconds()/recoveryTime.Seconds())
	l.raised = now
}

func (l *Limiter) refill(now time.Time) {
	elapsed := now.Sub(l.refilled).Seconds()
	l.tokens += elapsed * l.rate
	l.watchTokens += elapsed * l.rate * watchShare
	l.refilled = now
	l.trim()
}

// trim keeps the tokens below the burst, and below one call while paused or probing: what was
// saved up meanwhile must not hit an API that has just come back.
func (l *Limiter) trim() {
	limit, watchLimit := l.burst, l.watchBurst()
	if l.pause.single() {
		limit, watchLimit = 1, 1
	}
	l.tokens = math.Min(limit, l.tokens)
	l.watchTokens = math.Min(watchLimit, l.watchTokens)
}

func (l *Limiter) watchBurst() float64 { return math.Max(1, l.burst*watchShare) }

func bounded(perSecond float64) float64 {
	if math.IsNaN(perSecond) {
		return lowestRate
	}
	return math.Min(highestRate, math.Max(lowestRate, perSecond))
}
