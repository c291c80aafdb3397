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
	// Mirrored: at least one listing was taken in.
	Mirrored bool
	// Listed is since when an absence counts: when the newest listing began, or,
	// by page number, the older of the two that agree. Zero before that.
	Listed time.Time
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
	listed, complete := a.mirror.provenSince()
	return Evidence{
		Named: named, Mirrored: !a.mirror.begun.IsZero(),
		Listed: listed, Complete: complete, Trust: a.trust.state(unshown),
	}
}
