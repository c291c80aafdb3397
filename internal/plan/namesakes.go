// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plan

import (
	"fmt"
	"strings"
	"time"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

const (
	// listingServes is how old a listing may be, beyond the time that it took, that
	// shows whether a name is taken. One listing serves all creates of that time.
	listingServes = 10 * time.Minute
	// mostRead is how many namesakes are read, and listed in a message.
	mostRead = 10
	// openCreateFor is how long a group is left to the open create that may have made it.
	openCreateFor = time.Hour
)

// namesakes are the active remote groups of the name that a Group declares.
type namesakes struct {
	// unowned are nobody's; owned are those of other Groups, or made for them.
	unowned, owned []Candidate
	// open are neither: another Group's open create may have made them.
	open []Candidate
}

// activeNamesakes sorts the candidates of exactly this name by whose they are.
func activeNamesakes(f *Facts) namesakes {
	var n namesakes
	for _, c := range f.Evidence.Candidates {
		switch {
		case c.Group.Name != f.Declared.Name || c.Group.Archived():
		case c.OwnedBy != "":
			n.owned = append(n.owned, c)
		case c.OpenCreate != "" && f.Now.Sub(c.OpenSince) < openCreateFor:
			n.open = append(n.open, c)
		case c.MadeForOther && !c.LetGo:
			n.owned = append(n.owned, c)
		default:
			n.unowned = append(n.unowned, c)
		}
	}
	return n
}

// nameTaken stops a create under adoptionPolicy Never beside an active remote group of
// the name that no Group owns: a cluster that is rebuilt from Git would make each of its
// groups a second time.
func nameTaken(f *Facts) (Step, bool) {
	if p := f.spec().AdoptionPolicy; p == v1alpha1.AdoptAllowDuplicate || p == v1alpha1.AdoptByName {
		return Step{}, false
	}
	if f.Connection.Complete && !f.Evidence.ByGets {
		if oldest := f.Now.Add(-listingServes - f.Evidence.ListedFor); f.Evidence.Newest.Before(oldest) {
			return waitForListing(f, oldest), true
		}
	}
	n := activeNamesakes(f)
	switch {
	case len(n.open) > 0:
		return waitForCreate(f, n.open[0]), true
	case len(n.unowned) > 0 && f.Identity.CreateInFlight:
		return Step{Action: Wait, RequeueAfter: inFlightPoll}, true // it may be that create's
	case len(n.unowned) > 0:
		return verifiedNameTaken(f, n.unowned), true
	case len(n.owned) > 0 && f.History.NameTaken:
		return writeStatus(stalled(v1alpha1.ReasonNameTaken, fmt.Sprintf(
			"remote group %s of this name belongs to %s by now; to create another one beside it, set adoptionPolicy to AllowDuplicate, or declare another name",
			n.owned[0].Group.ID, n.owned[0].owner())), stalledRetry), true
	}
	return Step{}, false
}

// verifiedNameTaken reads each namesake before it says so, where no newer listing has
// shown it: one that is gone, renamed or archived by now does not count. What was said
// once needs no reading to be repeated.
func verifiedNameTaken(f *Facts, unowned []Candidate) Step {
	if !f.History.NameTaken {
		for _, c := range unowned[:min(len(unowned), mostRead)] {
			if isFresh(f, c) {
				continue
			}
			return Step{Action: ReadCandidate, ID: c.Group.ID}
		}
	}
	return writeStatus(nameTakenReport(f, unowned), stalledRetry)
}

// isFresh reports whether a candidate was seen since this name is asked about.
func isFresh(f *Facts, c Candidate) bool { return c.AsOf.After(f.History.NameSeen) }

func nameTakenReport(f *Facts, unowned []Candidate) Report {
	count := fmt.Sprintf("%d remote groups of this name exist that no Group owns", len(unowned))
	if len(unowned) == 1 {
		count = "1 remote group of this name exists that no Group owns"
	}
	const beside = "to create another one beside, set adoptionPolicy to AllowDuplicate"
	if !f.Connection.MayAdopt {
		return stalled(v1alpha1.ReasonNameTaken, fmt.Sprintf(
			"%s; %s, or ask a cluster admin: %s does not let namespace %s adopt (allowedAdoptionNamespaces)",
			count, beside, f.Connection.Name, f.Group.Namespace))
	}
	bind := "to bind to one of them, set groupID to its id"
	if len(unowned) == 1 {
		bind = "to bind to it, set groupID to its id, or adoptionPolicy to ByName"
	}
	return stalled(v1alpha1.ReasonNameTaken, fmt.Sprintf("%s: %s; %s; %s", count, describe(groupsOf(unowned)), bind, beside))
}

// waitForCreate waits until it is known what another Group's open create has made.
func waitForCreate(f *Facts, c Candidate) Step {
	return waitReported(f, v1alpha1.ReasonCreating, fmt.Sprintf("waiting for Group %s: its create got no clear answer, and may have made remote group %s of this name",
		c.OpenCreate, c.Group.ID), inFlightPoll*5)
}

// reportAfter is how long a Group alone may wait before its status says what for.
const reportAfter = 30 * time.Second

// waitReported waits, and says what for once that has lasted for half a minute, so that a
// short wait costs no write.
func waitReported(f *Facts, reason, what string, again time.Duration) Step {
	waited := f.Now.Sub(f.History.AskedAt)
	if waited < reportAfter {
		return Step{Action: Wait, RequeueAfter: min(again, reportAfter-waited)}
	}
	return writeStatus(waiting(reason, what), again)
}

// waitForListing waits for a listing that began after an instant, to see what has the name.
func waitForListing(f *Facts, after time.Time) Step {
	step := waitReported(f, v1alpha1.ReasonCreating, "waiting for a listing of the account, which is to show whether a group has this name; the conditions of "+
		f.Connection.Name+" say what keeps listings from being made", SettleTime)
	step.AwaitListing = after
	return step
}

// owner names whose group a candidate is.
func (c Candidate) owner() string {
	if c.OwnedBy == "" {
		return "a Group that is gone"
	}
	return "Group " + c.OwnedBy
}

// describe lists groups for a person who has to choose.
func describe(groups []remote.Group) string {
	return firstFew(groups, func(g remote.Group) string {
		if g.CreatedAt.IsZero() {
			return g.ID
		}
		return g.ID + " (created " + g.CreatedAt.UTC().Format(time.RFC3339) + ")"
	})
}

// describeOwned lists candidates, and says which of them belong to which Group.
func describeOwned(candidates []Candidate) string {
	return firstFew(candidates, func(c Candidate) string {
		text := describe([]remote.Group{c.Group})
		if c.OwnedBy != "" {
			text += " which Group " + c.OwnedBy + " owns"
		}
		return text
	})
}

// firstFew lists ten of many, and says how many there are more.
func firstFew[T any](all []T, text func(T) string) string {
	shown := all[:min(len(all), mostRead)]
	parts := make([]string, 0, len(shown))
	for _, one := range shown {
		parts = append(parts, text(one))
	}
	list := strings.Join(parts, ", ")
	if more := len(all) - len(shown); more > 0 {
		list += fmt.Sprintf(" and %d more", more)
	}
	return list
}
