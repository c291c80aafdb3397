// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"fmt"
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/plan"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// A suspended Group with a forged note of a create kept the remote group of its name from
// those who adopt by name, for as long as it stayed suspended.
func TestAForgedNoteKeepsANameForNoLongerThanTheSettleTime(t *testing.T) {
	for name, ahead := range map[string]time.Duration{"of the same time": 0, "of a time to come": 4 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			var free, bound string
			posts := scripted(t, func(w *world) {
				free = w.sim.Seed(simulator.Group{Name: "Unique", CreatedAt: time.Now()})
				forger, adopter := w.links.plainGroup("forger"), w.links.plainGroup("adopter")
				forger.Spec.Suspend = true
				forger.Annotations = map[string]string{v1alpha1.AnnotationCreateAttempt: fmt.Sprintf(
					`{"time":%q,"name":"Unique","fields":["name"],"digest":"x"}`, time.Now().Add(ahead).UTC().Format(time.RFC3339Nano))}
				w.kubectl.declare(w.ops, forger, "L1")
				adopter.Spec.AdoptionPolicy = v1alpha1.AdoptByName
				w.kubectl.declare(w.ops, adopter, "L2")
				time.Sleep(plan.SettleTime + time.Minute)
				bound = w.ops.idNow(adopter)
			})
			if bound != free || posts != 0 {
				t.Errorf("%q is free, the adopter is bound to %q, after %d POSTs", free, bound, posts)
			}
		})
	}
}
