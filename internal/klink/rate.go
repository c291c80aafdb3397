// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import "time"

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

// Limiter is the rate of one connection: a ceiling, and below it what the API was seen to bear.
type Limiter struct{}

// NewLimiter returns a limiter with a ceiling of perSecond calls and bursts of burst calls.
func NewLimiter(perSecond float64, burst int) *Limiter { return &Limiter{} }

// SetCeiling changes the ceiling; a rate learned below it stays.
func (l *Limiter) SetCeiling(perSecond float64, burst int) {}

// Take asks whether key's next call may start now. If not, due says when to ask again;
// until then key keeps its place among its class.
func (l *Limiter) Take(key string, class Class) (due time.Time, ok bool) { return time.Now(), false }

// Forget gives up key's place.
func (l *Limiter) Forget(key string) {}

// Done reports the result of a call that Take let start.
func (l *Limiter) Done(err error) {}

// PausedUntil is the end of the present pause, zero if there is none.
func (l *Limiter) PausedUntil() time.Time { return time.Time{} }

// Rate is the present rate in calls per second.
func (l *Limiter) Rate() float64 { return 0 }
