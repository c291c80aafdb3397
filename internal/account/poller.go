// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/klink-cloud/klink-operator/internal/klink"
)

const (
	// probeEvery is how often a connection that is down is tried, or its resync
	// interval if that is shorter.
	probeEvery = time.Minute
	// listKey is the poller's key in the queue for the rate.
	listKey = "listing"
	// coalesceDelay is how long an awaited listing waits for others who await one too:
	// after each of them again, but coalesceMost after the first at the latest.
	coalesceDelay = 200 * time.Millisecond
	coalesceMost  = 5 * time.Second
)

// poller looks at the account at each interval, and whenever a listing is awaited.
type poller struct {
	c *connection
}

// run polls until ctx ends.
func (p *poller) run(ctx context.Context) {
	for ctx.Err() == nil {
		if wait, ok := p.untilNext(); !ok || wait > 0 {
			p.sleep(ctx, wait, ok)
			continue
		}
		p.syncOnce(ctx)
	}
}

// untilNext is how long until the next pass; ok is false while nothing is
// configured.
func (p *poller) untilNext() (wait time.Duration, ok bool) {
	p.c.state.Do(func(s *state) {
		if s.session == nil {
			return
		}
		due := s.next
		if !s.wanted.IsZero() && s.health.up {
			due = earlier(due, s.wantedAt())
		}
		wait, ok = time.Until(later(due, s.holdOff)), true
	})
	return wait, ok
}

// sleep waits for the time, a ring, or the end.
func (p *poller) sleep(ctx context.Context, wait time.Duration, timed bool) {
	var timer <-chan time.Time
	if timed {
		t := time.NewTimer(wait)
		defer t.Stop()
		timer = t.C
	}
	select {
	case <-timer:
	case <-p.c.waker:
		return
	case <-ctx.Done():
	}
	select {
	case <-p.c.waker: // what it was for is looked at now
	default:
	}
}

// job is what one pass is to do.
type job struct {
	of      *session
	began   time.Time
	every   time.Duration
	wasDown bool
	byGets  bool
	owned   []string
	held    sets.Set[string] // those of owned that the mirror holds
}

// syncOnce makes one probe if the connection went down, and otherwise looks at the
// whole account, or at the owned groups where that is much cheaper.
func (p *poller) syncOnce(ctx context.Context) {
	j, ok := p.plan()
	if !ok {
		return
	}
	var err error
	switch {
	case j.wasDown && !p.probeDown(ctx, j.of):
		p.retry(j.of, min(j.every, probeEvery))
		return
	case j.byGets:
		err = p.watchOwned(ctx, j)
	default:
		err = p.list(ctx, j)
	}
	if err != nil {
		p.retry(j.of, min(j.every, p.failed(ctx, j.of, err)))
		return
	}
	p.c.took(j.of, (*state).caughtUp)
}

// plan says what a pass is to do; not ok means that there is nothing to be done now.
func (p *poller) plan() (j job, ok bool) {
	j = job{began: time.Now()}
	bindings, err := p.c.hooks.Bindings(p.c.key)
	owned := bindings.Owned
	p.c.state.Do(func(s *state) {
		if err != nil { // nobody knows what to look at
			s.next, s.holdOff = j.began.Add(probeEvery), j.began.Add(probeEvery)
			return
		}
		if ok = s.session != nil; !ok {
			return // the connection was blocked since the pass came due
		}
		j.of, j.every, j.owned = s.session, s.settings.Resync, owned
		j.held = s.mirror.entries.held(bindings.Owned)
		j.wasDown = !s.health.up && s.health.down != 0
		s.byGets = s.pages > 2*len(owned) && !s.mirror.listings.begun.IsZero()
		j.byGets = s.byGets && !bindings.Unbound && !s.awaited()
		s.next = j.began.Add(j.every) // who wants it sooner meanwhile is heard
	})
	return j, ok
}

// retry makes the next pass due after the wait, and none before it, even if one is awaited.
// It counts from the end of what failed: an API in trouble that is slow to answer is not
// asked again the sooner for it.
func (p *poller) retry(of *session, wait time.Duration) {
	t := time.Now().Add(wait)
	p.c.took(of, func(s *state) News {
		s.next, s.holdOff = earlier(s.next, t), t
		return News{}
	})
}

// probeDown makes the one probe of a connection that is down, when the rate lets it:
// a 429 pauses a connection that is down as well.
func (p *poller) probeDown(ctx context.Context, of *session) bool {
	return p.waitForRate(ctx, of) == nil && p.c.probe(ctx, of)
}

// failed takes in the failure of a pass and says when to try again. What is no
// answer about the connection as a whole makes it suspect, as a Group's call does.
func (p *poller) failed(ctx context.Context, of *session, err error) (wait time.Duration) {
	kind := klink.KindOf(err)
	switch kind {
	case 0, klink.KindUnauthorized, klink.KindNetwork, klink.KindThrottled: // given up, or settled
	default:
		p.c.suspect(ctx, of)
	}
	wait = probeEvery
	p.c.took(of, func(s *state) News {
		if kind == 0 || !s.health.up && s.health.down != 0 {
			return News{}
		}
		news := s.missed(err, time.Now())
		wait = min(probeEvery, time.Second<<min(s.behind.misses-1, 6))
		return news
	})
	return wait
}

// errChanged ends a pass of a session that is over.
var errChanged = errors.New("the connection was changed")

// waitForRate waits for the rate to let one call of the poller start.
func (p *poller) waitForRate(ctx context.Context, of *session) error {
	for {
		var changed bool
		class, limit := klink.ClassWatch, (*klink.Limiter)(nil)
		p.c.state.Do(func(s *state) {
			limit, changed = s.limit, s.session != of
			if s.mirror.listings.begun.IsZero() || s.awaited() {
				class = klink.ClassWatchUrgent
			}
		})
		if changed {
			limit.Forget(listKey)
			return errChanged
		}
		due, ok := limit.Take(klink.Caller{Key: listKey, Class: class, Wake: p.c.waker.wake})
		if ok {
			return ctx.Err()
		}
		p.sleep(ctx, time.Until(due), true)
		if ctx.Err() != nil {
			limit.Forget(listKey)
			return ctx.Err()
		}
	}
}

// list lists the account and takes the listing in.
func (p *poller) list(ctx context.Context, j job) error {
	of := j.of
	// Nobody who needs but an answer waits for the last of a hundred pages.
	of.lister.Answered = func() { p.c.settle(of, nil) }
	listing, err := of.lister.List(ctx, func(ctx context.Context) error { return p.waitForRate(ctx, of) })
	p.c.settle(of, err)
	if err != nil {
		return err
	}
	if err := p.seekArchived(ctx, of, &listing); err != nil {
		return err
	}
	bindings, err := p.c.hooks.Bindings(p.c.key)
	if err != nil {
		return err
	}
	var contradicts bool
	p.c.took(of, func(s *state) (news News) {
		s.trust.giveUp(bindings.GivenUp, j.held)
		news, contradicts = s.takeIn(listing, bindings.Owned)
		return news
	})
	if contradicts {
		p.c.suspect(ctx, of)
	}
	return p.readHidden(ctx, of, bindings)
}

// seekArchived reads one group that is known to be archived, where a listing shows
// none that is: either that group is gone, or the lists hide what is archived, and
// prove no absence. One that can be read neither way, twice, is taken for hidden: its
// trouble is not the account's.
func (p *poller) seekArchived(ctx context.Context, of *session, l *klink.Listing) error {
	if !l.Complete {
		return nil
	}
	var hidden bool
	var id string
	p.c.took(of, func(s *state) News {
		s.mirror.hidesArchived = s.mirror.hidesArchived && !slices.ContainsFunc(l.Groups, klink.Group.Archived)
		hidden, id = s.mirror.hidesArchived, s.mirror.entries.archivedUnlike(*l, time.Now())
		return News{}
	})
	if !hidden && id != "" {
		asked := time.Now()
		if err := p.waitForRate(ctx, of); err != nil {
			return err
		}
		g, err := of.client.Get(ctx, id)
		p.c.settle(of, err)
		if err != nil && !klink.Missing(err) {
			var again bool
			p.c.took(of, func(s *state) News {
				again, s.mirror.unreadable = s.mirror.unreadable == id, id
				return News{}
			})
			if !again || !p.isOwnTrouble(ctx, of, err) {
				return err
			}
			l.Complete, l.Why = false, fmt.Sprintf("no list shows the archived group %s any more, and it cannot be read: %v", id, err)
			return nil
		}
		hidden = err == nil && g.Archived()
		p.c.took(of, func(s *state) News {
			s.mirror.hidesArchived, s.mirror.unreadable = hidden, ""
			if err == nil {
				s.mirror.read(g, time.Now())
			} else {
				s.mirror.notFound(id, asked, klink.KindOf(err) == klink.KindNotFound)
			}
			return News{}
		})
	}
	l.Complete = !hidden
	return nil
}
