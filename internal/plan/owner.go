// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

// OwnerNotCached stands for the name of an owner that this process has just bound, or
// just released, and that the cache does not show.
const OwnerNotCached = "whose name is not known yet"

// Claimant is a Group that names a remote id: in its status, in its annotation,
// in its spec, or because this process has just bound it.
type Claimant struct {
	UID string
	// Group is namespace/name, for messages.
	Group string
	// Bound: the id stands in status.id, or this process is about to write it.
	Bound bool
	// Created is the Group's creationTimestamp.
	Created time.Time
	// Deleting: it is going away, and so never takes an id over from one that stays.
	Deleting bool
	// Held: it has our finalizer, so that its own deletion settles what becomes of the group.
	Held bool
	// MayBind: what it says in annotation or spec counts, because it may adopt over its
	// connection, or may have made the group.
	MayBind bool
	// Recorded: the id stands in its status, or in its annotation where the status
	// shows none.
	Recorded bool
	// Attempt is its open create, where it has no id; nil without one. Resting: it is
	// suspended, and the note of that create is not this process's.
	Attempt *Attempt
	Resting bool
}

// Owner picks the one claimant that owns a remote id: whose status says so,
// then the older of those whose word counts, then the lower UID. No claimant, no owner.
//
// One that is going gives way to those that stay, if one of them has our finalizer. Where
// none has, it is a matter of a moment, or for ever, until one does, and if they were
// deleted too, nothing would settle what becomes of the group.
func Owner(claimants []Claimant) (Claimant, bool) {
	candidates := slices.DeleteFunc(slices.Clone(claimants), func(c Claimant) bool { return !c.Bound && (!c.MayBind || c.Deleting && !c.Held) })
	staysHeld := slices.ContainsFunc(candidates, func(c Claimant) bool { return !c.Deleting && c.Held })
	goes := slices.ContainsFunc(candidates, func(c Claimant) bool { return c.Deleting }) // and is held, or bound and first anyway
	candidates = slices.DeleteFunc(candidates, func(c Claimant) bool {
		return !c.Bound && (c.Deleting && staysHeld || !c.Deleting && !staysHeld && goes)
	})
	if len(candidates) == 0 {
		return Claimant{}, false
	}
	return slices.MinFunc(candidates, func(a, b Claimant) int {
		return cmp.Or(boundFirst(a, b), a.Created.Compare(b.Created), strings.Compare(a.UID, b.UID))
	}), true
}

// MayBind reports whether the Group may take the step's id, by what the API server
// itself says of the others: the cache may lag behind another manager's last writes.
//
// A Group that adopts keeps off what another's open create may have made. But
// spec.groupID is a person's word, and a recovery has an attempt of its own. Nor does
// it when it looks again after it has bound: the others have seen its id since.
func MayBind(f *Facts, step Step, others []Claimant, bound bool) bool {
	return holder(f, step, others, bound) < 0
}

// holder is which of the others keeps the Group from the step's id, or -1.
func holder(f *Facts, step Step, others []Claimant, bound bool) int {
	adopts := f.spec().GroupID == "" && f.Identity.Attempt == nil && !bound
	return slices.IndexFunc(others, func(c Claimant) bool {
		return c.keeps(f, step.ID) || adopts && c.MayHaveMade(knownGroup(f, step.ID), f.Now)
	})
}

// HeldOff is the step of a Group that may not bind: it waits for the other one, and says so
// once that has lasted.
func HeldOff(f *Facts, step Step, others []Claimant) Step {
	held := holder(f, step, others, false)
	if held < 0 {
		return Step{Action: Wait}
	}
	return waitReported(f, v1alpha1.ReasonCreating, fmt.Sprintf("waiting for Group %s, which names remote group %s or may have made it, by what the API server says",
		others[held].Group, step.ID), heldOffRetry)
}

// heldOffRetry is how soon a Group looks again whether what it would bind to is another's.
const heldOffRetry = 5 * time.Second

// keeps reports whether what the claimant says of an id keeps a Group from it. Of several
// that say so in their annotations alone, as copies do, or in spec.groupID, one gets it: the
// one that Owner picks, or two wait for each other.
func (c Claimant) keeps(f *Facts, id string) bool {
	if f.Identity.ClaimedID != id && f.spec().GroupID != id || c.Bound {
		return c.Recorded && (c.Bound || c.MayBind)
	}
	self := Claimant{
		UID: string(f.Group.UID), Created: f.Group.CreationTimestamp.Time, MayBind: true,
		Deleting: !f.Group.DeletionTimestamp.IsZero(), Held: slices.Contains(f.Group.Finalizers, v1alpha1.FinalizerGroup),
	}
	owner, _ := Owner([]Claimant{c, self})
	return c.Recorded && owner.UID != self.UID
}

const (
	// keptFor is for how long what an open create may have made is kept for its Group.
	keptFor = time.Hour
	// keptAtRest is for how long that is so where nothing goes on: anybody can write
	// such a note and suspend the Group.
	keptAtRest = SettleTime
)

// MayHaveMade reports whether the claimant's open create may have made a group, which is
// then kept for it. A note of a time to come is nobody's.
func (c Claimant) MayHaveMade(g remote.Group, now time.Time) bool {
	if c.Attempt == nil || !c.Attempt.MayHaveMade(g) {
		return false
	}
	age := now.Sub(c.Attempt.Time)
	if c.Resting {
		return age > -PostWindow && age < keptAtRest
	}
	return age > -ClockSkew && age < keptFor
}

func boundFirst(a, b Claimant) int {
	switch {
	case a.Bound == b.Bound:
		return 0
	case a.Bound:
		return -1
	default:
		return 1
	}
}
