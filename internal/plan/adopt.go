// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plan

import (
	"fmt"
	"slices"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

// bindByName binds to the remote group of this name, or creates it. Active groups go
// first; an archived one is taken only where none is active, and then the one archived
// last. It is decided on a listing begun after this name was first seen: an older one
// does not show what a person has made since.
func bindByName(f *Facts) Step {
	if !f.Evidence.Listed.After(f.History.NameSeen) {
		return waitForListing(f, f.History.NameSeen)
	}
	if !f.Evidence.trusted() {
		// What a wrong tenant shows under this name is not the group that is meant.
		return writeStatus(untrusted(f), f.Evidence.judgedAgain())
	}
	if !f.Connection.MayAdopt && hasNamesake(f) {
		return writeStatus(adoptionNotAllowed(f, "a group of this name exists; declare another name, or"), allowedRetry)
	}
	n := adoptableNamesakes(f)
	switch {
	case len(n.open) > 0:
		return waitForCreate(f, n.open[0])
	case len(n.unowned) > 1, len(n.unowned) == 1 && len(n.owned) > 0:
		return writeStatus(stalled(v1alpha1.ReasonAdoptionAmbiguous, "several active groups have this name: "+
			describeOwned(append(n.unowned, n.owned...))+"; set groupID (and leave out adoptionPolicy) to bind to the one that is meant"), stalledRetry)
	case len(n.unowned) == 1:
		return adopt(f, n.unowned[0].Group.ID, OriginDeclared)
	case len(n.owned) > 0:
		return waitForOwner(f, n.owned[0])
	}
	return bindToArchived(f)
}

// bindToArchived binds to an archived group of this name, where none is active, or
// creates one.
func bindToArchived(f *Facts) Step {
	archived, found := archivedNamesake(f)
	switch {
	case found && archived.OwnedBy != "":
		return waitForOwner(f, archived)
	case found:
		return adopt(f, archived.Group.ID, OriginDeclared)
	case !f.Evidence.Complete:
		return writeStatus(uncertain(f, "a group of this name may exist", nil), uncertainRetry)
	case len(f.Evidence.nameless()) > 0:
		return writeStatus(uncertain(f, "a group of this name may exist", f.Evidence.nameless()), uncertainRetry)
	default:
		return create(f)
	}
}

// adoptableNamesakes are the active namesakes; what was made for a Group that is gone
// is there to be adopted.
func adoptableNamesakes(f *Facts) namesakes {
	n := activeNamesakes(f)
	left := func(c Candidate) bool { return c.OwnedBy == "" }
	for _, c := range n.owned {
		if left(c) {
			n.unowned = append(n.unowned, c)
		}
	}
	n.owned = slices.DeleteFunc(n.owned, left)
	return n
}

// hasNamesake reports whether a remote group has the declared name.
func hasNamesake(f *Facts) bool {
	return slices.ContainsFunc(f.Evidence.Candidates, func(c Candidate) bool { return c.Group.Name == f.Declared.Name })
}

// nameless are the groups that no Group owns and whose name the API does not show.
func (e Evidence) nameless() []remote.Group {
	nameless := func(c Candidate) bool { return c.OwnedBy == "" && c.Group.Unknown.Has(remote.FieldName) }
	return groupsOf(slices.DeleteFunc(slices.Clone(e.Candidates), func(c Candidate) bool { return !nameless(c) }))
}

// WhenLetGo is what the message of a Group says that waits for the owner of its only namesake,
// which may be for ever.
const WhenLetGo = "this Group binds to it when that one lets it go"

// waitForOwner waits until the Group that owns the only namesake lets it go.
func waitForOwner(f *Facts, c Candidate) Step {
	return waitReported(f, v1alpha1.ReasonCreating, fmt.Sprintf("remote group %s of this name belongs to Group %s; "+WhenLetGo,
		c.Group.ID, c.OwnedBy), stalledRetry)
}

// archivedNamesake is the archived group of exactly this name that was archived last.
func archivedNamesake(f *Facts) (last Candidate, found bool) {
	for _, c := range f.Evidence.Candidates {
		if c.Group.Name == f.Declared.Name && c.Group.Archived() && (!found || c.Group.ArchivedAt.After(last.Group.ArchivedAt)) {
			last, found = c, true
		}
	}
	return last, found
}

func groupsOf(candidates []Candidate) []remote.Group {
	groups := make([]remote.Group, 0, len(candidates))
	for _, c := range candidates {
		groups = append(groups, c.Group)
	}
	return groups
}
