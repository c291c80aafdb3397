// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package locked

import (
	"sync"
	"testing"
)

func TestNoChangeIsLostBetweenTwoWhoMakeOne(t *testing.T) {
	v := New(0)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 1000 {
				v.Do(func(n *int) { *n++ })
			}
		})
	}
	all.Wait()
	v.Do(func(n *int) {
		if *n != 8000 {
			t.Errorf("%d changes, want 8000", *n)
		}
	})
}

func TestALockIsGivenBackByAPanic(*testing.T) {
	v := New("before")
	func() {
		defer func() { _ = recover() }()
		v.Do(func(*string) { panic("while it is held") })
	}()
	v.Do(func(s *string) { *s = "after" })
}
