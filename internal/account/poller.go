// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/klink-cloud/klink-operator/internal/klink"
)

const (
	// probeEvery is how often a connection that is down is tried, or its resync
	// interval if that is shorter.
	probeEvery = time.Minute
	// listKey is the poller's key in the queue for the rate.
	listKey = "listing"
	// gather is how long an awaited listing waits for others who await one too.
	gather = 200 * time.Millisecond
)

// poll lists the account at each interval, and whenever a listing is awaited,
// until ctx ends.
func (a *Account) poll(ctx context.Context) {
	for ctx.Err() == nil {
		if wait, ok := a.untilNext(); !ok || wait > 0 {
			a.sleep(ctx, wait, ok)
			continue
		}
		a.pass(ctx)
	}
}

// untilNext is how long until the next pass; ok is false while nothing is
// configured.
func (a *Account) untilNext() (wait time.Duration, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.client == nil {
		return 0, false
	}
	due := a.next
	if !a.wanted.IsZero() && a.health.up {
		due = earlier(due, a.wanted.Add(gather))
	}
	return time.Until(later(due, a.holdOff)), true
}

// sleep waits for the time, a kick, or the end.
func (a *Account) sleep(ctx context.Context, wait time.Duration, timed bool) {
	var timer <-chan time.Time
	if timed {
		t := time.NewTimer(wait)
		defer t.Stop()
		timer = t.C
	}
	select {
	case <-timer:
	case <-a.kick:
		return
	case <-ctx.Done():
	}
	select {
	case <-a.kick: // what it was for is looked at now
	default:
	}
}

// pass makes one probe if the connection went down, and otherwise looks at the
// whole account, or at the owned groups where that is much cheaper.
func (a *Account) pass(ctx context.Context) {
	began := time.Now()
	owned, err := a.hooks.Owned(a.key)
	unbound, unboundErr := a.hooks.Unbound(a.key)
	if err != nil || unboundErr != nil {
		a.postpone(began.Add(probeEvery))
		return
	}
	a.mu.Lock()
	client, lister, awaited := a.client, a.lister, unbound || a.awaited()
	if client == nil { // the connection was blocked since the pass came due
		a.mu.Unlock()
		return
	}
	wasDown := !a.health.up && a.health.down != 0
	a.byGets = a.pages > 2*len(owned) && !a.mirror.begun.IsZero()
	byGets := a.byGets && !awaited
	every := a.settings.Resync
	a.next = began.Add(every) // whoever wants it sooner meanwhile is heard
	a.mu.Unlock()

	switch {
	case wasDown && !a.revive(ctx, client):
		a.retry(began.Add(min(every, probeEvery)))
		return
	case byGets:
		err = a.watchOwned(ctx, client, began, owned)
	default:
		err = a.list(ctx, lister, client)
	}
	if err != nil {
		a.retry(began.Add(min(every, a.passFailed(ctx, client, err))))
		return
	}
	a.mu.Lock()
	a.misses = 0
	a.mu.Unlock()
}

// retry makes the next pass due at t, and none before it, whoever awaits one.
func (a *Account) retry(t time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.next.IsZero() { // or the connection was changed meanwhile
		a.next, a.holdOff = earlier(a.next, t), t
	}
}

// postpone makes the next pass due at t, where nobody can tell what to look at.
func (a *Account) postpone(t time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.next, a.holdOff = t, t
}

// revive makes the one probe of a connection that is down, when the rate lets it:
// a 429 pauses a connection that is down as well.
func (a *Account) revive(ctx context.Context, client *klink.Client) bool {
	return a.turn(ctx, client) == nil && a.probe(ctx, client)
}

// passFailed takes in the failure of a pass and says when to try again. What is no
// answer about the connection as a whole makes it suspect, as a Group's call does.
func (a *Account) passFailed(ctx context.Context, client *klink.Client, err error) time.Duration {
	kind := klink.KindOf(err)
	switch kind {
	case 0, klink.KindUnauthorized, klink.KindNetwork, klink.KindThrottled: // given up, or settled
	default:
		a.suspect(ctx, client)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if kind == 0 || !a.health.up && a.health.down != 0 {
		return probeEvery
	}
	a.misses++
	return min(probeEvery, time.Second<<min(a.misses-1, 6))
}

// errChanged ends a pass of a client that the connection has no longer.
var errChanged = errors.New("the connection was changed")

// turn waits for the rate to let one call of the poller start.
func (a *Account) turn(ctx context.Context, client *klink.Client) error {
	for {
		a.mu.Lock()
		class, limit, changed := klink.ClassWatch, a.limit, a.client != client
		if a.mirror.begun.IsZero() || a.awaited() {
			class = klink.ClassWatchUrgent
		}
		a.mu.Unlock()
		if changed {
			limit.Forget(listKey)
			return errChanged
		}
		due, ok := limit.Take(klink.Caller{Key: listKey, Class: class, Wake: a.wake})
		if ok {
			return ctx.Err()
		}
		a.sleep(ctx, time.Until(due), true)
		if ctx.Err() != nil {
			limit.Forget(listKey)
			return ctx.Err()
		}
	}
}

// list lists the account and takes the listing in.
func (a *Account) list(ctx context.Context, lister *klink.Lister, client *klink.Client) error {
	listing, err := lister.List(ctx, func(ctx context.Context) error { return a.turn(ctx, client) })
	a.settle(client, err)
	if err != nil {
		return err
	}
	owned, err := a.hooks.Owned(a.key)
	if err != nil {
		return err
	}
	givenUp, err := a.hooks.GivenUp(a.key)
	if err != nil {
		return err
	}
	a.mu.Lock()
	if a.client != client {
		// The connection was changed meanwhile: this is another account's listing.
		a.mu.Unlock()
		return nil
	}
	a.trust.forget(givenUp...)
	news := a.takeIn(listing, owned)
	a.mu.Unlock()
	a.tell(news)
	return nil
}

// takeIn applies a listing. a.mu is held.
func (a *Account) takeIn(l klink.Listing, owned []string) News {
	first, unlooked := a.mirror.begun.IsZero(), !a.trust.looked
	changed := a.mirror.apply(l, owned, time.Now())
	news := a.judgeListing(l, owned)
	a.trust.looked = true
	a.mirror.prune(owned)
	a.trust.prune(owned)
	news.IDs = changed
	news.All = news.All || first
	since, _ := a.mirror.provenSince()
	satisfied := !a.wanted.IsZero() && since.After(a.wanted)
	if satisfied {
		news.IDs = append(news.IDs, slices.Sorted(maps.Keys(a.waiting))...)
		clear(a.waiting)
		a.wanted = time.Time{}
	}
	news.Unbound = satisfied || len(changed) > 0
	news.Status = news.Status || unlooked || a.dialect != l.Dialect || l.Complete && a.remote != len(l.Groups)
	a.pages, a.dialect, a.watched = l.Pages, l.Dialect, l.Begun
	if l.Complete {
		a.remote, a.listed = len(l.Groups), l.Begun
	}
	return news
}

// judgeListing judges trust by a listing. An incomplete one shows less than
// there is, so that it can only earn trust. a.mu is held.
func (a *Account) judgeListing(l klink.Listing, owned []string) News {
	shown := make(map[string]struct{}, len(l.Groups))
	for _, g := range l.Groups {
		shown[g.ID] = struct{}{}
	}
	shows := func(id string) bool { _, ok := shown[id]; return ok }
	gone := func(id string) bool { _, ok := a.trust.gone[id]; return ok }
	if l.Complete {
		return a.judgeTrust(l.Begun, owned, shown)
	}
	earned := slices.ContainsFunc(owned, shows)
	if expected := slices.DeleteFunc(slices.Clone(owned), gone); !a.trust.trusted && (len(expected) == 0 || earned) {
		a.trust.trusted, a.trust.earned = true, earned
		return News{All: true, Status: true}
	}
	if earned && a.trust.trusted && !a.trust.earned {
		a.trust.earned = true
		return News{All: true}
	}
	return News{}
}
