// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/klink-cloud/klink-operator/internal/klink"
)

// acceptWindow is how long after the instant of the annotation accept-missing
// listings may begin whose gaps are accepted.
const acceptWindow = 10 * time.Minute

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

// Holds reports whether the connection is trusted, for the time being.
func (t Trust) Holds() bool { return t == TrustProvisional || t == TrustEarned }

// sight is what one pass over the owned ids showed: how many it can be judged by, how
// many of these are missing, and how many may only not be seen yet.
type sight struct{ owned, missing, settling int }

// judged is the trust after a pass that was complete, or read each id. It is earned
// by showing an id that a Group owns, and lost by a pass that misses more than 10 and
// more than 20 % of them, or all of two or more: that is taken for a wrong tenant or
// a broken API, not for news. The one and only id may be missed once trust is earned.
func (t Trust) judged(by sight) Trust {
	switch {
	case by.owned == 0 && t == TrustEarned:
		return TrustEarned
	case by.owned == 0 && by.settling > 0:
		return TrustLost // they own some by now, and none was shown yet
	case by.owned == 0:
		return TrustProvisional
	case by.missing >= 2 && by.missing == by.owned, by.missing > 10 && by.missing*5 > by.owned:
		return TrustLost
	case by.missing < by.owned:
		return TrustEarned
	case t == TrustEarned:
		return TrustEarned
	default:
		return TrustLost
	}
}

// FirstTrust is the trust after the first complete listing, which lacked so many of the
// ids that Groups own.
func FirstTrust(owned, missing int) Trust {
	return TrustUnjudged.judged(sight{owned: owned, missing: missing})
}

// shown is the trust after a reply has shown one owned id of so many. What a whole
// pass has missed is not made good by one of them.
func (t Trust) shown(owned int) Trust {
	if t == TrustLost && owned > 1 {
		return TrustLost
	}
	return TrustEarned
}

// trust is a connection's trust, and what it is judged by.
type trust struct {
	level Trust
	// missing of owned ids were not shown when trust was last judged.
	missing, owned int
	// looked: a pass, complete or not, was taken in since endpoint and token are what they are.
	looked bool
	// gone are ids whose absence was accepted or acted upon, or that their Groups
	// have given up; they are not counted again.
	gone sets.Set[string]
	// acceptFrom is the instant that a person gave in accept-missing.
	acceptFrom time.Time
}

// move changes the level and says who has to hear of it.
func (t *trust) move(to Trust) News {
	before := t.level
	t.level = to
	switch {
	case before.Holds() != to.Holds():
		return News{All: true, Status: true}
	case before != to:
		return News{All: to == TrustEarned, Status: to == TrustLost}
	}
	return News{}
}

func (t *trust) forget(ids ...string) {
	if t.gone == nil {
		t.gone = sets.New[string]()
	}
	t.gone.Insert(ids...)
}

// giveUp forgets the ids whose Groups say that they are missing. Not one that the mirror
// held when the pass began: it was shown since, of which its Group, or the cache, has yet
// to hear.
func (t *trust) giveUp(ids []string, held sets.Set[string]) {
	t.forget(slices.DeleteFunc(slices.Clone(ids), held.Has)...)
}

// prune forgets what no Group owns any more.
func (t *trust) prune(owned []string) { t.gone = t.gone.Intersection(sets.New(owned...)) }

func (t *trust) accepts(begun time.Time) bool {
	return !t.acceptFrom.IsZero() && !begun.Before(t.acceptFrom) && begun.Before(t.acceptFrom.Add(acceptWindow))
}

// judgeTrust judges one pass over the owned ids by what it showed of them. An
// absence within the settle time after our own write says nothing either way.
func (s *state) judgeTrust(begun time.Time, owned []string, shown sets.Set[string], now time.Time) News {
	t := &s.trust
	by, missing := s.sight(owned, shown, now)
	if t.accepts(begun) {
		t.forget(missing...)
		by.owned, by.missing = by.owned-len(missing), 0
	}
	news := t.move(t.level.judged(by))
	t.missing, t.owned = by.missing, by.owned
	if !t.level.Holds() && by.owned == 0 {
		t.missing, t.owned = by.settling, by.settling // nothing else is to be seen
	}
	return news
}

// sight sorts the owned ids, each once, by what a pass showed, and names the missing.
func (s *state) sight(owned []string, shown sets.Set[string], now time.Time) (by sight, missing []string) {
	for id := range sets.New(owned...) {
		switch e := s.mirror.entries[id]; {
		case shown.Has(id):
			s.trust.gone.Delete(id)
			by.owned++
		case s.trust.gone.Has(id):
		case e != nil && e.settling(now):
			by.settling++
		default:
			missing = append(missing, id)
			by.owned++
		}
	}
	by.owned -= len(missing)
	missing = withoutSpellings(missing, shown)
	by.missing, by.owned = len(missing), by.owned+len(missing)
	return by, missing
}

// withoutSpellings leaves out the ids that a pass showed in another case: their Groups say
// so, and they tell nothing of the account.
func withoutSpellings(missing []string, shown sets.Set[string]) []string {
	if len(missing) == 0 {
		return nil
	}
	lower := make(sets.Set[string], len(shown))
	for id := range shown {
		lower.Insert(strings.ToLower(id))
	}
	return slices.DeleteFunc(missing, func(id string) bool { return lower.Has(strings.ToLower(id)) })
}

// judgeListing judges trust by a listing. An incomplete one shows less than
// there is, so that it can only earn trust.
func (s *state) judgeListing(l klink.Listing, owned []string, now time.Time) News {
	shown := make(sets.Set[string], len(l.Groups))
	for i := range l.Groups {
		shown.Insert(l.Groups[i].ID)
	}
	if l.Complete {
		return s.judgeTrust(l.Begun, owned, shown, now)
	}
	mine := sets.New(owned...)
	switch expected := mine.Difference(s.trust.gone); {
	case shown.HasAny(mine.UnsortedList()...):
		return s.trust.move(TrustEarned)
	case expected.Len() == 0 && !s.trust.level.Holds():
		return s.trust.move(TrustProvisional)
	}
	return News{}
}
