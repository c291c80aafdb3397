// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plan

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/klink-cloud/klink-operator/internal/remote"
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
	// Candidates are the groups that the mirror shows under the wanted name, and under
	// that of an attempt if it is another; archived ones included, and those under names
	// that an API may take for one of these, or whose name it does not show.
	Candidates []Candidate
	// Mirrored: at least one listing was taken in.
	Mirrored bool
	// OtherAccount: endpoint or token are not those of the attempt, and no id that
	// a Group owns was shown that would say that the account is the same.
	OtherAccount bool
	// Listed is since when an absence counts: when the newest listing began, or,
	// by page number, the older of the two that agree. Zero before that.
	Listed time.Time
	// Newest is when the newest listing began, whether it proves an absence or not.
	Newest time.Time
	// ListedFor is how long the newest listing took.
	ListedFor time.Duration
	// ByGets: the owned groups are read one by one in the place of listings, since the
	// account is so much larger.
	ByGets bool
	// Complete: these listings showed the whole account.
	Complete bool
	// MissingAccepted: a person has accepted what the newest listing misses.
	MissingAccepted bool
	// Trust is whether the connection shows the account that its Groups live in.
	Trust Trust
}

// Candidate is a remote group that may be the one that a Group looks for.
type Candidate struct {
	Group remote.Group
	// OwnedBy is the other Group that owns it, as namespace/name; empty if none does.
	OwnedBy string
	// MadeForOther: this process made it for another Group. LetGo: that one is gone, and
	// left it on purpose (deletionPolicy Orphan).
	MadeForOther, LetGo bool
	// OpenCreate is the other Group, as namespace/name, whose open create may have made
	// it since OpenSince; empty where there is none.
	OpenCreate string
	OpenSince  time.Time
	// AsOf is when the listing or the call began that showed it last.
	AsOf time.Time
}

// free reports whether it may be one of ours that nobody knows of yet.
func (c Candidate) free() bool { return c.OwnedBy == "" && !c.MadeForOther }

func (e Evidence) trusted() bool { return e.Trust == TrustProvisional || e.Trust == TrustEarned }

// judgedAgain is when to look again at an account that was listed and is not judged, or zero:
// that ends when its Groups have let go of what they owned, which is no news of the account.
func (e Evidence) judgedAgain() time.Duration {
	if e.Mirrored && e.Trust == TrustUnjudged {
		return SettleTime / 4
	}
	return 0
}

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
	Candidates []remote.Group
}

// Recover concludes what became of an attempt that this process first saw at
// seen. An exact candidate is proof at once, unless it is doubtful; that there is
// none is proven only by a complete listing begun the settle time after seen.
func Recover(a Attempt, d Declared, seen time.Time, e Evidence) Recovery {
	candidates := a.candidates(e)
	exact := slices.DeleteFunc(slices.Clone(candidates), func(g remote.Group) bool { return !a.shows(g, d) })
	settled := e.Listed.After(seen.Add(SettleTime))
	if len(exact) > 0 {
		best := first(exact, a.Fields)
		if ambiguityRank(best, a.Fields) > 0 && !settled {
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

func (a Attempt) candidates(e Evidence) []remote.Group {
	var candidates []remote.Group
	for _, c := range e.Candidates {
		if a.MayHaveMade(c.Group) && c.free() {
			candidates = append(candidates, c.Group)
		}
	}
	return candidates
}

// FindLostCreate finds the group of a Group whose attempt was lost: an unclaimed, active
// one with exactly the declared values, made no earlier than the Group itself.
func FindLostCreate(d Declared, created time.Time, e Evidence) (id string, found bool) {
	fields := d.digestFields()
	want := d.digest(fields)
	var matches []remote.Group
	for _, c := range e.Candidates {
		lacks := d.AtLeast && d.lacksMembers(c.Group)
		if g := c.Group; c.free() && !lacks && !g.CreatedAt.Before(created) && !d.archivedByOthers(g) && shownBy(g).digest(fields) == want {
			matches = append(matches, g)
		}
	}
	if len(matches) == 0 {
		return "", false
	}
	return first(matches, fields).ID, true
}

// archivedByOthers reports whether a group was archived though d does not say so: by the
// deletion policy of a Group that is gone, or by a person, but not by a create.
func (d Declared) archivedByOthers(g remote.Group) bool {
	return g.Archived() && (d.Archived == nil || !*d.Archived)
}

// first is the group to take of several that show what was sent: the least
// doubtful, then the oldest, by creation time and then id.
func first(groups []remote.Group, sent []Field) remote.Group {
	return slices.MinFunc(groups, func(a, b remote.Group) int {
		return cmp.Or(ambiguityRank(a, sent)-ambiguityRank(b, sent), a.CreatedAt.Compare(b.CreatedAt), strings.Compare(a.ID, b.ID))
	})
}

// ambiguityRank ranks a group that shows what was sent: an archived one is more likely
// what another Group left behind, and one with more than was sent more likely of
// another create. Without either it is zero.
func ambiguityRank(g remote.Group, sent []Field) int {
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
func showsMore(g remote.Group, sent []Field) bool {
	return g.Description != "" && !slices.Contains(sent, FieldDescription) ||
		g.AvatarURL != "" && !slices.Contains(sent, FieldAvatarURL) ||
		len(g.Contacts) > 0 && !slices.Contains(sent, FieldContacts)
}
