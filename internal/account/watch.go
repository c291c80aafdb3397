// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"context"
	"slices"
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
		one, err := p.readOne(ctx, j.of, id, p.noteNotFound)
		switch {
		case err != nil:
			return err
		case one.shown:
			shown.Insert(id)
		}
		if one.answered {
			answered = append(answered, id)
		}
		if one.changed {
			changed = append(changed, id)
		}
	}
	bindings, err := p.c.hooks.Bindings(p.c.key)
	if err != nil {
		return err
	}
	p.c.took(j.of, func(s *state) (news News) {
		now := time.Now()
		if len(answered) > 0 || len(j.owned) == 0 {
			s.trust.giveUp(bindings.GivenUp, j.held)
			news = s.judgeTrust(j.began, answered, shown, now)
			s.watched = j.began
		}
		s.mirror.prune(j.owned, now)
		news.IDs = changed
		return news
	})
	return nil
}

// readHidden reads the owned groups of which the listing has left out what their Groups
// declare, one after another, until the next listing is due: then the next one goes on
// where this one stopped. What nothing has shown yet is left to its Group, which asks.
func (p *poller) readHidden(ctx context.Context, of *session, b Bindings) error {
	var ids, changed []string
	p.c.took(of, func(s *state) News {
		ids = s.mirror.entries.hidden(b)
		after, _ := slices.BinarySearch(ids, s.readUpTo+"\x00")
		ids = slices.Concat(ids[after:], ids[:after])
		return News{}
	})
	defer func() { p.c.took(of, func(*state) News { return News{IDs: changed} }) }()
	for _, id := range ids {
		if wait, ok := p.untilNext(); !ok || wait <= 0 {
			return nil
		}
		// The listing has just shown it: where it is gone since, the next one lacks it.
		one, err := p.readOne(ctx, of, id, func(*session, string, time.Time, bool) bool { return false })
		if err != nil {
			return err
		}
		if one.changed {
			changed = append(changed, id)
		}
		p.c.took(of, func(s *state) News { s.readUpTo = id; return News{} })
	}
	return nil
}

// hidden are the owned ids, in their order, of which a listing has left out what their
// Groups declare and what was shown otherwise.
func (es entries) hidden(b Bindings) (ids []string) {
	for id, declared := range b.Declares {
		e := es[id]
		if e == nil || e.unlisted {
			continue
		}
		hidden, unknown := e.hidden, e.group.Unknown
		if e.left != nil { // it was shown, and is known by its digest
			hidden, unknown = hidden|bulky, unknown&^bulky
		}
		if declared&hidden&^unknown != 0 {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// looked is what came of reading one watched group; all false where that is its own trouble.
type looked struct{ shown, answered, changed bool }

// readOne reads one watched group in its turn; notFound takes in a 404. An error ends the pass.
func (p *poller) readOne(
	ctx context.Context, of *session, id string, notFound func(of *session, id string, asked time.Time, word bool) bool,
) (one looked, err error) {
	if err := p.waitForRate(ctx, of); err != nil {
		return one, err
	}
	asked := time.Now()
	g, err := of.client.Get(ctx, id)
	p.c.settle(of, err)
	switch {
	case err == nil:
		return looked{shown: true, answered: true, changed: p.noteRead(of, g)}, nil
	case klink.Missing(err):
		return looked{answered: true, changed: notFound(of, id, asked, klink.KindOf(err) == klink.KindNotFound)}, nil
	case !p.isOwnTrouble(ctx, of, err):
		return one, err
	}
	return one, nil
}

// isOwnTrouble reports whether the failure of one group's GET concerns that group alone, so
// that the pass goes on with the others. A probe decides where it may be the connection's.
func (p *poller) isOwnTrouble(ctx context.Context, of *session, err error) bool {
	switch klink.KindOf(err) {
	case 0, klink.KindUnauthorized, klink.KindThrottled:
		return false
	case klink.KindForbidden, klink.KindServer, klink.KindIntermediary, klink.KindNetwork:
		return p.c.suspect(ctx, of)
	default:
		return true
	}
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

// noteRead takes in a watched group, and says whether it changed.
func (p *poller) noteRead(of *session, g klink.Group) (changed bool) {
	p.c.took(of, func(s *state) News {
		e := s.mirror.entries[g.ID]
		known := e != nil && !e.unlisted
		var before klink.Group
		var left *sum
		if known {
			before, left = e.group, e.left
		}
		read := s.mirror.read(g, time.Now())
		changed = !known || !shownAs(before, left, read)
		return News{}
	})
	return changed
}

// noteNotFound takes in that a watched group was not found, and says whether that is news.
func (p *poller) noteNotFound(of *session, id string, asked time.Time, word bool) (changed bool) {
	p.c.took(of, func(s *state) News {
		e := s.mirror.entries[id]
		if e != nil && e.settling(asked) {
			return News{}
		}
		changed = e != nil && !e.unlisted
		s.mirror.notFound(id, asked, word)
		return News{}
	})
	return changed
}
