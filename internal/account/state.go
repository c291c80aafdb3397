// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"maps"
	"slices"
	"time"

	"github.com/klink-cloud/klink-operator/internal/klink"
)

// session is a connection with one endpoint and one token. What was asked in one
// session says nothing in the next.
type session struct {
	client *klink.Client
	lister *klink.Lister
	// mirror tells sessions with the same account from others.
	mirror *mirror
}

// state is what is known of one connection. Its methods run while the connection's
// lock is held: there is no other way to reach it.
type state struct {
	waker    waker
	settings Settings
	session  *session       // nil while the connection may not be used
	limit    *klink.Limiter // of the endpoint, whatever the token
	mirror   *mirror
	health   health
	trust    trust
	behind   behind

	wanted  time.Time           // a listing is awaited that begins after this
	asked   time.Time           // when it was first awaited
	joined  time.Time           // when somebody last came to await it too
	waiting map[string]struct{} // the bound ids among those who await it
	next    time.Time           // when the next regular pass is due
	holdOff time.Time           // no pass before this: the last one failed
	byGets  bool                // reading the owned groups is cheaper than listing all
	pages   int                 // of the newest listing
	remote  int                 // groups in the newest complete listing
	listed  time.Time           // when that listing began
	odd     string              // what could not be read in the newest listing
	why     string              // it is incomplete
	// readUpTo is the id that was last read because the listings leave something out.
	readUpTo string
	watched  time.Time // when the newest look at all of it began, or that was first to be done
	dialect  klink.Dialect
}

// State is what can be said of the connection at the moment.
type State struct {
	// Up: calls are made. Otherwise Down and Message say why not; both are
	// zero while nothing has been tried yet.
	Up      bool
	Down    Down
	Message string
	// Trust is whether it shows the right account. Looked: there was a look, even if
	// it could not tell.
	Trust  Trust
	Looked bool
	// Missing and Owned are the numbers behind lost trust.
	Missing, Owned int
	// Behind says which request fails, where the connection is up and the account has
	// not been looked at for long all the same: bound Groups go on, and nothing is
	// created. Empty otherwise.
	Behind string
	// OnlyThrottled: nothing but 429 was answered for an interval. Unanswered: since the
	// start, and those who wait for the first answer were told.
	OnlyThrottled, Unanswered bool
	// Complete: the account can be listed completely, as far as known.
	Complete bool
	// Odd is what could not be read in the newest listing, Why the reason for which it is
	// incomplete; empty otherwise.
	Odd, Why string
	// Listed is when the newest complete listing began, RemoteGroups its size.
	Listed       time.Time
	RemoteGroups int
	// Watched is when the newest listing began, or the gets that stood in for one;
	// before the first, when the connection was set up.
	Watched time.Time
	Dialect klink.Dialect
	// PausedUntil is when the API lets calls through again (429), Paused for how long
	// it did not, in all.
	PausedUntil time.Time
	Paused      time.Duration
	// Rate is the learned rate, in calls a second.
	Rate     float64
	Endpoint string
}

func (s *state) show(now time.Time) State {
	return State{
		Up: s.health.up, Down: s.health.down, Message: s.health.message,
		Trust: s.trust.level, Looked: s.trust.looked, Missing: s.trust.missing, Owned: s.trust.owned,
		Behind: s.behind.on(now), OnlyThrottled: s.health.onlyThrottled(now, s.settings.Resync), Unanswered: s.health.unanswered(),
		Complete: s.mirror.listings.begun.IsZero() || s.mirror.listings.complete, Odd: s.odd, Why: s.why, Listed: s.listed, RemoteGroups: s.remote, Watched: s.watched, Dialect: s.dialect,
		PausedUntil: s.limit.PausedUntil(), Paused: s.limit.Paused(), Rate: s.limit.Rate(), Endpoint: s.settings.Endpoint,
	}
}

// retune applies what can change without a new client.
func (s *state) retune(to Settings) {
	if old := s.settings; old.PerSecond != to.PerSecond || old.Burst != to.Burst {
		s.limit.SetCeiling(to.PerSecond, to.Burst)
	}
	if s.settings.Resync != to.Resync {
		s.next = earlier(s.next, time.Now().Add(to.Resync))
		s.waker.wake()
	}
	s.settings = to
}

// await notes that somebody waits for a listing that begins after t.
func (s *state) await(t time.Time, id string) News {
	if listed, _ := s.mirror.listings.provenSince(); listed.After(t) {
		if id != "" {
			return News{IDs: []string{id}}
		}
		return News{Unbound: true}
	}
	if id != "" {
		s.waiting[id] = struct{}{}
	}
	s.joined = time.Now()
	if s.wanted.IsZero() {
		s.asked = s.joined
	}
	if s.wanted.IsZero() || t.Before(s.wanted) {
		s.wanted = t
	}
	s.waker.wake()
	return News{}
}

// wantedAt is when the awaited listing is to begin: one serves all who come to await one
// at about the same time, as when many Groups are deleted.
func (s *state) wantedAt() time.Time {
	return earlier(later(s.wanted, s.joined).Add(coalesceDelay), later(s.wanted, s.asked).Add(coalesceMost))
}

// awaited reports whether somebody waits for a listing that may begin now.
func (s *state) awaited() bool { return !s.wanted.IsZero() && time.Now().After(s.wanted) }

// takeIn applies a listing. contradicts reports whether it shows a group that was answered
// with 404 before it began.
func (s *state) takeIn(l klink.Listing, owned []string) (news News, contradicts bool) {
	now := time.Now()
	first, unlooked := s.mirror.listings.begun.IsZero(), !s.trust.looked
	changed, contradicts := s.mirror.apply(l, owned, now)
	news = s.judgeListing(l, owned, now)
	s.trust.looked = true
	s.mirror.prune(owned, now)
	s.trust.prune(owned)
	news.IDs = changed
	news.All = news.All || first
	since, _ := s.mirror.listings.provenSince()
	satisfied := !s.wanted.IsZero() && since.After(s.wanted)
	if satisfied {
		news.IDs = append(news.IDs, slices.Sorted(maps.Keys(s.waiting))...)
		clear(s.waiting)
		s.wanted = time.Time{}
	}
	news.Unbound = satisfied || len(changed) > 0
	news.Status = news.Status || unlooked || s.dialect != l.Dialect || l.Complete && s.remote != len(l.Groups)
	news.Status = news.Status || s.odd != l.Odd.String() || s.why != l.Why
	s.pages, s.dialect, s.watched, s.odd, s.why = l.Pages, l.Dialect, l.Begun, l.Odd.String(), l.Why
	if l.Complete {
		s.remote, s.listed = len(l.Groups), l.Begun
	}
	return news, contradicts
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
