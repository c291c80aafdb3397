// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/internal/account"
	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// unreadable is a cache that fails.
type unreadable struct{ client.Reader }

func (unreadable) Get(context.Context, client.ObjectKey, client.Object, ...client.GetOption) error {
	return errors.New("the cache does not answer")
}

// The slot of a PUT is taken with that of the GET before it, and the PUT may not be made: the
// GET shows no difference any more, or the pass ends in between. The slot was lost.
func TestTheSlotOfAWriteThatIsNotMadeIsGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim, accounts := startAccounts(t, account.Bindings{})
		s := newScope()
		s.account = accounts.Ensure(account.Key{Kind: "ClusterConnection", Name: "default"})
		if err := s.account.Configure(account.Settings{
			Endpoint: "http://127.0.0.1:1" + simulator.Prefix, Token: simulator.DefaultToken, Transport: sim.Transport(),
			Resync: time.Hour, PerSecond: 0.1, Burst: 1,
		}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * time.Minute) // between two listings
		s.account.TakeNext()
		s.slotTaken = true
		r := &GroupReconciler{left: &leftBehind{}, observer: observer{groups: Groups{Cache: unreadable{}}}}
		if _, err := r.pass(t.Context(), s); err == nil {
			t.Error("a cache that fails ends no pass")
		}
		if err := s.account.Take(klink.Caller{Key: "another", Class: klink.ClassChange}); err != nil {
			t.Errorf("the next call has to wait for the slot of one that was not made: %v", err)
		}
	})
}
