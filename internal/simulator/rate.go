// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulator

import (
	"math"
	"net/http"
	"strconv"
	"time"
)

// bucket is one tenant's share of the rate limit.
type bucket struct {
	tokens float64
	filled time.Time
}

// take takes a token, or says how long until there is one.
func (b *bucket) take(limit RateLimit, now time.Time) (wait time.Duration) {
	burst := math.Max(1, float64(limit.Burst))
	if b.filled.IsZero() {
		b.tokens = burst
	} else {
		b.tokens = math.Min(burst, b.tokens+now.Sub(b.filled).Seconds()*limit.RequestsPerSecond)
	}
	b.filled = now
	if b.tokens < 1 {
		return time.Duration((1 - b.tokens) / limit.RequestsPerSecond * float64(time.Second))
	}
	b.tokens--
	return 0
}

// limited answers 429 when the tenant's bucket is empty.
func (s *state) limited(tenant string) (reply, bool) {
	limit := s.settings.RateLimit
	if limit.RequestsPerSecond == 0 {
		return reply{}, false
	}
	if s.buckets[tenant] == nil {
		s.buckets[tenant] = &bucket{}
	}
	now := time.Now()
	wait := s.buckets[tenant].take(limit, now)
	if wait == 0 {
		return reply{}, false
	}
	r := errorReply(http.StatusTooManyRequests, "too many requests")
	seconds := int(math.Ceil(wait.Seconds()))
	switch limit.RetryAfter {
	case RetryAfterSeconds:
		r.header.Set("Retry-After", strconv.Itoa(seconds))
	case RetryAfterDate:
		// A date has whole seconds: round up, never to before the token is there.
		r.header.Set("Retry-After", now.Add(wait+time.Second).UTC().Format(http.TimeFormat))
	}
	return r, true
}
