// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package integration

import (
	"net/http"
	"testing"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/manager"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// A mass create holds nobody up: a bound Group's change, and a deletion, pass those
// creations that wait for the rate.
func TestAMassCreateHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{}, func(c *v1alpha1.Connection, _ *manager.Options) {
		c.Spec.RateLimit = v1alpha1.RateLimit{RequestsPerSecond: 1, Burst: 5}
	})
	w.groups.create("changed")
	w.groups.create("deleted")
	id := w.groups.awaitSynced("changed").Status.ID
	doomed := w.groups.awaitSynced("deleted").Status.ID
	w.stop() // so that all creations wait, however long it takes to declare them
	names := w.groups.createMany("new", 30)
	w.sim.ResetRequests()
	w.start()
	w.calls.awaitPosts(2)
	w.groups.edit("changed", func(g *v1alpha1.Group) { g.Spec.Description = new("changed") })
	w.groups.delete("deleted")
	for _, name := range append(names, "changed") {
		w.groups.awaitSynced(name)
	}
	w.groups.awaitGone("deleted")
	left := map[string]int{} // creations after the change of that id
	for _, r := range w.sim.Requests() {
		switch r.Method {
		case http.MethodPut:
			left[r.ID] = 0
		case http.MethodPost:
			left[id]++
			left[doomed]++
		}
	}
	if left[id] == 0 || left[doomed] == 0 {
		t.Errorf("creations after the change: %d, after the deletion: %d; the calls: %v", left[id], left[doomed], w.calls.writes())
	}
}
