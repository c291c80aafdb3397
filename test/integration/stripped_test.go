// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package integration

import (
	"context"
	"testing"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// What ties a Group to its remote group is put back also where nothing remote may or
// can be done at the time: a deletion that comes next must not pass us by.
func TestStrippedGroupIsMarkedAgainWhateverStandsAgainstIt(t *testing.T) {
	t.Parallel()
	obstacles := map[string]func(w *world){
		"suspended": func(w *world) {
			w.groups.edit("lobby", func(g *v1alpha1.Group) { g.Spec.Suspend = true })
			w.groups.await("lobby", "True", v1alpha1.ReasonSuspended)
		},
		"connection down": func(w *world) {
			w.sim.AddFault(simulator.Fault{Action: simulator.Reset})
			w.connection.await("False", v1alpha1.ReasonUnavailable)
		},
		"connection not allowed": func(w *world) {
			w.connection.edit(func(c *v1alpha1.Connection) { c.Spec.Endpoint = "https://elsewhere.example" })
			w.connection.await("False", v1alpha1.ReasonEndpointNotAllowed)
		},
	}
	for name, obstruct := range obstacles {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, simulator.Settings{})
			id := w.groups.owned("lobby")["lobby"]
			obstruct(w)
			w.sim.ResetRequests()
			g := w.groups.get("lobby")
			g.Finalizers, g.Annotations = nil, nil
			if err := api.Update(context.Background(), g); err != nil {
				t.Fatal(err)
			}
			eventually(w, func() string { return w.groups.unmarked(id) })
			w.calls.wantNoWrite()
		})
	}
}
