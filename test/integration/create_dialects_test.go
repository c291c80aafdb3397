// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package integration

import (
	"fmt"
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// The groups page leaves open how an account of more than a page is listed, and
// whether archived groups are among the others.
func TestCreationAndDriftWorkInEveryDialect(t *testing.T) {
	t.Parallel()
	dialects := map[string]simulator.Settings{
		"Cursor":          {Paging: simulator.Cursor},
		"Page":            {Paging: simulator.Page},
		"Limit":           {Paging: simulator.Limit},
		"SinglePage":      {Paging: simulator.SinglePage},
		"HasMorePage":     {Paging: simulator.HasMorePage},
		"archived hidden": {Paging: simulator.Cursor, HideArchived: true},
		"as newer pages":  {Paging: simulator.Page, HideArchived: true, Envelope: simulator.Wrapped, Timestamps: simulator.RFC3339, ContactDetails: true},
	}
	reported := map[string]v1alpha1.PaginationDialect{
		"Cursor": "Cursor", "Page": "Page", "Limit": "Limit", "SinglePage": "SinglePage",
		"HasMorePage": "Page", "archived hidden": "Cursor", "as newer pages": "Page",
	}
	for name, settings := range dialects {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := prepareWorld(t, settings)
			const others = 105
			for i := range others {
				w.sim.Seed(simulator.Group{Name: fmt.Sprintf("Other %d", i), CreatedAt: time.Now().Add(-time.Hour)})
			}
			w.start()
			names := w.groups.createMany("g", 2, func(g *v1alpha1.Group) { g.Spec.Description = new("right") })
			filed := w.sim.Seed(simulator.Group{Name: "The filed", ArchivedAt: time.Now().Add(-time.Minute)})
			w.groups.create("filed", func(g *v1alpha1.Group) { g.Spec.GroupID, g.Spec.Archived = filed, new(true) })
			names = append(names, "filed")
			for _, name := range names {
				w.groups.awaitSynced(name)
			}
			w.calls.nextPasses(1)
			w.connection.awaitConnected()
			if have := w.connection.get().Status.Pagination; have != reported[name] {
				t.Errorf("the status says pagination %s", have)
			}
			w.sim.Mutate(w.groups.get("g-0").Status.ID, func(g *simulator.Group) { g.Description = new("wrong") })
			w.sim.Mutate(filed, func(g *simulator.Group) { g.ArchivedAt = time.Time{} })
			w.groups.awaitEvent("g-0", "DriftCorrected")
			w.groups.awaitEvent("filed", "DriftCorrected")
			w.calls.nextPasses(2)
			for _, name := range names {
				w.groups.awaitSynced(name)
			}
			if g := w.remote.get(w.groups.get("g-0").Status.ID); *g.Description != "right" {
				t.Errorf("the drift was left: %q", *g.Description)
			}
			if !w.remote.get(filed).Archived() {
				t.Error("the group was left unarchived")
			}
			if n := w.sim.Counts()["POST"]; n != 2 {
				t.Errorf("%d POSTs for two new Groups", n)
			}
			if have := w.connection.get().Status.RemoteGroups; have == nil || *have != others+int32(len(names)) {
				t.Errorf("the status counts %v remote groups", have)
			}
		})
	}
}
