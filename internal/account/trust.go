// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"
)

// acceptWindow is how long after the instant of the annotation accept-missing
// listings may begin whose gaps are accepted.
const acceptWindow = 10 * time.Minute

// trust is whether the connection shows the account that its Groups live in.
type trust struct {
	trusted bool
	// missing of owned ids were not shown when trust was last judged.
	missing, owned int
	// earned: an owned id was shown, which says that it is the right account.
	earned bool
	// judged: a pass was judged since the endpoint and token are what they are.
	judged bool
	// looked: a pass, complete or not, was taken in since then.
	looked bool
	// gone are ids whose absence was accepted or acted upon, or that their Groups
	// have given up; they are not counted again.
	gone map[string]struct{}
	// acceptFrom is the instant that a person gave in accept-missing.
	acceptFrom time.Time
}

// AcceptMissing accepts what listings begun within ten minutes after from miss.
func (a *Account) AcceptMissing(from time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.trust.acceptFrom.Equal(from) {
		return
	}
	a.trust.acceptFrom = from
	if !a.trust.trusted && time.Since(from) < acceptWindow {
		a.next = time.Time{}
		a.wake()
	}
}

// Gone notes that an id was proven gone and acted upon.
func (a *Account) Gone(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.trust.forget(id)
}

func (t *trust) forget(ids ...string) {
	if t.gone == nil {
		t.gone = map[string]struct{}{}
	}
	for _, id := range ids {
		t.gone[id] = struct{}{}
	}
}

// prune forgets what no Group owns any more.
func (t *trust) prune(owned []string) {
	kept := map[string]struct{}{}
	for _, id := range owned {
		if _, gone := t.gone[id]; gone {
			kept[id] = struct{}{}
		}
	}
	t.gone = kept
}

// sawOwned: a reply has shown an id. If a Group owns it, and none was shown
// before, the connection has earned trust. a.mu is held.
func (a *Account) sawOwned(id string) News {
	if a.trust.earned || !a.owns(id) {
		return News{}
	}
	a.trust.earned = true
	switch {
	case a.trust.trusted:
		return News{All: true} // some may wait for that
	case a.trust.judged:
		return News{}
	}
	a.trust.trusted = true
	return News{All: true, Status: true}
}

// judgeTrust judges one pass over the owned ids by what it showed of them. An
// absence within the settle time after our own write says nothing either way.
// a.mu is held.
func (a *Account) judgeTrust(begun time.Time, owned []string, shown map[string]struct{}) News {
	t := &a.trust
	before := *t
	counted, settling, missing := a.showing(owned, shown)
	if t.accepts(begun) && len(missing) > 0 {
		t.forget(missing...)
		counted -= len(missing)
		missing = nil
	}
	switch {
	case counted > 0 || settling == 0:
		t.trusted = trusted(t.earned, counted, len(missing))
		t.earned = t.earned && t.trusted
	case !t.earned:
		t.trusted = false // they own some by now, and none was shown yet
	}
	t.missing, t.owned, t.judged = len(missing), counted, true
	if !t.trusted && counted == 0 {
		t.missing, t.owned = settling, settling // nothing else is to be seen
	}
	if before.trusted == t.trusted {
		return News{All: t.earned && !before.earned}
	}
	return News{All: true, Status: true}
}

// showing sorts the owned ids by what a pass showed: how many it can be judged by,
// how many may only not be seen yet, and which of the first are missing. a.mu is held.
func (a *Account) showing(owned []string, shown map[string]struct{}) (counted, settling int, missing []string) {
	t := &a.trust
	for _, id := range owned {
		_, shows := shown[id]
		_, gone := t.gone[id]
		switch e := a.mirror.entries[id]; {
		case shows:
			delete(t.gone, id)
			counted++
			t.earned = true
		case gone:
		case e != nil && e.settling(time.Now()):
			settling++
		default:
			missing = append(missing, id)
			counted++
		}
	}
	return counted, settling, missing
}

// trusted: trust that rests on the Groups' owning nothing ends as soon as they do.
func (a *Account) trusted() bool {
	a.mu.Lock()
	trusted := a.trust.trusted
	a.mu.Unlock()
	return trusted && !a.unshown()
}

// unshown: the Groups own ids, and no reply under this endpoint and token has shown
// any of them. One may have been shown before its Group was bound to it.
func (a *Account) unshown() bool {
	a.mu.Lock()
	if a.trust.earned {
		a.mu.Unlock()
		return false
	}
	gone := func(id string) bool { _, gone := a.trust.gone[id]; return gone }
	owned, err := a.hooks.Owned(a.key)
	if err != nil {
		a.mu.Unlock()
		return true
	}
	owned = slices.DeleteFunc(owned, gone)
	earned := slices.ContainsFunc(owned, a.mirror.shown)
	a.trust.earned = earned
	a.mu.Unlock()
	a.tell(News{All: earned}) // some may wait for that
	return len(owned) > 0 && !earned
}

// state says it in one word; unshown as above.
func (t *trust) state(unshown bool) Trust {
	switch {
	case t.trusted && t.earned:
		return TrustEarned
	case t.trusted && !unshown:
		return TrustProvisional
	case t.judged:
		return TrustLost
	default:
		return TrustUnjudged
	}
}

func (t *trust) accepts(begun time.Time) bool {
	return !t.acceptFrom.IsZero() && !begun.Before(t.acceptFrom) && begun.Before(t.acceptFrom.Add(acceptWindow))
}

// Fingerprint tells whether endpoint and token are what they were, for a note that
// outlives this process. It is too short to give a token away.
func (a *Account) Fingerprint(salt string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	sum := sha256.Sum256([]byte(salt + "\n" + NormalEndpoint(a.settings.Endpoint) + "\n" + a.settings.Token))
	return hex.EncodeToString(sum[:4])
}

// trusted judges one look at the account: of owned ids, missing were not shown.
// Trust is earned by showing an id that a Group owns (or by there being none),
// and lost when a look misses more than 10 and more than 20 % of them, or all of
// two or more: that is taken for a wrong tenant or a broken API, not for news.
//
// earned says that an owned id was shown since endpoint and token are what they
// are, and trust was not lost since: only then may the one and only id be missed.
func trusted(earned bool, owned, missing int) bool {
	switch {
	case owned == 0 || missing == 0:
		return true
	case missing >= 2 && missing == owned:
		return false
	case missing > 10 && missing*5 > owned:
		return false
	default:
		return earned || missing < owned
	}
}
