// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"errors"
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// A token was changed for another tenant's just after a Group was bound, and before
// the cache showed that: nothing was owned, so that the foreign account was trusted.
func TestTrustInAnEmptyAccountEndsWhenAGroupIsOwned(t *testing.T) {
	run(t, simulator.Settings{}, func(t *testing.T, b *bench) {
		ids := b.seed(2)
		b.configure()
		if err := b.describe(ids[1], "ours"); err != nil {
			t.Fatal(err)
		}
		b.configure(token(foreignToken))
		b.trusted(true)
		b.cluster.own(ids[1])
		b.createRefused(t)
		if e := b.account.Evidence("Ritz"); relied(e) {
			t.Error("a plan may rely on it meanwhile")
		}
		after(time.Minute) // the write is within the settle time
		b.trusted(false)
		if s := b.account.State(); s.Missing != 1 || s.Owned != 1 {
			t.Errorf("%d of %d are said to be missing", s.Missing, s.Owned)
		}
		b.configure()
		b.trusted(true)
		if _, err := b.account.Create(t.Context(), klink.Fields{Name: new("Ritz")}); err != nil {
			t.Error(err)
		}
	})
}

// relied reports whether a plan may rely on what the account shows.
func relied(e Evidence) bool {
	return e.Trust == TrustEarned || e.Trust == TrustProvisional
}

// A Group is bound to what the last listing showed: that is the account it lives in.
func TestWhatWasShownBeforeItWasOwnedEarnsTrust(t *testing.T) {
	run(t, simulator.Settings{}, func(t *testing.T, b *bench) {
		ids := b.seed(2)
		b.configure()
		b.cluster.own(ids[1])
		if e := b.account.Evidence("Ritz"); !relied(e) {
			t.Errorf("evidence: %+v", e)
		}
		if _, err := b.account.Create(t.Context(), klink.Fields{Name: new("Ritz")}); err != nil {
			t.Error(err)
		}
		b.configure(token(foreignToken))
		if e := b.account.Evidence("Ritz"); relied(e) {
			t.Errorf("what the token before has shown is taken for the present one's: %+v", e)
		}
	})
}

// Those who were told to wait for that have to hear of it.
func TestTrustThatIsEarnedByAPlanIsNews(t *testing.T) {
	run(t, simulator.Settings{}, func(t *testing.T, b *bench) {
		ids := b.seed(600)
		b.configure()
		b.cluster.own("gone")
		if relied(b.account.Evidence("Ritz")) {
			t.Error("an id that nobody has seen earns trust")
		}
		b.cluster.heard()
		b.cluster.own("gone", ids[7])
		if e := b.account.Evidence("Ritz"); e.Trust != TrustEarned {
			t.Error("an id that the listing has shown earns no trust")
		}
		if news := b.cluster.heard(); !news.All {
			t.Errorf("news: %+v", news)
		}
	})
}

// What a person accepts as missing is nothing that could be shown.
func TestAnAccountWhoseGroupsAreAcceptedAsMissingMayCreate(t *testing.T) {
	run(t, simulator.Settings{}, func(t *testing.T, b *bench) {
		b.seed(3)
		b.cluster.own("gone-1", "gone-2")
		b.configure()
		b.createRefused(t)
		b.account.AcceptMissing(time.Now())
		after(time.Second)
		b.trusted(true)
		if _, err := b.account.Create(t.Context(), klink.Fields{Name: new("Ritz")}); err != nil {
			t.Error(err)
		}
	})
}

func TestTheFirstSightOfAnOwnedIDEarnsTrust(t *testing.T) {
	run(t, simulator.Settings{Paging: simulator.Incomplete, Order: simulator.OldestFirst}, func(t *testing.T, b *bench) {
		ids := b.seed(150)
		b.cluster.own(ids[149], ids[148])
		b.configure()
		b.trusted(false) // the listing shows the first hundred
		b.cluster.heard()
		if _, err := b.get(ids[120]); err != nil {
			t.Fatal(err)
		}
		b.trusted(false) // nobody owns that one
		if _, err := b.get(ids[149]); err != nil {
			t.Fatal(err)
		}
		b.trusted(true)
		if news := b.cluster.heard(); !news.All || !news.Status {
			t.Errorf("news: %+v", news)
		}
	})
}

// The cache could not be read, which is no proof that the Groups own nothing.
func TestAnErrorIsNeverTakenForOwningNothing(t *testing.T) {
	run(t, simulator.Settings{}, func(t *testing.T, b *bench) {
		b.seed(3)
		b.cluster.own("hidden-1", "hidden-2")
		b.cluster.ownedFails(errors.New("the cache is not read"))
		b.configure()
		after(2 * time.Minute)
		b.createRefused(t)
		if relied(b.account.Evidence("Ritz")) {
			t.Error("a plan may rely on an account of which nobody knows what is owned")
		}
		b.cluster.ownedFails(nil)
		after(2 * time.Minute)
		b.trusted(false)
	})
}

func TestWhatWasGivenUpAndCameBackCountsAgain(t *testing.T) {
	run(t, simulator.Settings{}, func(t *testing.T, b *bench) {
		ids := b.seed(3)
		b.cluster.own(ids[1:]...)
		b.cluster.giveUp(ids[1:]...)
		b.configure()
		b.trusted(true)
		if got := b.cluster.heard(); !got.All {
			t.Errorf("their Groups are not told: %+v", got)
		}
		b.cluster.giveUp()
		b.showOtherTenant()
		after(time.Minute)
		b.trusted(false)
	})
}

// The cache still showed that a Group's remote group was missing, which a listing had shown
// by then, and the token was changed: nothing told the foreign account from ours.
func TestWhatWasShownSinceItWasMissedIsNotGivenUp(t *testing.T) {
	run(t, simulator.Settings{}, func(t *testing.T, b *bench) {
		ids := b.seed(1)
		b.cluster.own(ids[0])
		b.cluster.giveUp(ids[0])
		b.configure()
		b.trusted(true)
		b.configure(token(foreignToken))
		b.trusted(false)
		b.createRefused(t)
		b.configure()
		b.trusted(true)
	})
}
