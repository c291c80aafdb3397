// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plan

import (
	"fmt"
	"slices"
	"time"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// heldPoll is how often a Group that was refused for its name looks whether the name is
// free: at the mirror, which costs no call.
const heldPoll = time.Minute

// refused is the API's refusal, while it holds: not once the groups are gone, or called
// otherwise, that had the name when it was said.
func (f *Facts) refused() *Backoff {
	b := f.History.Refused
	if !b.active(f.Now) || len(b.Holders) > 0 && len(f.holders(b.Holders)) == 0 {
		return nil
	}
	return b
}

// holders are the groups that have the declared name, or one that an API may take for
// it: those of some ids, or all but this Group's own.
func (f *Facts) holders(ids []string) []Candidate {
	return slices.DeleteFunc(slices.Clone(f.Evidence.Candidates), func(c Candidate) bool {
		return !mayHaveName(c.Group, f.Declared.Name) || c.Group.ID == f.Identity.ID || ids != nil && !slices.Contains(ids, c.Group.ID)
	})
}

func backedOff(f *Facts, b *Backoff) Step {
	again := b.Until.Sub(f.Now)
	r := blocked(b.Reason, b.Message)
	if b.Conflict {
		r.Message += whoHasTheName(f)
		again = min(again, heldPoll)
	}
	r.Stalled = b.Reason == v1alpha1.ReasonRejected || b.Reason == v1alpha1.ReasonNotApplied
	return writeStatus(r, again)
}

// whoHasTheName says what to do about a 409: an API that wants unique names counts
// archived groups too, which Never and AllowDuplicate do not look for.
func whoHasTheName(f *Facts) string {
	const other = "or declare another name"
	holders := f.holders(nil)
	bound := f.Identity.boundOrClaimed() != ""
	owned := func(c Candidate) bool { return c.OwnedBy != "" }
	switch free := slices.DeleteFunc(slices.Clone(holders), owned); {
	case bound && len(holders) > 0 && f.Connection.MayAdopt:
		return fmt.Sprintf("; this name has %s: rename that group, %s", describeHeld(holders[0]), other)
	case bound:
		return "; if another group has this name, an archived one too, rename that group, " + other
	case len(holders) > 0 && !f.Connection.MayAdopt:
		return fmt.Sprintf("; groups of this name exist (%d); declare another name, or ask a cluster admin: %s does not let namespace %s adopt (allowedAdoptionNamespaces)",
			len(holders), f.Connection.Name, f.Group.Namespace)
	case len(free) > 0:
		return fmt.Sprintf("; this name has %s: to bind to it, set adoptionPolicy to ByName, or groupID to its id, %s", describeHeld(free[0]), other)
	case len(holders) > 0:
		return fmt.Sprintf("; this name has %s: declare another name", describeHeld(holders[0]))
	default:
		return "; if a group has this name already, an archived one too, adoptionPolicy ByName or its id as groupID binds to it, " + other
	}
}

func describeHeld(c Candidate) string {
	text := "remote group " + c.Group.ID
	if c.Group.Archived() {
		text = "archived " + text
	}
	if c.OwnedBy != "" {
		text += " of Group " + c.OwnedBy
	}
	return text
}
