// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plan

import (
	"slices"

	"github.com/klink-cloud/klink-operator/internal/remote"
)

// Adoption is the conclusion about a Group that binds to a group by its name.
type Adoption struct {
	Outcome Outcome
	// ID is the group to bind to, or, with Owned, to wait for.
	ID string
	// Owned: another Group owns it.
	Owned bool
	// Candidates are the several active groups of that name.
	Candidates []remote.Group
}

// AdoptByName looks for the group of a name, on evidence listed after the Group
// appeared. Active groups go first; an archived one is taken only where none is
// active, and then the one archived last.
func AdoptByName(name string, e Evidence) Adoption {
	var active, archived []Candidate
	for _, c := range e.Candidates {
		switch {
		case c.Group.Name != name:
		case c.Group.Archived():
			archived = append(archived, c)
		default:
			active = append(active, c)
		}
	}
	switch {
	case !e.trusted():
		// What a wrong tenant shows under this name is not the group that is meant.
		return Adoption{Outcome: OutcomeWait}
	case len(active) > 1:
		return Adoption{Outcome: OutcomeUncertain, Candidates: groupsOf(active)}
	case len(active) == 1:
		return adoptOne(active[0])
	case len(archived) > 0:
		return adoptOne(archivedLast(archived))
	case !e.Complete:
		return Adoption{Outcome: OutcomeUncertain}
	default:
		return Adoption{Outcome: OutcomeNone}
	}
}

func adoptOne(c Candidate) Adoption {
	return Adoption{Outcome: OutcomeBind, ID: c.Group.ID, Owned: c.OwnedBy != ""}
}

func archivedLast(candidates []Candidate) Candidate {
	return slices.MaxFunc(candidates, func(a, b Candidate) int { return a.Group.ArchivedAt.Compare(b.Group.ArchivedAt) })
}

func groupsOf(candidates []Candidate) []remote.Group {
	groups := make([]remote.Group, 0, len(candidates))
	for _, c := range candidates {
		groups = append(groups, c.Group)
	}
	return groups
}
