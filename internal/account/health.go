// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"time"

	"github.com/klink-cloud/klink-operator/internal/klink"
)

const (
	// netFailures is how many calls in a row must get no answer before the
	// connection goes down.
	netFailures = 3
	// firstThrottled is for how long nothing but 429 may be answered before the first answer.
	firstThrottled = 10 * time.Second
	// suspicionHolds is for how long one probe's answer settles further suspicions.
	suspicionHolds = 5 * time.Second
)

// health is the breaker of one connection.
type health struct {
	up      bool
	down    Down
	message string
	// failures counts calls in a row that got no answer.
	failures int
	// throttled is since when nothing but 429 was answered; zero otherwise. told: the Groups that
	// wait for the first answer have been told.
	throttled time.Time
	told      bool
	// probed is when a probe last cleared a suspicion.
	probed time.Time
}

func (h *health) throttledFor(now time.Time) time.Duration {
	if h.throttled.IsZero() {
		return 0
	}
	return now.Sub(h.throttled)
}

// onlyThrottled reports whether nothing but 429 was answered for an interval; at first,
// when nothing else can be said of the connection, for a few seconds.
func (h *health) onlyThrottled(now time.Time, interval time.Duration) bool {
	if !h.up && h.down == 0 {
		return h.throttledFor(now) >= firstThrottled
	}
	return h.throttledFor(now) >= max(interval, probeEvery)
}

// unanswered: since the start nothing but 429 was answered, for so long that those who wait for
// the first answer were told.
func (h *health) unanswered() bool { return !h.up && h.down == 0 && h.told }

// unsent reports whether a call was refused here: no exchange tells the rate of it.
func unsent(err error) bool {
	e, ok := klink.AsError(err)
	return ok && e.Status == 0 && (e.Kind == klink.KindRejected || e.Kind == klink.KindReadOnly)
}

// judge turns the result of a call into the state of the breaker.
func (s *state) judge(err error, now time.Time) News {
	h := &s.health
	kind := klink.KindOf(err)
	if kind == klink.KindThrottled {
		h.failures = 0
		if h.throttled.IsZero() {
			h.throttled = now
		}
		news := News{Status: true} // a long pause is the connection's to report
		if !h.up && h.down == 0 && !h.told && h.onlyThrottled(now, s.settings.Resync) {
			h.told, news.All = true, true // Groups that wait for the first answer now wait for this
		}
		return news
	}
	if kind == klink.KindNetwork {
		if h.failures++; h.failures >= netFailures || !h.up {
			return s.goDown(err)
		}
		return News{}
	}
	var news News
	if !unsent(err) {
		news.Status = h.throttledFor(now) >= probeEvery
		h.failures, h.throttled = 0, time.Time{}
	}
	switch kind {
	case 0:
		return news.and(s.comeUp())
	case klink.KindUnauthorized:
		return news.and(s.goDown(err))
	default:
		return news
	}
}

// comeUp takes the connection up. At the first answer of all only those have something to
// do whom a person waits for: the others wait for the listing.
func (s *state) comeUp() News {
	if s.health.up {
		return News{}
	}
	first := s.health.down == 0 && s.mirror.listings.begun.IsZero() && !s.health.told
	s.health.up, s.health.down, s.health.message, s.health.told = true, 0, "", false
	if s.behind.told == "" {
		s.behind = behind{} // what failed may have been the outage
	}
	return News{All: !first, Waiting: first, Status: true}
}

// goDown takes the connection down: from now on one probe at a time is made, and
// no call for any Group.
func (s *state) goDown(err error) News {
	down := downFor(err)
	if !s.health.up && s.health.down == down {
		return News{}
	}
	// Groups that wait for the first answer, or for a listing, now wait for this.
	untried := !s.health.up && s.health.down == 0
	s.health.up, s.health.down, s.health.message = false, down, err.Error()
	s.next = earlier(s.next, time.Now().Add(min(s.settings.Resync, probeEvery)))
	s.waker.wake()
	return News{Status: true, All: untried, Unbound: true}
}

const (
	// behindIntervals is how many intervals old the newest look may be while looks fail.
	behindIntervals = 3
	// firstLooks is how many looks may fail before the first that does not.
	firstLooks = 3
)

// behind is what is known of looks that fail while the connection is up.
type behind struct {
	// misses are the looks in a row that failed.
	misses int
	// request is what failed last, and due when that has gone on for too long: the next look
	// may come, and fail, much later.
	request string
	due     time.Time
	// told is what was told of it.
	told string
}

// on says which request fails, once that has gone on for too long.
func (b *behind) on(now time.Time) string {
	if now.After(b.due) {
		return b.request
	}
	return ""
}

// missed takes in that a look failed while the connection is up.
func (s *state) missed(err error, now time.Time) News {
	b := &s.behind
	b.misses++
	b.request, b.due = err.Error(), s.watched.Add(behindIntervals*s.settings.Resync)
	if !s.trust.looked && b.misses >= firstLooks {
		b.due = time.Time{}
	}
	before := b.told
	b.told = b.on(now)
	return News{Status: before != b.told, Unbound: before == "" && b.told != ""}
}

// caughtUp takes in that a look succeeded.
func (s *state) caughtUp() News {
	was := s.behind.told != "" || s.behind.on(time.Now()) != ""
	s.behind = behind{}
	return News{Status: was, Unbound: was}
}
