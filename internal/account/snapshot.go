// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"slices"
	"time"

	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

// SettleTime is how long the API may lag behind a write.
const SettleTime = 2 * time.Minute

// Presence is how much is known of a remote group.
type Presence int

const (
	// Unknown: nothing was read or listed yet.
	Unknown Presence = iota
	// Present: it was seen.
	Present
	// Unlisted: the newest listing lacks it, which is a hint and no more.
	Unlisted
)

// Remote is what is known of one remote group.
type Remote struct {
	Presence Presence
	Group    klink.Group
	// AsOf is when the listing or the call began that showed Group.
	AsOf time.Time
	// Settling: our own write is younger than the settle time, so an absence may
	// be the API's lag.
	Settling bool
	// Replied: such a write's reply showed it archived, or not, just as Group does.
	Replied bool
	// Unarchiving is until when our own call to unarchive it, which got no clear
	// answer, may still arrive; zero where there is none, or where it was read since.
	Unarchiving time.Time
	// Writes are the fields that our own writes set within the last hour, and when
	// these were answered.
	Writes map[string]time.Time
	// Untried are the fields that listings alone have shown, and always as Group does, or of
	// which the first listing after a GET showed a part: lists may show less than a GET does.
	Untried remote.FieldSet

	// Absent is when the listing began that proves that the account lacks it: the
	// older one, where it takes two. Zero without such a proof.
	Absent time.Time
	// FirstNotFound and NotFound are when the first and the newest question was asked
	// that was answered with 404, by what stands before the API, since the group
	// was last shown; zero without one.
	FirstNotFound, NotFound time.Time
	// NotFoundListed is the newest such question after which the listings began by which
	// an absence is proven; zero without one.
	NotFoundListed time.Time
	// NotFoundTwice is when the second question was asked to which the API itself said
	// 404, after it had been answered a list in between; zero otherwise.
	NotFoundTwice time.Time
	// Contradicted: lists show it, and calls for it alone were answered with 404.
	Contradicted bool
	// Deleted is when our own DELETE was answered; zero without one.
	Deleted time.Time
}

// Evidence is what is known of the account and of its groups of some names.
type Evidence struct {
	// Named are the groups of these names, and of those that an API may take for one of
	// them (remote.NameKey), archived ones included. Unnamed are those whose name nobody
	// has seen.
	Named, Unnamed []klink.Group
	// SeenAt tells of each when the listing or the call began that showed it last.
	SeenAt map[string]time.Time
	// Mirrored: at least one listing was taken in.
	Mirrored bool
	// Listed is since when an absence counts: when the newest listing began, or,
	// by page number, the older of the two that agree. Zero before that.
	Listed time.Time
	// Newest is when the newest listing began, whether it proves an absence or not, and
	// ListedFor how long it took.
	Newest    time.Time
	ListedFor time.Duration
	// ByGets: the owned groups are read one by one in the place of listings.
	ByGets bool
	// Complete: these listings showed the whole account.
	Complete bool
	// MissingAccepted: a person has accepted what the newest listing misses.
	MissingAccepted bool
	// Trust is whether the connection shows the account that its Groups live in.
	Trust Trust
}

// Named are those of a listing's groups that have one of these names, or one that an API may
// take for it, and those whose name the listing does not show: as Evidence has them.
func Named(listed []klink.Group, names ...string) (named, unnamed []klink.Group) {
	keys := make([]string, 0, len(names))
	for _, name := range names {
		keys = append(keys, remote.NameKey(name))
	}
	for _, g := range listed {
		switch key := nameKey(&g); {
		case key == unreadable:
			unnamed = append(unnamed, g)
		case slices.Contains(keys, key):
			named = append(named, g)
		}
	}
	return named, unnamed
}

// Lookup tells what the mirror knows of an id.
func (a *Account) Lookup(id string) (r Remote) {
	a.c.state.Do(func(s *state) { r = s.mirror.lookup(id, time.Now()) })
	return r
}

// Evidence gathers what the mirror knows of a name, or of several different ones.
func (a *Account) Evidence(names ...string) (e Evidence) {
	trust := a.c.trust()
	keys := make([]string, 0, len(names))
	for _, name := range names {
		keys = append(keys, remote.NameKey(name))
	}
	a.c.state.Do(func(s *state) {
		e = Evidence{
			SeenAt: map[string]time.Time{}, Mirrored: !s.mirror.listings.begun.IsZero(), Trust: trust,
			Newest: s.mirror.listings.begun, ListedFor: s.mirror.listings.took, ByGets: s.byGets,
		}
		for i, key := range keys {
			if !slices.Contains(keys[:i], key) {
				e.Named = append(e.Named, s.mirror.keyed(key, time.Now())...)
			}
		}
		e.Unnamed = s.mirror.keyed(unreadable, time.Now())
		for _, g := range slices.Concat(e.Named, e.Unnamed) {
			e.SeenAt[g.ID] = s.mirror.entries[g.ID].seen
		}
		e.Listed, e.Complete = s.mirror.listings.provenSince()
		e.MissingAccepted = s.trust.accepts(s.mirror.listings.begun)
	})
	return e
}
