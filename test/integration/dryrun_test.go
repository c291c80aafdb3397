// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package integration

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// A dry run tells what would be done, and leaves neither a remote nor a local trace
// beyond the status.
func TestADryRunWritesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	w.groups.create("present", func(g *v1alpha1.Group) { g.Spec.Description = new("as it is") })
	w.groups.create("doomed")
	w.groups.awaitSynced("present")
	w.groups.awaitSynced("doomed")
	w.connection.awaitConnected()
	w.stop()
	before := w.sim.Groups()

	w.groups.edit("present", func(g *v1alpha1.Group) { g.Spec.Description = new("as it should be") })
	w.groups.delete("doomed")
	existing := w.sim.Seed(simulator.Group{Name: "Existing"})
	sleeping := w.sim.Seed(simulator.Group{Name: "Sleeping", ArchivedAt: time.Now()})
	w.groups.create("fresh")
	w.groups.create("bound", func(g *v1alpha1.Group) { g.Spec.GroupID = existing })
	w.groups.create("named", func(g *v1alpha1.Group) { g.Spec.Name, g.Spec.AdoptionPolicy = "Sleeping", v1alpha1.AdoptByName })
	w.sim.ResetRequests()
	w.options.DryRun = true
	writes := w.audit()
	w.start()
	for name, would := range map[string]string{
		"present": "set description", "doomed": "Archive", "fresh": `create the group "The fresh"`,
		"bound": "bind to remote group " + existing, "named": "bind to remote group " + sleeping,
	} {
		g := w.groups.await(name, metav1.ConditionFalse, v1alpha1.ReasonDryRun)
		wantMessage(w, g, "dry run: would ", would)
	}
	w.calls.nextPasses(2)
	w.calls.wantNoWrite()
	for _, name := range []string{"fresh", "bound", "named"} {
		if g := w.groups.get(name); len(g.Finalizers) > 0 || len(g.Annotations) > 0 || g.Status.ID != "" {
			t.Errorf("%s carries %v, %v, id %q", name, g.Finalizers, g.Annotations, g.Status.ID)
		}
		if n := writes.of("groups/" + name); n != 1 {
			t.Errorf("%s was written %d times; its status, once, would do", name, n)
		}
	}
	if after := w.sim.Groups(); len(after) != len(before)+2 {
		t.Errorf("there were %d groups, and two were added by hand; now there are %d", len(before), len(after))
	}
	w.stop()
	w.options.DryRun = false
	w.start()
	for _, name := range []string{"present", "fresh", "bound", "named"} {
		w.groups.awaitSynced(name)
	}
	w.groups.awaitGone("doomed")
}
