// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"context"
	"time"

	"github.com/klink-cloud/klink-operator/internal/klink"
)

// Take takes a rate slot for one call. Its error is a [DeferredError] or a [DownError].
// Create makes no other check, so that nothing between the slot and the POST waits.
func (a *Account) Take(c klink.Caller) error {
	a.mu.Lock()
	up, down, limit := a.health.up, &DownError{Down: a.health.down, Message: a.health.message}, a.limit
	a.mu.Unlock()
	if !up {
		limit.Forget(c.Key)
		return down
	}
	if due, ok := limit.Take(c); !ok {
		return &DeferredError{Until: due, Paused: limit.PausedUntil().After(time.Now())}
	}
	return nil
}

// begin takes a rate slot, and gives it back where no call can be made.
func (a *Account) begin(c klink.Caller) (*klink.Client, error) {
	if !c.Taken {
		if err := a.Take(c); err != nil {
			return nil, err
		}
	}
	client, err := a.current()
	if err != nil {
		a.GiveBack()
	}
	return client, err
}

// TakeNext takes the rate slot of the call that follows at once, for Caller.Taken.
func (a *Account) TakeNext() { a.limiter().TakeNext() }

// GiveBack returns a rate slot that was taken for a call which is not made.
func (a *Account) GiveBack() { a.limiter().GiveBack() }

// Forget gives up the place in the queue of a Group that is gone.
func (a *Account) Forget(key string) { a.limiter().Forget(key) }

// Get reads one group (groups API, GET /groups/:id). With a 404 the error's kind
// is NotFound and the mirror keeps what it had: a listing has to agree.
func (a *Account) Get(ctx context.Context, c klink.Caller, id string) (klink.Group, error) {
	client, err := a.begin(c)
	if err != nil {
		return klink.Group{}, err
	}
	begun := time.Now()
	g, err := client.Get(ctx, id)
	if err = a.after(ctx, client, err); err != nil {
		return klink.Group{}, err
	}
	a.mu.Lock()
	var news News
	if a.client == client {
		g = a.mirror.read(g, time.Now())
		a.mirror.clear(g.ID, begun)
		news = a.sawOwned(g.ID)
	}
	a.mu.Unlock()
	a.tell(news)
	return g, nil
}

// Create makes a group (groups API, POST /groups). The caller has taken the
// rate slot before it noted the attempt. ctx must outlive a shutdown.
func (a *Account) Create(ctx context.Context, f klink.Fields) (klink.Group, error) {
	client, err := a.current()
	if err != nil {
		a.GiveBack()
		return klink.Group{}, err
	}
	if !a.trusted() {
		a.GiveBack()
		return klink.Group{}, notSent(Untrusted, "the connection does not show the groups that its Groups own")
	}
	g, err := client.Create(ctx, f)
	return a.wrote(ctx, client, "", g, err)
}

// Update changes the given fields of a group (groups API, PUT /groups/:id).
func (a *Account) Update(ctx context.Context, c klink.Caller, id string, f klink.Fields) (klink.Group, error) {
	client, err := a.begin(c)
	if err != nil {
		return klink.Group{}, err
	}
	g, err := client.Update(ctx, id, f)
	if unarchives := f.ArchivedAt != nil && f.ArchivedAt.IsZero(); unarchives && err != nil && !klink.NothingMade(err) {
		a.unclear(id)
	}
	return a.wrote(ctx, client, id, g, err)
}

// unclear notes that a call to unarchive a group may still arrive, also where the
// token was changed meanwhile.
func (a *Account) unclear(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.mirror.unclear(id, time.Now())
}

// Delete removes a group for good (groups API, DELETE /groups/:id).
func (a *Account) Delete(ctx context.Context, c klink.Caller, id string) error {
	client, err := a.begin(c)
	if err != nil {
		return err
	}
	if err := a.after(ctx, client, client.Delete(ctx, id)); err != nil {
		a.notFound(client, id, err)
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.client == client {
		a.mirror.removed(id, time.Now())
		a.trust.forget(id)
	}
	return nil
}

// wrote writes the reply to a write through to the mirror.
func (a *Account) wrote(ctx context.Context, client *klink.Client, id string, g klink.Group, err error) (klink.Group, error) {
	if err = a.after(ctx, client, err); err != nil {
		a.notFound(client, id, err)
		return klink.Group{}, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.client == client {
		a.mirror.wrote(g, time.Now())
		a.trust.earned = a.trust.earned || a.trust.trusted // a Group owns it, or is about to
	}
	return g, nil
}

// notFound takes in that a write did not find its group: the next look begins
// with a GET, and not with the same write again.
func (a *Account) notFound(client *klink.Client, id string, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if e := a.mirror.entries[id]; e != nil && a.client == client && klink.KindOf(err) == klink.KindNotFound {
		e.unlisted = true
	}
}

// after settles the result of a Group's call. A 403, a 5xx and what the API did
// not say itself are looked into: where the connection turns out to be down, that
// is the error.
func (a *Account) after(ctx context.Context, client *klink.Client, err error) error {
	a.settle(client, err)
	switch klink.KindOf(err) {
	case klink.KindForbidden, klink.KindServer, klink.KindIntermediary:
		if !a.suspect(ctx, client) {
			return a.downFor(err)
		}
	case klink.KindUnauthorized:
		return a.downFor(err)
	case klink.KindNetwork:
		if !a.up() {
			return a.downFor(err)
		}
	}
	return err
}

// downFor keeps the error of the call itself, which may be the proof that a POST
// made nothing, beside the reason why the connection is down.
func (a *Account) downFor(cause error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return &downError{DownError: DownError{Down: a.health.down, Message: a.health.message}, cause: cause}
}

type downError struct {
	DownError
	cause error
}

func (d *downError) Unwrap() []error { return []error{&d.DownError, d.cause} }

func (a *Account) up() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.health.up
}

// current returns the client, unless the connection was blocked since the rate
// slot was taken.
func (a *Account) current() (*klink.Client, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.client == nil {
		return nil, notSent(a.health.down, a.health.message)
	}
	return a.client, nil
}

// notSent is the error of a call that was kept back here, with the proof that a
// create made nothing.
func notSent(down Down, message string) error {
	return &downError{
		DownError: DownError{Down: down, Message: message},
		cause:     &klink.Error{Kind: klink.KindNetwork, NothingMade: true, Message: message},
	}
}
