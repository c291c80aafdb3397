// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plan

import (
	"slices"

	"github.com/klink-cloud/klink-operator/internal/klink"
)

// Adoption is the conclusion about a Group that binds to a group by its name.
type Adoption struct {
	Outcome Outcome
	// ID is the group to bind to, or, with Owned, to wait for.
	ID string
	// Owned: another Group owns it.
	Owned bool
	// Candidates are the several active groups of that name.
	Candidates []klink.Group
}

// AdoptByName looks for the group of a name, on evidence listed after the Group
// appeared. Active groups go first; an archived one is taken only where none is
// active, and then the one archived last.
func AdoptByName(name string, e Evidence) Adoption {
	var active, archived []klink.Group
	for _, g := range e.Named {
		switch {
		case g.Name != name:
		case g.Archived():
			archived = append(archived, g)
		default:
			active = append(active, g)
		}
	}
	switch {
	case !e.trusted():
		// What a wrong tenant shows under this name is not the group that is meant.
		return Adoption{Outcome: OutcomeWait}
	case len(active) > 1:
		return Adoption{Outcome: OutcomeUncertain, Candidates: active}
	case len(active) == 1:
		return adoptOne(active[0], e)
	case len(archived) > 0:
		return adoptOne(archivedLast(archived), e)
	case !e.Complete:
		return Adoption{Outcome: OutcomeUncertain}
	default:
		return Adoption{Outcome: OutcomeNone}
	}
}

func adoptOne(g klink.Group, e Evidence) Adoption {
	return Adoption{Outcome: OutcomeBind, ID: g.ID, Owned: e.Claimed(g.ID)}
}

func archivedLast(groups []klink.Group) klink.Group {
	return slices.MaxFunc(groups, func(a, b klink.Group) int { return a.ArchivedAt.Compare(b.ArchivedAt) })
}
