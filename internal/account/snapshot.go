// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"time"

	"github.com/klink-cloud/klink-operator/internal/klink"
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
	// AbsenceProven: complete listings lack it, as many as prove an absence.
	AbsenceProven bool
}

// Trust is whether a connection shows the account that its Groups live in.
type Trust int

const (
	// TrustUnjudged: nothing has told yet.
	TrustUnjudged Trust = iota
	// TrustProvisional: its Groups owned nothing that could tell when it was looked at.
	TrustProvisional
	// TrustEarned: it has shown a group that one of its Groups owns.
	TrustEarned
	// TrustLost: it does not show the groups that its Groups own.
	TrustLost
)

// Evidence is what is known of the account and of its groups of some names.
type Evidence struct {
	// Named are the groups of these names, archived ones included.
	Named []klink.Group
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
	// Trust is whether the connection shows the account that its Groups live in.
	Trust Trust
}

// Lookup tells what the mirror knows of an id.
func (a *Account) Lookup(id string) Remote {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.mirror.lookup(id, time.Now())
}

// Evidence gathers what the mirror knows of a name, or of several different ones.
func (a *Account) Evidence(names ...string) Evidence {
	unshown := a.unshown() // which may find that trust was earned
	a.mu.Lock()
	defer a.mu.Unlock()
	var named []klink.Group
	for _, name := range names {
		named = append(named, a.mirror.named(name)...)
	}
	seenAt := make(map[string]time.Time, len(named))
	for _, g := range named {
		seenAt[g.ID] = a.mirror.entries[g.ID].asOf
	}
	listed, complete := a.mirror.provenSince()
	return Evidence{
		SeenAt: seenAt,
		Named:  named, Mirrored: !a.mirror.begun.IsZero(), Newest: a.mirror.begun, ListedFor: a.mirror.took, ByGets: a.byGets,
		Listed: listed, Complete: complete, Trust: a.trust.state(unshown),
	}
}
