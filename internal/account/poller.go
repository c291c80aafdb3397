// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"context"
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
	return time.Until(due), true
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
	case <-ctx.Done():
	}
}

// pass makes one probe if the connection went down, and otherwise looks at the
// whole account, or at the owned groups where that is much cheaper.
func (a *Account) pass(ctx context.Context) {
	began := time.Now()
	owned, unbound := a.hooks.Owned(a.key), a.hooks.unbound(a.key)
	a.mu.Lock()
	client, lister, awaited := a.client, a.lister, unbound || !a.wanted.IsZero()
	wasDown := !a.health.up && a.health.reason != ""
	byGets := !awaited && a.pages > 2*len(owned) && !a.mirror.begun.IsZero()
	every := a.settings.Resync
	a.next = began.Add(every) // whoever wants it sooner meanwhile is heard
	a.mu.Unlock()

	var err error
	switch {
	case wasDown && !a.probe(ctx, client):
		a.nextBy(began.Add(min(every, probeEvery)))
		return
	case byGets:
		err = a.watchOwned(ctx, client, began, owned)
	default:
		err = a.list(ctx, lister, client)
	}
	if err != nil {
		a.nextBy(began.Add(min(every, a.listingFailed(err))))
	}
}

// nextBy makes the next pass due by t.
func (a *Account) nextBy(t time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.next = earlier(a.next, t)
}

// listingFailed takes in the failure of a pass and says when to try again.
func (a *Account) listingFailed(err error) time.Duration {
	if klink.KindOf(err) == 0 {
		return probeEvery // given up: the manager stops
	}
	a.mu.Lock()
	var news News
	retry := time.Second << min(a.health.failures, 5)
	switch kind := klink.KindOf(err); kind {
	case klink.KindThrottled:
	case klink.KindServer, klink.KindBadReply, klink.KindNetwork:
		// One broken page is not an outage; several looks in a row are.
		if kind != klink.KindNetwork {
			a.health.failures++
		}
		if a.health.failures >= netFailures || !a.health.up {
			news = a.goDown(err)
		}
	default:
		news = a.goDown(err)
	}
	if !a.health.up {
		retry = probeEvery
	}
	a.mu.Unlock()
	a.tell(news)
	return retry
}

// turn waits for the rate to let one list call start.
func (a *Account) turn(ctx context.Context) error {
	for {
		a.mu.Lock()
		class := klink.ClassWatch
		if a.mirror.begun.IsZero() || !a.wanted.IsZero() {
			class = klink.ClassWatchUrgent
		}
		a.mu.Unlock()
		due, ok := a.limit.Take(listKey, class)
		if ok {
			return ctx.Err()
		}
		timer := time.NewTimer(time.Until(due))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			a.limit.Forget(listKey)
			return ctx.Err()
		}
	}
}

// list lists the account and takes the listing in.
func (a *Account) list(ctx context.Context, lister *klink.Lister, client *klink.Client) error {
	listing, err := lister.List(ctx, a.turn)
	a.settle(err)
	if err != nil {
		return err
	}
	owned := a.hooks.Owned(a.key)
	a.mu.Lock()
	if a.client != client {
		// The connection was changed meanwhile: this is another account's listing.
		a.mu.Unlock()
		return nil
	}
	news := a.takeIn(listing, owned)
	a.mu.Unlock()
	a.tell(news)
	return nil
}

// takeIn applies a listing. a.mu is held.
func (a *Account) takeIn(l klink.Listing, owned []string) News {
	first := a.mirror.begun.IsZero()
	changed := a.mirror.apply(l, owned, time.Now())
	news := a.judgeListing(l, owned)
	a.mirror.prune(owned)
	news.IDs = changed
	news.All = news.All || first
	news.Unbound = len(changed) > 0 || !a.wanted.IsZero()
	news.Status = news.Status || first || a.dialect != l.Dialect || l.Complete && a.remote != len(l.Groups)
	a.pages, a.dialect = l.Pages, l.Dialect
	if l.Complete {
		a.remote, a.listed = len(l.Groups), l.Begun
	}
	if since, _ := a.mirror.provenSince(); since.After(a.wanted) {
		a.wanted = time.Time{}
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
	switch {
	case l.Complete:
		return a.judgeTrust(l.Begun, owned, shown)
	case !a.trust.trusted && (len(owned) == 0 || slices.ContainsFunc(owned, shows)):
		a.trust.trusted = true
		return News{All: true, Status: true}
	}
	return News{}
}

// watchOwned reads the owned groups one by one, where the account is so much
// larger that this is cheaper than listing it.
func (a *Account) watchOwned(ctx context.Context, client *klink.Client, began time.Time, owned []string) error {
	if len(owned) == 0 {
		err := client.Probe(ctx)
		a.settle(err)
		return err
	}
	found := make(map[string]struct{}, len(owned))
	var changed []string
	for _, id := range owned {
		if err := a.turn(ctx); err != nil {
			return err
		}
		g, err := client.Get(ctx, id)
		a.settle(err)
		switch klink.KindOf(err) {
		case 0:
			found[id] = struct{}{}
			changed = append(changed, a.noteRead(g)...)
		case klink.KindNotFound:
			changed = append(changed, a.noteUnlisted(id)...)
		case klink.KindForbidden, klink.KindServer, klink.KindBadReply:
			found[id] = struct{}{} // one group's own trouble: nothing is known of it
		default:
			return err
		}
	}
	a.mu.Lock()
	news := a.judgeTrust(began, owned, found)
	a.mu.Unlock()
	news.IDs = changed
	if len(changed) > 0 {
		a.AwaitListing(began)
	}
	a.tell(news)
	return nil
}

// noteRead takes in a watched group, and returns its id if it changed.
func (a *Account) noteRead(g klink.Group) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	e := a.mirror.entries[g.ID]
	if e != nil && !e.unlisted && same(e.group, e.merge(g, time.Now())) {
		return nil
	}
	a.mirror.read(g, time.Now())
	return []string{g.ID}
}

// noteUnlisted takes in that a watched group was not found.
func (a *Account) noteUnlisted(id string) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	e := a.mirror.entries[id]
	if e == nil || e.unlisted || e.settling(time.Now()) {
		return nil
	}
	e.unlisted = true
	return []string{id}
}

// owns reports whether a Group is bound to the id. a.mu is held; the hook does
// not call back.
func (a *Account) owns(id string) bool { return slices.Contains(a.hooks.Owned(a.key), id) }
