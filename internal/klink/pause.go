// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import "time"

const (
	firstPause   = time.Second
	longestPause = time.Minute
)

// pause is a limiter's silence after the API asked for it. It ends with a probe: one call is let
// through, and the others wait for its result.
type pause struct {
	state     pauseState
	until     time.Time
	throttled int       // 429s without an answer in between
	probed    time.Time // when the probe was let through

	since time.Time     // when this pause began, or became longer
	past  time.Duration // how long there was silence before that
}

type pauseState int

const (
	running pauseState = iota
	silent             // nothing starts before until; then one call does
	probing            // that call is in flight
)

// begin keeps silence until the given time or, without one, for a time that doubles with each 429 in a row.
func (p *pause) begin(now, until time.Time) {
	if until.IsZero() && p.state == silent && now.Before(p.until) {
		return // the pause that this call came too early for
	}
	if until.IsZero() {
		until = now.Add(min(longestPause, firstPause<<max(0, p.throttled-1)))
	}
	if until.After(p.until) {
		p.past, p.since, p.until = p.total(now), now, until
	}
	p.state = silent
}

// total is how long there was silence in all, each second counted once.
func (p *pause) total(now time.Time) time.Duration {
	end := p.until
	if now.Before(end) {
		end = now
	}
	return p.past + max(0, end.Sub(p.since))
}

// countThrottled counts a 429; beyond seven the pause is the longest anyway.
func (p *pause) countThrottled() { p.throttled = min(p.throttled+1, 7) }

// started notes that a call was let through.
func (p *pause) started(now time.Time) {
	if p.state == silent {
		p.state, p.probed = probing, now
	}
}

// answered ends the probe, and says whether calls run freely.
func (p *pause) answered() bool {
	if p.state == silent {
		return false // the answer to a call from before the pause
	}
	p.state, p.throttled = running, 0
	return true
}

// unanswered lets another probe through.
func (p *pause) unanswered() {
	if p.state == probing {
		p.state = silent
	}
}

// single says whether no more than one call may be let through.
func (p *pause) single() bool { return p.state != running }

// hold is how long nothing starts: until the pause is over, or the probe in flight must be lost.
func (p *pause) hold(now time.Time) time.Duration {
	if p.state == probing && now.Sub(p.probed) >= callTime {
		p.state = silent
	}
	switch p.state {
	case silent:
		return max(0, p.until.Sub(now))
	case probing:
		return callTime - now.Sub(p.probed)
	default:
		return 0
	}
}
