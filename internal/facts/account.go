// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package facts

import (
	"slices"

	"github.com/klink-cloud/klink-operator/internal/account"
	"github.com/klink-cloud/klink-operator/internal/plan"
)

// A plan and an account do not know each other: what an account knows is told to
// the plan here.

// Both lag by the same time, or this does not compile.
const (
	_ = uint(plan.SettleTime - account.SettleTime)
	_ = uint(account.SettleTime - plan.SettleTime)
)

// Remote tells the plan what is known of a remote group.
func Remote(r account.Remote) plan.Remote {
	known := plan.Remote{
		Group: r.Group, AsOf: r.AsOf, Settling: r.Settling, Replied: r.Replied, Unarchiving: r.Unarchiving, Writes: r.Writes, Untried: r.Untried,
		Absent: r.Absent, FirstNotFound: r.FirstNotFound, NotFoundListed: r.NotFoundListed, NotFound: r.NotFound, NotFoundTwice: r.NotFoundTwice, Deleted: r.Deleted,
	}
	switch r.Presence {
	case account.Unknown:
		known.State = plan.RemoteUnknown
	case account.Present:
		known.State = plan.RemotePresent
	case account.Unlisted:
		known.State = plan.RemoteUnlisted
	}
	return known
}

// Evidence tells the plan what is known of the account. The caller adds who owns
// the candidates.
func Evidence(e account.Evidence) plan.Evidence {
	evidence := plan.Evidence{
		Mirrored: e.Mirrored, Listed: e.Listed, Newest: e.Newest, ListedFor: e.ListedFor, ByGets: e.ByGets,
		Complete: e.Complete, MissingAccepted: e.MissingAccepted, Trust: trustOf(e.Trust),
	}
	for _, g := range slices.Concat(e.Named, e.Unnamed) {
		evidence.Candidates = append(evidence.Candidates, plan.Candidate{Group: g})
	}
	return evidence
}

func trustOf(t account.Trust) plan.Trust {
	switch t {
	case account.TrustProvisional:
		return plan.TrustProvisional
	case account.TrustEarned:
		return plan.TrustEarned
	case account.TrustLost:
		return plan.TrustLost
	case account.TrustUnjudged:
	}
	return plan.TrustUnjudged
}
