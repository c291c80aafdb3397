// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plan

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/klink-cloud/klink-operator/internal/klink"
)

// Outcome is what a recovery concludes.
type Outcome int

const (
	// OutcomeWait: not decided yet; a later listing will tell.
	OutcomeWait Outcome = iota
	// OutcomeBind: the attempt made this group.
	OutcomeBind
	// OutcomeNone: the attempt made nothing.
	OutcomeNone
	// OutcomeUncertain: it cannot be told; a person has to.
	OutcomeUncertain
)

// Evidence is what is known of the account when a create is to be recovered or
// a group adopted by name.
type Evidence struct {
	// Named are the groups that the mirror shows under the wanted name, and under
	// that of an attempt if it is another; archived ones included.
	Named []klink.Group
	// Claimed tells whether another Group owns the id.
	Claimed func(id string) bool
	// Mirrored: at least one listing was taken in.
	Mirrored bool
	// MadeForOther tells whether this process made the group for another Group; nil
	// means none.
	MadeForOther func(id string) bool
	// OtherAccount: endpoint or token are not those of the attempt, and no id that
	// a Group owns was shown that would say that the account is the same.
	OtherAccount bool
	// Listed is since when an absence counts: when the newest listing began, or,
	// by page number, the older of the two that agree. Zero before that.
	Listed time.Time
	// Complete: these listings showed the whole account.
	Complete bool
	// Trusted: the connection is known to look at the right account, or nothing was
	// owned that could tell when it was looked at.
	Trusted bool
	// Unshown tells whether Groups own ids by now, and none of these was shown; nil
	// means that one was.
	Unshown func() bool
}

func (e Evidence) trusted() bool { return e.Trusted && (e.Unshown == nil || !e.Unshown()) }

// proves reports whether an absence from the evidence is an absence from the
// account as of t.
func (e Evidence) proves(t time.Time) bool {
	return e.trusted() && e.Complete && e.Listed.After(t)
}

// Recovery is the conclusion about an attempt.
type Recovery struct {
	Outcome Outcome
	// ID is the group to bind to.
	ID string
	// Candidates are groups that may be the attempt's but do not show its values.
	Candidates []klink.Group
}

// Recover concludes what became of an attempt that this process first saw at
// seen. An exact candidate is proof at once, unless it is doubtful; that there is
// none is proven only by a complete listing begun the settle time after seen.
func Recover(a Attempt, seen time.Time, e Evidence) Recovery {
	candidates := a.candidates(e)
	exact := slices.DeleteFunc(slices.Clone(candidates), func(g klink.Group) bool { return !a.shows(g) })
	settled := e.Listed.After(seen.Add(SettleTime))
	if len(exact) > 0 {
		best := first(exact, a.Fields)
		if doubt(best, a.Fields) > 0 && !settled {
			return Recovery{Outcome: OutcomeWait} // a better one may be about to show
		}
		return Recovery{Outcome: OutcomeBind, ID: best.ID}
	}
	switch {
	case len(candidates) > 0:
		return Recovery{Outcome: OutcomeUncertain, Candidates: candidates}
	case e.proves(seen.Add(SettleTime)) && !e.OtherAccount:
		return Recovery{Outcome: OutcomeNone}
	case settled && e.trusted():
		return Recovery{Outcome: OutcomeUncertain}
	default:
		return Recovery{Outcome: OutcomeWait}
	}
}

func (a Attempt) candidates(e Evidence) []klink.Group {
	var candidates []klink.Group
	for _, g := range e.Named {
		if a.MayHaveMade(g) && e.free(g.ID) {
			candidates = append(candidates, g)
		}
	}
	return candidates
}

// Twin finds the group of a Group whose attempt was lost: an unclaimed, active
// one with exactly the declared values, made no earlier than the Group itself.
func Twin(d Declared, created time.Time, e Evidence) (id string, found bool) {
	fields := d.creationFields()
	want := d.digest(fields)
	var twins []klink.Group
	for _, g := range e.Named {
		if e.free(g.ID) && !g.CreatedAt.Before(created) && !d.retired(g) && shownBy(g).digest(fields) == want {
			twins = append(twins, g)
		}
	}
	if len(twins) == 0 {
		return "", false
	}
	return first(twins, fields).ID, true
}

// retired reports whether a group was archived though d does not say so: by the
// deletion policy of a Group that is gone, or by a person, but not by a create.
func (d Declared) retired(g klink.Group) bool {
	return g.Archived() && (d.Archived == nil || !*d.Archived)
}

// free reports whether a group may be one of ours that nobody knows of yet.
func (e Evidence) free(id string) bool {
	return !e.Claimed(id) && (e.MadeForOther == nil || !e.MadeForOther(id))
}

// first is the group to take of several that show what was sent: the least
// doubtful, then the oldest, by creation time and then id.
func first(groups []klink.Group, sent []Field) klink.Group {
	return slices.MinFunc(groups, func(a, b klink.Group) int {
		return cmp.Or(doubt(a, sent)-doubt(b, sent), a.CreatedAt.Compare(b.CreatedAt), strings.Compare(a.ID, b.ID))
	})
}

// doubt ranks a group that shows what was sent: an archived one is more likely
// what another Group left behind, and one with more than was sent more likely of
// another create. Without either it is zero.
func doubt(g klink.Group, sent []Field) int {
	rank := 0
	if g.Archived() {
		rank += 2
	}
	if showsMore(g, sent) {
		rank++
	}
	return rank
}

// showsMore reports whether a group has values that were not sent.
func showsMore(g klink.Group, sent []Field) bool {
	return g.Description != "" && !slices.Contains(sent, FieldDescription) ||
		g.AvatarURL != "" && !slices.Contains(sent, FieldAvatarURL) ||
		len(g.Contacts) > 0 && !slices.Contains(sent, FieldContacts)
}
