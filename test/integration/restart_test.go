// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package integration

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// With 8,300 groups at 250 ms a page, a change right after a restart waited for 21 s.
func TestAPersonsWorkAfterARestartDoesNotWaitForTheListing(t *testing.T) {
	t.Parallel()
	const pages = 6
	w := prepareWorld(t, simulator.Settings{}, atFullSpeed)
	w.start()
	names := []string{"before", "changed", "asked", "deleted"}
	for _, name := range names {
		w.groups.create(name, func(g *v1alpha1.Group) { g.Spec.Description = new("as it was") })
	}
	for _, name := range names {
		w.groups.awaitSynced(name)
	}
	w.stop()
	for i := range pages * 100 {
		w.sim.Seed(simulator.Group{Name: fmt.Sprint("Unmanaged ", i)})
	}
	slow := w.sim.AddFault(simulator.Fault{QueryRegexp: "starting_after", Action: simulator.Pass, Delay: 20 * time.Second})
	defer slow.Remove() // or the manager is waited for
	w.groups.edit("before", func(g *v1alpha1.Group) { g.Spec.Description = new("changed while nobody looked") })
	w.sim.ResetRequests()
	w.start()
	eventually(w, func() string {
		if slow.Hits() == 0 {
			return "the listing is not under way"
		}
		return ""
	})
	w.groups.edit("changed", func(g *v1alpha1.Group) { g.Spec.Description = new("changed during the listing") })
	w.groups.edit("asked", func(g *v1alpha1.Group) {
		g.Annotations[v1alpha1.AnnotationReconcileRequestedAt] = "now"
	})
	w.groups.delete("deleted")
	w.groups.awaitSynced("before")
	w.groups.awaitSynced("changed")
	eventually(w, func() string {
		if g := w.groups.get("deleted"); g != nil {
			return fmt.Sprintf("the Group is still there: %+v", g.Status)
		}
		if g := w.groups.get("asked"); g.Status.LastHandledReconcileAt != "now" {
			return fmt.Sprintf("it was not looked at: %+v", g.Status)
		}
		return ""
	})
	answered := 0
	for _, r := range w.sim.Requests() {
		if strings.Contains(r.Query, "starting_after") && r.Status != 0 {
			answered++
		}
	}
	if answered >= pages {
		t.Error("all this was done when the listing was there")
	}
}
