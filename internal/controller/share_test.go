// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/klink-cloud/klink-operator/internal/account"
)

func requestOf(name string) reconcile.Request {
	return reconcile.Request{NamespacedName: types.NamespacedName{Name: name}}
}

func TestOneConnectionLeavesWorkersToTheOthers(t *testing.T) {
	for workers, most := range map[int]int{1: 1, 2: 1, 3: 2, 4: 3, 8: 6, 16: 12} {
		var s shares
		s.limit(workers)
		slow, other := account.Key{Name: "slow"}, account.Key{Name: "other"}
		for i := range most {
			if !s.enter(slow, requestOf(string(rune('a'+i))), priorityChange) {
				t.Fatalf("of %d workers, one connection gets %d", workers, i)
			}
		}
		if s.enter(slow, requestOf("more"), priorityChange) {
			t.Errorf("of %d workers, one connection gets more than %d", workers, most)
		}
		if !s.enter(other, requestOf("other"), priorityDrift) {
			t.Errorf("of %d workers, another connection gets none", workers)
		}
	}
}

func TestWhoWaitsForAWorkerComesByPriority(t *testing.T) {
	var s shares
	s.limit(3)
	key := account.Key{Name: "slow"}
	var again []string
	hear := func(_ int, requests ...reconcile.Request) {
		for _, r := range requests {
			again = append(again, r.Name)
		}
	}
	enter := func(name string, priority int, want bool) {
		t.Helper()
		if got := s.enter(key, requestOf(name), priority); got != want {
			t.Errorf("%s enters: %t", name, got)
		}
	}
	enter("a", priorityCreate, true)
	enter("b", priorityCreate, true)
	enter("create-1", priorityCreate, false)
	enter("create-2", priorityCreate, false)
	enter("drift", priorityDrift, false)
	enter("change", priorityChange, false)
	enter("change", priorityChange, false) // it waits once
	s.leave(key, hear)
	enter("change", priorityChange, true)
	s.leave(key, hear)
	enter("create-1", priorityCreate, true)
	if diff := cmp.Diff([]string{"change", "create-1"}, again); diff != "" {
		t.Errorf("who is told (-want +got):\n%s", diff)
	}
	s.leave(key, hear) // create-2, which is gone by now and so never enters
	s.leave(key, hear) // and nobody is left to tell the others
	if diff := cmp.Diff([]string{"change", "create-1", "create-2", "drift"}, again); diff != "" {
		t.Errorf("who is told (-want +got):\n%s", diff)
	}
	if len(s.of) != 0 {
		t.Errorf("what is over is remembered: %v", s.of)
	}
}

func TestWithoutALimitAllEnter(t *testing.T) {
	var s shares
	for range 100 {
		if !s.enter(account.Key{}, requestOf("a"), 0) {
			t.Fatal("there is a limit")
		}
	}
}
