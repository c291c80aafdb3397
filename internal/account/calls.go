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
	made, err := a.begin(c)
	if err != nil {
		return klink.Group{}, err
	}
	asked := time.Now()
	g, err := made.of.client.Get(ctx, id)
	if err = made.after(ctx, err); err != nil {
		made.notFound(ctx, id, asked, err)
		return klink.Group{}, err
	}
	made.took(func(s *state) News {
		g = s.mirror.read(g, time.Now())
		s.mirror.entries.clear(g.ID, asked)
		return News{}
	})
	a.c.sawOwned(made.of, g.ID)
	return g, nil
}

// Create makes a group (groups API, POST /groups). The caller has taken the
// rate slot before it noted the attempt. ctx must outlive a shutdown.
func (a *Account) Create(ctx context.Context, f klink.Fields) (klink.Group, error) {
	made, err := a.c.begin()
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
	g, err := made.of.client.Create(ctx, f)
	return made.wrote(ctx, "", f, g, err)
}

// Update changes the given fields of a group (groups API, PUT /groups/:id).
func (a *Account) Update(ctx context.Context, c klink.Caller, id string, f klink.Fields) (klink.Group, error) {
	made, err := a.begin(c)
	if err != nil {
		return klink.Group{}, err
	}
	g, err := made.of.client.Update(ctx, id, f)
	if unarchives := f.ArchivedAt != nil && f.ArchivedAt.IsZero(); unarchives && err != nil && !klink.NothingMade(err) {
		made.unclear(id)
	}
	return made.wrote(ctx, id, f, g, err)
}

// Delete removes a group for good (groups API, DELETE /groups/:id).
func (a *Account) Delete(ctx context.Context, c klink.Caller, id string) error {
	made, err := a.begin(c)
	if err != nil {
		return err
	}
	if err := made.after(ctx, made.of.client.Delete(ctx, id)); err != nil {
		made.missed(id, err)
		return err
	}
	made.took(func(s *state) News {
		s.mirror.entries.removed(id, time.Now())
		s.trust.forget(id)
		return News{}
	})
	return nil
}

// begin takes a rate slot, and gives it back where no call can be made.
func (a *Account) begin(c klink.Caller) (call, error) {
	if !c.Taken {
		if err := a.Take(c); err != nil {
			return call{}, err
		}
	}
	made, err := a.c.begin()
	if err != nil {
		a.GiveBack()
	}
	return made, err
}

// call is a Group's call, in the session in which it was begun: its reply counts there
// alone.
type call struct {
	c  *connection
	of *session
}

// begin begins a call, unless the connection was blocked since the rate slot was taken.
func (c *connection) begin() (call, error) {
	made := call{c: c}
	c.state.Do(func(s *state) { made.of = s.session })
	if made.of == nil {
		_, why := c.health()
		return call{}, notSent(why)
	}
	return made, nil
}

func (m call) after(ctx context.Context, err error) error { return m.c.after(ctx, m.of, err) }

func (m call) took(change func(*state) News) { m.c.took(m.of, change) }

// wrote writes the reply to a write through to the mirror.
func (m call) wrote(ctx context.Context, id string, f klink.Fields, g klink.Group, err error) (klink.Group, error) {
	if err = m.after(ctx, err); err != nil {
		m.missed(id, err)
		return klink.Group{}, err
	}
	m.took(func(s *state) News {
		s.mirror.wrote(g, f.Names(), time.Now())
		if s.trust.level == TrustProvisional {
			s.trust.level = TrustEarned // a Group owns it, or is about to
		}
		return News{}
	})
	return g, nil
}

// unclear notes that a call to unarchive a group may still arrive, also where the
// token was changed meanwhile: what counts is the account.
func (m call) unclear(id string) {
	m.c.state.Do(func(s *state) {
		if s.mirror == m.of.mirror {
			s.mirror.entries.unclear(id, time.Now())
		}
	})
}

// missed takes in that a write did not find its group: the next look begins with a GET,
// and not with the same write again.
func (m call) missed(id string, err error) {
	if klink.Missing(err) && !isDown(err) {
		m.took(func(s *state) News { s.mirror.entries.missed(id); return News{} })
	}
}

// notFound takes in that a GET did not find its group. Where listings cannot prove that
// the group is gone, a list is asked for, so that the API's word can be asked for once
// more.
func (m call) notFound(ctx context.Context, id string, asked time.Time, err error) {
	if !klink.Missing(err) || isDown(err) {
		return
	}
	var alone bool
	m.took(func(s *state) News {
		s.mirror.notFound(id, asked, klink.KindOf(err) == klink.KindNotFound)
		alone = !s.mirror.listings.begun.IsZero() && !s.mirror.listings.complete
		return News{}
	})
	if alone && m.of.client.Probe(ctx) == nil {
		m.took(func(s *state) News { s.mirror.refusals.probed(id, time.Now()); return News{} })
	}
}

// notSent is the error of a call that was kept back here, with the proof that a
// create made nothing.
func notSent(why DownError) error {
	return &downError{
		DownError: why,
		cause:     &klink.Error{Kind: klink.KindNetwork, NothingMade: true, Message: why.Message},
	}
}
