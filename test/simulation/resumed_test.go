// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"path/filepath"
	"testing"
)

// What a long run has played is not played again, and what other code has played does not count.
func TestALongRunGoesOnWhereItWasStopped(t *testing.T) {
	for name, test := range map[string]struct {
		code   string
		counts bool // what is kept
	}{
		"the same code": {codeDigest(t), true},
		"other code":    {"another", false},
	} {
		t.Run(name, func(t *testing.T) {
			set(t, positions, t.TempDir())
			set(t, runs, 10)
			set(t, seed, 1)
			const kept = 100_000 // more crashes than ten schedules have
			keepIn(t, filepath.Join(*positions, "simulated-1-10.json"), simulated{test.code, totals{"schedules": 7, "crash": kept}})
			all := runLane(t)
			if all["schedules"] != 10 || all["crash"] >= kept != test.counts {
				t.Errorf("it counts %s", all)
			}
			if again := runLane(t); again["crash"] != all["crash"] {
				t.Errorf("what is played to its end is played again: %s", again)
			}
		})
	}
}

func set[T any](t *testing.T, variable *T, value T) {
	t.Helper()
	before := *variable
	*variable = value
	t.Cleanup(func() { *variable = before })
}
