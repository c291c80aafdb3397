// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"math"
	"time"
)

const (
	// firstRate is where the rate begins, in calls a second, or at the ceiling where that is lower.
	firstRate = 10
	// firstBurst is how many calls may start at once before anything is known.
	firstBurst  = 10
	lowestRate  = 0.1 // even a much throttled connection makes a call every 10 s
	highestRate = 1e6
	// climb is by how much the rate grows each second until the first 429.
	climb = 1.25
	// A 429 leaves of the rate what was served while calls waited, between these parts of it.
	leastLeft, mostLeft = 0.5, 0.8
	// caution is for how long the rate that met a 429 is not reached again.
	caution = 10 * time.Minute
	// approach is how long it takes to come closer to that rate by a factor of e, and margin
	// how close it comes.
	approach = 6 * time.Second
	margin   = 0.97
	// recovery is by what part of the rate that last met a 429 the rate grows each second, once
	// caution is over.
	recovery = 0.01
	// cautiousBurst is how many rate slots are saved up after a burst has met a 429.
	cautiousBurst = 2
	// lessonTime bounds what is learned from one answer: a silent connection has learned nothing.
	lessonTime = time.Second
)

// pace is the learned rate. It rises only while calls wait and are answered.
type pace struct {
	ceiling, rate float64 // calls per second

	changed time.Time
	short   bool // since then a call had to wait
	// served counts the answers since the last 429 that came while calls waited, in so many seconds.
	served, seconds float64
	// met is the rate that last met a 429, and metAt when; zero before the first.
	met   float64
	metAt time.Time
	// burstMet is when a burst of saved rate slots last met one.
	burstMet time.Time
}

func newPace(now time.Time, ceiling float64) pace {
	p := pace{changed: now, ceiling: bounded(ceiling)}
	p.rate = math.Min(firstRate, p.ceiling)
	return p
}

func (p *pace) setCeiling(perSecond float64) {
	p.ceiling = bounded(perSecond)
	p.rate = math.Min(p.rate, p.ceiling)
}

// refused takes in a 429. Where calls have hardly waited so far, what met it were the rate slots
// that had been saved up, and not the rate.
func (p *pace) refused(now time.Time) {
	if p.seconds < lessonTime.Seconds()/2 && !p.cautious(now) {
		p.burstMet = now
		return
	}
	left := mostLeft * p.rate
	if p.seconds > 0 {
		left = math.Min(left, math.Max(leastLeft*p.rate, p.served/p.seconds))
	}
	p.met, p.metAt = p.rate, now
	p.rate = math.Max(lowestRate, left)
	p.changed, p.short, p.served, p.seconds = now, false, 0, 0
}

// cautious: a burst was refused of late, so that fewer rate slots are saved up.
func (p *pace) cautious(now time.Time) bool {
	return !p.burstMet.IsZero() && now.Sub(p.burstMet) < caution
}

// answered takes in an answer. waiting: calls wait for the rate at the moment.
func (p *pace) answered(now time.Time, waiting bool) {
	since := min(now.Sub(p.changed), lessonTime).Seconds()
	waited := p.short || waiting
	p.changed, p.short = now, false
	if !waited {
		return
	}
	p.served++
	p.seconds += since
	rate := p.rate
	switch {
	case p.met == 0:
		rate *= math.Pow(climb, since)
	case now.Sub(p.metAt) < caution:
		rate += math.Max(0, margin*p.met-rate) * (1 - math.Exp(-since/approach.Seconds()))
	default:
		rate += p.met * recovery * since
	}
	p.rate = math.Min(p.ceiling, rate)
}

func bounded(perSecond float64) float64 {
	if math.IsNaN(perSecond) {
		return lowestRate
	}
	return math.Min(highestRate, math.Max(lowestRate, perSecond))
}
