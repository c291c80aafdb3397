// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// A Group that was restored without status gave its group up to any other that named it, also
// to one that never binds to it; later it waited for that one for ever.
func TestADeletionIsNotHeldUpByAGroupThatNeverBinds(t *testing.T) {
	for name, other := range map[string]func(g *v1alpha1.Group, id string){
		"suspended": func(g *v1alpha1.Group, id string) { g.Spec.GroupID, g.Spec.Suspend = id, true },
		"contradicts itself": func(g *v1alpha1.Group, id string) {
			g.Spec.GroupID = "somethingElse"
			g.Annotations = map[string]string{v1alpha1.AnnotationGroupID: id}
		},
	} {
		t.Run(name, func(t *testing.T) {
			played(t, simulator.Settings{}, transport.serve, func(w *world) {
				id := w.sim.Seed(simulator.Group{Name: "Unique", CreatedAt: time.Now().Add(-time.Hour)})
				g, o := w.links.plainGroup("g"), w.links.plainGroup("o")
				g.Annotations = map[string]string{v1alpha1.AnnotationGroupID: id, v1alpha1.AnnotationGroupCluster: w.ops.uid}
				g.Finalizers = []string{v1alpha1.FinalizerGroup}
				g.Spec.Suspend = true // so that nothing has bound it by the time of its deletion
				o.Namespace = "b"
				other(o, id)
				w.kubectl.declare(w.ops, o, "L2")
				time.Sleep(5 * time.Second)
				w.kubectl.declare(w.ops, g, "L1")
				time.Sleep(5 * time.Second)
				w.kubectl.edit(w.ops, nameOf(g), func(g *v1alpha1.Group) { g.Spec.Suspend = false })
				w.ops.delete(nameOf(g))
				time.Sleep(10 * time.Minute)
				w.isArchivedWith(t, g, id)
			})
		})
	}
}

// One that may not even adopt held it up as well.
func TestADeletionIsNotHeldUpByAGroupThatMayNotAdopt(t *testing.T) {
	played(t, simulator.Settings{}, transport.serve, func(w *world) {
		w.ops.edit(w.links[0].connection, func(o client.Object) {
			connection := o.(*v1alpha1.ClusterConnection) //nolint:forcetypeassert // the first is one
			connection.Spec.AllowedAdoptionNamespaces = v1alpha1.AllowedAdoptionNamespaces{From: "None"}
		})
		g, o := w.links.plainGroup("g"), w.links.plainGroup("o")
		o.Namespace = "b"
		w.kubectl.declare(w.ops, g, "L1")
		id := madeSoon(w.sim)
		o.Spec.GroupID = id
		o.Annotations = map[string]string{v1alpha1.AnnotationGroupID: id}
		w.kubectl.declare(w.ops, o, "L2")
		time.Sleep(5 * time.Minute)
		// The status is lost, as by a restore, and the Group is deleted before anybody looks.
		w.managers.running[0].kill("a restart")
		w.managers.wait()
		w.ops.edit(nameOf(g), func(o client.Object) {
			o.(*v1alpha1.Group).Status = v1alpha1.GroupStatus{ObservedGeneration: -1} //nolint:forcetypeassert // it is a Group
		})
		w.ops.delete(nameOf(g))
		w.managers.start(w.ops)
		time.Sleep(10 * time.Minute)
		w.isArchivedWith(t, g, id)
	})
}

// isArchivedWith checks that a Group is gone, and has archived its remote group.
func (w *world) isArchivedWith(t *testing.T, g *v1alpha1.Group, id string) {
	t.Helper()
	if w.ops.get(nameOf(g)) != nil {
		t.Errorf("the deletion is not done, and says %q", w.ops.readyMessage(g))
	}
	if !remoteNow(w.sim, id).Archived() {
		t.Error("the remote group is still active")
	}
}
