// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/locked"
)

// waker wakes the poller. Several wake-ups before it looks are one.
type waker chan struct{}

func (w waker) wake() {
	select {
	case w <- struct{}{}:
	default:
	}
}

// connection is what the calls and the poller of an account share: the state, and
// the one way in which a reply gets into it.
type connection struct {
	key    Key
	hooks  Hooks
	waker  waker
	state  *locked.Value[state]
	probes singleflight.Group
}

func newConnection(key Key, hooks Hooks) *connection {
	w := make(waker, 1)
	return &connection{key: key, hooks: hooks, waker: w, state: locked.New(state{
		waker: w, mirror: newMirror(), waiting: map[string]struct{}{}, limit: klink.NewLimiter(1, 1), watched: time.Now(),
	})}
}

// renew begins a session with another endpoint or token.
func (c *connection) renew(s *state, to Settings) error {
	limit := s.limit
	elsewhere := NormalEndpoint(s.settings.Endpoint) != NormalEndpoint(to.Endpoint)
	if elsewhere {
		limit = klink.NewLimiter(to.PerSecond, to.Burst)
	}
	client, err := klink.New(klink.Config{
		Endpoint: to.Endpoint, Token: to.Token, UserAgent: to.UserAgent, Transport: to.Transport, CABundle: []byte(to.CABundle), ReadOnly: to.ReadOnly,
		// Each exchange is the rate's business by itself: a listing has many.
		Observe: func(call klink.Call) { limit.Done(call.Err); c.hooks.Observe(c.key, call) },
	})
	if err != nil {
		return fmt.Errorf("configuring the connection: %w", err)
	}
	if elsewhere {
		s.limit, s.mirror, s.pages, s.remote, s.listed, s.dialect, s.odd, s.why = limit, newMirror(), 0, 0, time.Time{}, "", "", ""
		s.watched = time.Now()
	}
	if s.mirror.room.most = mostBulk; to.ListingBytes > 0 {
		s.mirror.room.most = to.ListingBytes
	}
	s.mirror.doubt()
	if s.session != nil {
		s.session.client.Close()
	}
	s.session = &session{client: client, lister: klink.NewLister(client, to.Dialect), mirror: s.mirror}
	if to.ListingBytes > 0 {
		s.session.lister.Limit(to.ListingBytes)
	}
	s.trust, s.health, s.behind, s.next, s.holdOff = trust{}, health{}, behind{}, time.Time{}, time.Time{}
	to.CABundle = BundleSum(to.CABundle)
	s.retune(to)
	s.waker.wake()
	return nil
}

// took takes a reply in. It is the one way in which what the API says gets into the
// state, and it is closed to replies that were asked for in another session.
func (c *connection) took(of *session, change func(*state) News) {
	var news News
	c.state.Do(func(s *state) {
		if s.session == of && of != nil {
			news = change(s)
		}
	})
	c.tell(news)
}

// tell hands news over, when the state is unlocked.
func (c *connection) tell(n News) {
	if n.All || n.Status || n.Unbound || n.Waiting || len(n.IDs) > 0 {
		c.hooks.Notify(c.key, n)
	}
}

func (c *connection) limiter() (limit *klink.Limiter) {
	c.state.Do(func(s *state) { limit = s.limit })
	return limit
}

// settle takes in the result of a call: the breaker learns from it.
func (c *connection) settle(of *session, err error) {
	if err != nil && klink.KindOf(err) == 0 {
		return // not an answer: the call was given up
	}
	if unsent(err) {
		c.limiter().GiveBack()
	}
	c.took(of, func(s *state) News { return s.judge(err, time.Now()) })
}

// after settles the result of a Group's call. A 403, a 5xx and what the API did
// not say itself are looked into: where the connection turns out to be down, that
// is the error.
func (c *connection) after(ctx context.Context, of *session, err error) error {
	c.settle(of, err)
	switch klink.KindOf(err) {
	case klink.KindForbidden, klink.KindServer, klink.KindIntermediary:
		if !c.suspect(ctx, of) {
			return c.downBecause(err)
		}
	case klink.KindUnauthorized:
		return c.downBecause(err)
	case klink.KindNetwork:
		if up, _ := c.health(); !up {
			return c.downBecause(err)
		}
	}
	return err
}

func (c *connection) health() (up bool, why DownError) {
	c.state.Do(func(s *state) { up, why = s.health.up, DownError{Down: s.health.down, Message: s.health.message} })
	return up, why
}

// downBecause keeps the error of the call itself, which may be the proof that a POST
// made nothing, beside the reason why the connection is down.
func (c *connection) downBecause(cause error) error {
	_, why := c.health()
	return &downError{DownError: why, cause: cause}
}

// suspect decides whether a 403 or 5xx on one Group's call is that Group's own
// trouble: one list of limit 1, shared by all who suspect at the time, tells. It
// reports whether the connection is up.
func (c *connection) suspect(ctx context.Context, of *session) (up bool) {
	var known bool
	c.state.Do(func(s *state) {
		up = s.health.up
		tried, cleared := up || s.health.down != 0, time.Since(s.health.probed) < suspicionHolds || s.session != of
		known = tried && (!up || cleared)
	})
	if known {
		return up
	}
	result, _, _ := c.probes.Do(fmt.Sprintf("%p", of), func() (any, error) { return c.probe(ctx, of), nil })
	up, _ = result.(bool)
	return up
}

// probe asks for one group and takes the connection up or down by the answer.
func (c *connection) probe(ctx context.Context, of *session) (up bool) {
	err := of.client.Probe(ctx)
	c.settle(of, err)
	c.took(of, func(s *state) News {
		switch klink.KindOf(err) {
		case 0:
			if err == nil {
				s.health.probed = time.Now()
			}
		case klink.KindThrottled, klink.KindUnauthorized, klink.KindNetwork: // settled
		default:
			return s.goDown(err)
		}
		return News{}
	})
	up, _ = c.health()
	return up
}

// owns reports whether a Group is bound to the id.
func (c *connection) owns(id string) bool {
	bindings, err := c.hooks.Bindings(c.key)
	return err == nil && slices.Contains(bindings.Owned, id)
}

// sawOwned: a reply has shown an id. If a Group owns it, and none was shown
// before, the connection has earned trust.
func (c *connection) sawOwned(of *session, id string) {
	var open bool
	c.state.Do(func(s *state) { open = s.session == of && s.trust.level != TrustEarned })
	if open && c.owns(id) {
		c.took(of, func(s *state) News {
			news := s.trust.move(s.trust.level.shown(s.trust.owned))
			if s.mirror.listings.begun.IsZero() { // the first listing is news for all
				news.All, news.Waiting = false, news.All
			}
			return news
		})
	}
}

// trust is the trust that a plan may act on. What rests on the Groups' owning
// nothing ends as soon as they own something that was not shown.
func (c *connection) trust() (level Trust) {
	var sighted bool
	c.state.Do(func(s *state) { level, sighted = s.trust.level, s.mirror.sighted })
	if level == TrustEarned || level == TrustLost || level == TrustUnjudged && !sighted {
		return level // who owns what changes nothing, and that is not asked once for each Group after a restart
	}
	bindings, err := c.hooks.Bindings(c.key)
	if err != nil {
		return TrustUnjudged
	}
	var news News
	owned := bindings.Owned
	c.state.Do(func(s *state) {
		owned = slices.DeleteFunc(owned, s.trust.gone.Has)
		if slices.ContainsFunc(owned, s.mirror.entries.shown) { // before its Group was bound to it
			news = s.trust.move(s.trust.level.shown(len(owned)))
		}
		level = s.trust.level
	})
	c.tell(news)
	if level == TrustProvisional && len(owned) > 0 {
		return TrustUnjudged
	}
	return level
}
