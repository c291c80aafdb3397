// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package security

import (
	"testing"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/test/worlds"
)

// A Group of an excluded namespace that looked bound got its id written into status,
// was then taken for its owner, and its deletion deleted somebody else's remote group.
func TestForgedAnnotationsOfAnExcludedNamespaceDeleteNothing(t *testing.T) { //nolint:paralleltest // see newTenants
	w := newTenants(t)
	w.group(w.house, "victim")
	owned := w.await(w.house, "victim", v1alpha1.ReasonSynced).Status.ID
	ids := map[string]string{"free": w.seed("By hand"), "owned": owned}
	since := len(w.remote.requests())
	for name, id := range ids {
		w.group(w.street, name, w.claiming(id, w.cluster), func(g *v1alpha1.Group) { g.Spec.DeletionPolicy = v1alpha1.DeletionDelete })
		w.group(w.street, "archive-"+name, w.claiming(id, w.cluster))
		w.group(w.street, "suspended-"+name, w.claiming(id, w.cluster), func(g *v1alpha1.Group) { g.Spec.Suspend = true })
	}
	for name := range ids {
		w.await(w.street, "suspended-"+name, v1alpha1.ReasonSuspended)
		w.edit(w.street, "suspended-"+name, func(g *v1alpha1.Group) { g.Spec.Suspend = false })
		for _, name := range []string{name, "archive-" + name, "suspended-" + name} {
			w.await(w.street, name, v1alpha1.ReasonConnectionNotAllowed)
			w.edit(w.street, name, func(g *v1alpha1.Group) { g.Spec.Description = new("mine") })
			if g := w.await(w.street, name, v1alpha1.ReasonConnectionNotAllowed); g.Status.ID != "" {
				t.Errorf("status confirms %q of %s, which no reply has shown for it", g.Status.ID, name)
			}
			w.delete(w.street, name)
		}
	}
	for name := range ids {
		for _, name := range []string{name, "archive-" + name, "suspended-" + name} {
			w.eventually(func() string {
				g := w.get(w.street, name)
				if g == nil {
					return ""
				}
				return worlds.Lacks(g.Status.Conditions, g.Generation, v1alpha1.ReasonConnectionNotAllowed)
			})
		}
	}
	w.nextListings(1)
	for name, id := range ids {
		w.wantUntouched(id, since)
		if remote, ok := w.remote.Group(id); !ok || remote.Archived() {
			t.Errorf("the remote group (%s) is %+v", name, remote)
		}
		for _, name := range []string{name, "archive-" + name, "suspended-" + name} {
			if w.get(w.street, name) != nil {
				w.edit(w.street, name, func(g *v1alpha1.Group) { g.Spec.DeletionPolicy = v1alpha1.DeletionOrphan })
			}
			w.awaitGone(w.street, name)
		}
	}
}
