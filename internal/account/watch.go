// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"context"
	"slices"
	"time"

	"github.com/klink-cloud/klink-operator/internal/klink"
)

// watchOwned reads the owned groups one by one, where the account is so much
// larger that this is cheaper than listing it. What is not found is left to its
// Group, which asks for a listing where it needs one.
func (a *Account) watchOwned(ctx context.Context, client *klink.Client, began time.Time, owned []string) error {
	if len(owned) == 0 {
		if err := a.greet(ctx, client); err != nil {
			return err
		}
	}
	shown := make(map[string]struct{}, len(owned))
	var answered, changed []string // of the others nothing is known
	for _, id := range owned {
		if err := a.turn(ctx, client); err != nil {
			return err
		}
		g, err := client.Get(ctx, id)
		a.settle(client, err)
		switch klink.KindOf(err) {
		case 0:
			shown[id] = struct{}{}
			answered, changed = append(answered, id), append(changed, a.noteRead(g)...)
		case klink.KindNotFound:
			answered, changed = append(answered, id), append(changed, a.noteUnlisted(id)...)
		case klink.KindUnauthorized, klink.KindNetwork, klink.KindThrottled:
			return err
		case klink.KindForbidden, klink.KindServer, klink.KindIntermediary:
			if !a.suspect(ctx, client) {
				return err
			}
		default: // this group's own trouble
		}
	}
	givenUp, err := a.hooks.GivenUp(a.key)
	if err != nil {
		return err
	}
	a.mu.Lock()
	var news News
	if a.client == client && (len(answered) > 0 || len(owned) == 0) {
		a.trust.forget(givenUp...)
		news = a.judgeTrust(began, answered, shown)
		news.Status = news.Status || !a.trust.looked
		a.trust.looked, a.watched = true, began
	}
	a.mu.Unlock()
	news.IDs = changed
	a.tell(news)
	return nil
}

// greet makes a probe in its turn, where there is nothing to read.
func (a *Account) greet(ctx context.Context, client *klink.Client) error {
	if err := a.turn(ctx, client); err != nil {
		return err
	}
	err := client.Probe(ctx)
	a.settle(client, err)
	return err
}

// noteRead takes in a watched group, and returns its id if it changed.
func (a *Account) noteRead(g klink.Group) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	e := a.mirror.entries[g.ID]
	if e != nil && !e.unlisted && same(e.group, e.merge(g, time.Now())) {
		e.stale = false
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
func (a *Account) owns(id string) bool {
	owned, err := a.hooks.Owned(a.key)
	return err == nil && slices.Contains(owned, id)
}
