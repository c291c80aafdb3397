// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package transitions

import (
	"testing"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
)

// fewest is how many transitions the table must amount to.
const fewest = 200

func TestTransitionsOfEveryField(t *testing.T) {
	sim := simulator.New(simulator.Options{})
	t.Cleanup(sim.Close)
	startManager(t, sim)
	prepareDefault(t)
	total := 0
	for _, r := range rows() {
		total += r.transitions()
		t.Run(r.kind+"/"+r.path, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, sim, &r)
			taken := map[[2]int]bool{}
			for _, round := range r.rounds() {
				w.begin()
				w.step(&r.states[round[0]])
				for i, next := range round[1:] {
					w.step(&r.states[next])
					taken[[2]int{round[i], next}] = true
				}
				w.end()
			}
			if len(taken) != r.transitions() {
				t.Errorf("%d transitions taken, want %d", len(taken), r.transitions())
			}
		})
	}
	t.Logf("%d transitions of %d fields", total, len(rows()))
	if total < fewest {
		t.Errorf("%d transitions, want at least %d", total, fewest)
	}
}

// prepareDefault makes the ClusterConnection that a Group uses when it names none.
func prepareDefault(t *testing.T) {
	t.Helper()
	worlds.Create(t, api, secret(operatorNamespace, "default", simulator.DefaultToken))
	c := &v1alpha1.ClusterConnection{}
	c.Name = "default"
	c.Spec.TokenSecretRef.Name = "default"
	worlds.Create(t, api, c)
}
