// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// A call to unarchive that seemed to fail may arrive later: so long as that can be,
// nobody may rely on the group's being archived.
func TestAnUnarchivingWithoutAClearAnswerIsRemembered(t *testing.T) {
	working(t, func(t *testing.T, b *bench, ids []string) {
		setArchived := func(archivedAt time.Time, action simulator.Fault) {
			t.Helper()
			b.sim.AddFault(action)
			f := klink.Fields{ArchivedAt: &archivedAt}
			if _, err := b.account.Update(t.Context(), changing("uid"), ids[0], f); err == nil {
				t.Fatal("the call says nothing of the fault")
			}
		}
		unclear := func(want bool) {
			t.Helper()
			if r := b.account.Lookup(ids[0]); r.Unarchiving.IsZero() == want {
				t.Errorf("unarchiving until %v, want any: %t", r.Unarchiving, want)
			}
		}
		setArchived(time.Now(), simulator.Fault{Action: simulator.Reset, Times: 1})
		unclear(false)
		setArchived(time.Time{}, simulator.Fault{Action: simulator.Status, Status: 422, Times: 1})
		unclear(false) // a refusal is clear
		setArchived(time.Time{}, simulator.Fault{Action: simulator.Reset, Times: 1})
		unclear(true)
		if _, err := b.get(ids[0]); err != nil {
			t.Fatal(err)
		}
		unclear(true)
		after(SettleTime)
		if _, err := b.get(ids[0]); err != nil {
			t.Fatal(err)
		}
		unclear(false)
	})
}

// The token was changed while the call was under way: it may arrive all the same.
func TestAnUnarchivingOutlivesItsToken(t *testing.T) {
	working(t, func(t *testing.T, b *bench, ids []string) {
		const rotated = "tok-rotated-0001"
		b.sim.AddToken(rotated, simulator.DefaultTenant)
		b.sim.AddFault(simulator.Fault{Action: simulator.Reset, Delay: 5 * time.Second, Times: 1})
		done := make(chan error)
		go func() {
			_, err := b.account.Update(t.Context(), changing("uid"), ids[0], klink.Fields{ArchivedAt: &time.Time{}})
			done <- err
		}()
		after(time.Second)
		b.configure(token(rotated))
		if err := <-done; err == nil {
			t.Fatal("the call says nothing of the fault")
		}
		if r := b.account.Lookup(ids[0]); r.Unarchiving.IsZero() {
			t.Errorf("nobody knows that it may arrive: %+v", r)
		}
	})
}

// A slot that a Group takes and does not use is the next one's.
func TestASlotGivenBackIsUsed(t *testing.T) {
	run(t, simulator.Settings{}, func(t *testing.T, b *bench) {
		b.configure(func(s *Settings) { s.PerSecond, s.Burst = 0.1, 1 })
		time.Sleep(30*time.Minute + 30*time.Second) // between two listings
		first, second := klink.Caller{Key: "a", Class: klink.ClassCreate}, klink.Caller{Key: "b", Class: klink.ClassCreate}
		if err := b.account.Take(first); err != nil {
			t.Fatal(err)
		}
		if b.account.Take(second) == nil {
			t.Fatal("a burst of one is two")
		}
		b.account.GiveBack()
		if err := b.account.Take(second); err != nil {
			t.Errorf("what was given back is lost: %v", err)
		}
		b.account.GiveBack()
	})
}
