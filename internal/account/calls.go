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
	up, down := a.c.health()
	limit := a.c.limiter()
	if !up {
		limit.Forget(c.Key)
		return &down
	}
	if due, ok := limit.Take(c); !ok {
		return &DeferredError{Until: due, Paused: limit.PausedUntil().After(time.Now())}
	}
	return nil
}

// TakeNext takes the rate slot of the call that follows at once, for Caller.Taken.
func (a *Account) TakeNext() { a.c.limiter().TakeNext() }

// GiveBack returns a rate slot that was taken for a call which is not made.
func (a *Account) GiveBack() { a.c.limiter().GiveBack() }

// Forget gives up the place in the queue of a Group that is gone.
func (a *Account) Forget(key string) { a.c.limiter().Forget(key) }

// Get reads one group (groups API, GET /groups/:id). With a 404 the error's kind
// is NotFound and the mirror keeps what it had: a listing has to agree.
func (a *Account) Get(ctx context.Context, c klink.Caller, id string) (klink.Group, error) {
	of, err := a.begin(c)
	if err != nil {
		return klink.Group{}, err
	}
	asked := time.Now()
	g, err := of.client.Get(ctx, id)
	if err = a.c.after(ctx, of, err); err != nil {
		a.c.notFound(ctx, of, id, asked, err)
		return klink.Group{}, err
	}
	a.c.took(of, func(s *state) News {
		g = s.mirror.read(g, time.Now())
		s.mirror.entries.clear(g.ID, asked)
		return News{}
	})
	a.c.sawOwned(of, g.ID)
	return g, nil
}

// Create makes a group (groups API, POST /groups). The caller has taken the
// rate slot before it noted the attempt. ctx must outlive a shutdown.
func (a *Account) Create(ctx context.Context, f klink.Fields) (klink.Group, error) {
	of, err := a.current()
	if err != nil {
		a.GiveBack()
		return klink.Group{}, err
	}
	if !a.c.trust().Holds() {
		a.GiveBack()
		return klink.Group{}, notSent(DownError{Untrusted, "the connection does not show the groups that its Groups own"})
	}
	if request := a.State().Behind; request != "" {
		a.GiveBack()
		return klink.Group{}, notSent(DownError{Unavailable, "the account cannot be listed: " + request})
	}
	g, err := of.client.Create(ctx, f)
	return a.wrote(ctx, of, "", f, g, err)
}

// Update changes the given fields of a group (groups API, PUT /groups/:id).
func (a *Account) Update(ctx context.Context, c klink.Caller, id string, f klink.Fields) (klink.Group, error) {
	of, err := a.begin(c)
	if err != nil {
		return klink.Group{}, err
	}
	g, err := of.client.Update(ctx, id, f)
	if unarchives := f.ArchivedAt != nil && f.ArchivedAt.IsZero(); unarchives && err != nil && !klink.NothingMade(err) {
		a.unclear(of, id)
	}
	return a.wrote(ctx, of, id, f, g, err)
}

// unclear notes that a call to unarchive a group may still arrive, also where the
// token was changed meanwhile: what counts is the account.
func (a *Account) unclear(of *session, id string) {
	a.c.state.Do(func(s *state) {
		if s.mirror == of.mirror {
			s.mirror.entries.unclear(id, time.Now())
		}
	})
}

// Delete removes a group for good (groups API, DELETE /groups/:id).
func (a *Account) Delete(ctx context.Context, c klink.Caller, id string) error {
	of, err := a.begin(c)
	if err != nil {
		return err
	}
	if err := a.c.after(ctx, of, of.client.Delete(ctx, id)); err != nil {
		a.missed(of, id, err)
		return err
	}
	a.c.took(of, func(s *state) News {
		s.mirror.entries.removed(id, time.Now())
		s.trust.forget(id)
		return News{}
	})
	return nil
}

// wrote writes the reply to a write through to the mirror.
func (a *Account) wrote(
	ctx context.Context, of *session, id string, f klink.Fields, g klink.Group, err error,
) (klink.Group, error) {
	if err = a.c.after(ctx, of, err); err != nil {
		a.missed(of, id, err)
		return klink.Group{}, err
	}
	a.c.took(of, func(s *state) News {
		s.mirror.wrote(g, f.Names(), time.Now())
		if s.trust.level == TrustProvisional {
			s.trust.level = TrustEarned // a Group owns it, or is about to
		}
		return News{}
	})
	return g, nil
}

// missed takes in that a write did not find its group: the next look begins with a GET,
// and not with the same write again.
func (a *Account) missed(of *session, id string, err error) {
	if klink.Missing(err) && !isDown(err) {
		a.c.took(of, func(s *state) News { s.mirror.entries.missed(id); return News{} })
	}
}

// notFound takes in that a GET did not find its group. Where listings cannot prove that
// the group is gone, a list is asked for, so that the API's word can be asked for once
// more.
func (c *connection) notFound(ctx context.Context, of *session, id string, asked time.Time, err error) {
	if !klink.Missing(err) || isDown(err) {
		return
	}
	var alone bool
	c.took(of, func(s *state) News {
		s.mirror.notFound(id, asked, klink.KindOf(err) == klink.KindNotFound)
		alone = !s.mirror.listings.begun.IsZero() && !s.mirror.listings.complete
		return News{}
	})
	if alone && of.client.Probe(ctx) == nil {
		c.took(of, func(s *state) News { s.mirror.refusals.probed(id, time.Now()); return News{} })
	}
}

// begin takes a rate slot, and gives it back where no call can be made.
func (a *Account) begin(c klink.Caller) (*session, error) {
	if !c.Taken {
		if err := a.Take(c); err != nil {
			return nil, err
		}
	}
	of, err := a.current()
	if err != nil {
		a.GiveBack()
	}
	return of, err
}

// current returns the session, unless the connection was blocked since the rate
// slot was taken.
func (a *Account) current() (of *session, err error) {
	a.c.state.Do(func(s *state) { of = s.session })
	if of == nil {
		_, why := a.c.health()
		return nil, notSent(why)
	}
	return of, nil
}

// notSent is the error of a call that was kept back here, with the proof that a
// create made nothing.
func notSent(why DownError) error {
	return &downError{
		DownError: why,
		cause:     &klink.Error{Kind: klink.KindNetwork, NothingMade: true, Message: why.Message},
	}
}
