// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/klink-cloud/klink-operator/internal/klink"
)

// watchOwned reads the owned groups one by one, where the account is so much
// larger that this is cheaper than listing it. What is not found is left to its
// Group, which asks for a listing where it needs one.
func (p *poller) watchOwned(ctx context.Context, j job) error {
	if len(j.owned) == 0 {
		if err := p.probeOnce(ctx, j.of); err != nil {
			return err
		}
	}
	shown := sets.New[string]()
	var answered, changed []string // of the others nothing is known
	for _, id := range j.owned {
		if err := p.waitForRate(ctx, j.of); err != nil {
			return err
		}
		asked := time.Now()
		g, err := j.of.client.Get(ctx, id)
		p.c.settle(j.of, err)
		switch e, _ := klink.AsError(err); {
		case err == nil:
			shown.Insert(id)
			answered, changed = append(answered, id), append(changed, p.noteRead(j.of, g)...)
		case e == nil, e.Kind == klink.KindUnauthorized, e.Kind == klink.KindNetwork, e.Kind == klink.KindThrottled:
			return err
		case klink.Missing(err):
			answered, changed = append(answered, id), append(changed, p.noteNotFound(j.of, id, asked, e.Kind == klink.KindNotFound)...)
		case e.Kind == klink.KindForbidden, e.Kind == klink.KindServer, e.Kind == klink.KindIntermediary:
			if !p.c.suspect(ctx, j.of) {
				return err
			}
		default: // this group's own trouble
		}
	}
	bindings, err := p.c.hooks.Bindings(p.c.key)
	if err != nil {
		return err
	}
	p.c.took(j.of, func(s *state) (news News) {
		now := time.Now()
		if len(answered) > 0 || len(j.owned) == 0 {
			s.trust.forget(bindings.GivenUp...)
			news = s.judgeTrust(j.began, answered, shown, now)
			news.Status = news.Status || !s.trust.looked
			s.trust.looked, s.watched = true, j.began
		}
		s.mirror.prune(j.owned, now)
		news.IDs = changed
		return news
	})
	return nil
}

// probeOnce makes a probe in its turn, where there is nothing to read.
func (p *poller) probeOnce(ctx context.Context, of *session) error {
	if err := p.waitForRate(ctx, of); err != nil {
		return err
	}
	err := of.client.Probe(ctx)
	p.c.settle(of, err)
	return err
}

// noteRead takes in a watched group, and returns its id if it changed.
func (p *poller) noteRead(of *session, g klink.Group) (changed []string) {
	p.c.took(of, func(s *state) News {
		e := s.mirror.entries[g.ID]
		known := e != nil && !e.unlisted
		var before klink.Group
		if known {
			before = e.group
		}
		if read := s.mirror.read(g, time.Now()); !known || !same(before, read) {
			changed = []string{g.ID}
		}
		return News{}
	})
	return changed
}

// noteNotFound takes in that a watched group was not found.
func (p *poller) noteNotFound(of *session, id string, asked time.Time, word bool) (changed []string) {
	p.c.took(of, func(s *state) News {
		e := s.mirror.entries[id]
		if e != nil && e.settling(asked) {
			return News{}
		}
		if e != nil && !e.unlisted {
			changed = []string{id}
		}
		s.mirror.notFound(id, asked, word)
		return News{}
	})
	return changed
}
