// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import "testing"

func TestTrusted(t *testing.T) {
	for _, c := range []struct {
		name           string
		before         bool
		owned, missing int
		want           bool
	}{
		{"nothing owned is nothing to fear", false, 0, 0, true},
		{"all shown", false, 8, 0, true},
		{"the only one shown", false, 1, 0, true},
		{"the only one missing, at first", false, 1, 1, false},
		{"the only one missing, later", true, 1, 1, true},
		{"both missing", true, 2, 2, false},
		{"one of two missing, at first", false, 2, 1, true},
		{"seven of eight missing", true, 8, 7, true},
		{"all eight missing", true, 8, 8, false},
		{"ten of eleven missing: too few to judge", true, 11, 10, true},
		{"eleven of twelve missing", true, 12, 11, false},
		{"exactly a fifth of 500", true, 500, 100, true},
		{"more than a fifth of 500", true, 500, 101, false},
		{"the same decides at first", false, 500, 101, false},
		{"less than that earns trust", false, 500, 100, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := trusted(c.before, c.owned, c.missing); got != c.want {
				t.Errorf("trusted: %t, want %t", got, c.want)
			}
		})
	}
}
