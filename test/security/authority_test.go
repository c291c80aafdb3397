// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package security

import (
	"fmt"
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/manager"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
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
		if remote, ok := w.remote.server.Group(id); !ok || remote.Archived() {
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

// Fifteen Groups that named remote groups which do not exist took the connection into
// MassDisappearance, and with it the creations of all tenants.
func TestInventedIDsStopNobodysCreations(t *testing.T) { //nolint:paralleltest // see newTenants
	w := newTenants(t)
	w.group(w.house, "honest")
	w.await(w.house, "honest", v1alpha1.ReasonSynced)
	for i := range 15 {
		invented := fmt.Sprintf("invented%02d", i)
		w.group(w.street, fmt.Sprint("excluded-", i), w.claiming(invented+"street", w.cluster))
		w.group(w.house, fmt.Sprint("ours-", i), w.claiming(invented+"house", w.cluster))
		w.group(w.house, fmt.Sprint("theirs-", i), w.claiming(invented+"theirs", "another-cluster"))
	}
	w.creationsGoOn("honest")
	for i := range 15 {
		w.await(w.street, fmt.Sprint("excluded-", i), v1alpha1.ReasonConnectionNotAllowed)
		w.await(w.house, fmt.Sprint("theirs-", i), v1alpha1.ReasonIDConflict)
		if g := w.await(w.house, fmt.Sprint("ours-", i), v1alpha1.ReasonRemoteMissing); g.Status.ID != "" {
			t.Errorf("status confirms the invented %q", g.Status.ID)
		}
	}
}

// On a connection without Groups two were enough.
func TestTwoInventedIDsStopNobodysFirstCreation(t *testing.T) { //nolint:paralleltest // see newTenants
	w := newTenants(t)
	for i := range 2 {
		invented := fmt.Sprint("invented", i)
		w.group(w.street, fmt.Sprint("excluded-", i), w.claiming(invented+"street", w.cluster))
		w.group(w.house, fmt.Sprint("ours-", i), w.claiming(invented+"house", w.cluster))
	}
	w.creationsGoOn()
}

// creationsGoOn wants a Group to be created after two listings of the account, and the
// connection to have said nothing of a disappearance.
func (w *tenants) creationsGoOn(honest ...string) {
	w.Helper()
	w.awaitConnection(v1alpha1.ReasonConnected)
	w.nextListings(2)
	w.wantConnected()
	w.group(w.house, "new")
	w.await(w.house, "new", v1alpha1.ReasonSynced)
	for _, name := range honest {
		w.edit(w.house, name, func(g *v1alpha1.Group) { g.Spec.Description = new("changed") })
		w.await(w.house, name, v1alpha1.ReasonSynced)
	}
}

// A Group that may not use a ClusterConnection, and never could, kept it from being
// deleted.
func TestAnExcludedGroupHoldsNoConnection(t *testing.T) { //nolint:paralleltest // see newTenants
	w := newTenants(t)
	w.group(w.street, "plain")
	w.group(w.street, "forged", w.claiming("invented", w.cluster))
	w.group(w.house, "honest", func(g *v1alpha1.Group) { g.Spec.DeletionPolicy = v1alpha1.DeletionOrphan })
	w.await(w.house, "honest", v1alpha1.ReasonSynced)
	w.await(w.street, "plain", v1alpha1.ReasonConnectionNotAllowed)
	worlds.Delete(t, api, w.shared)
	w.awaitConnection(v1alpha1.ReasonTerminating) // the honest one holds it
	w.delete(w.house, "honest")
	w.eventually(worlds.Gone(t, api, w.shared))
}

// A Group whose namespace is excluded later still has what it has: it holds the
// connection until it is gone.
func TestAGroupExcludedLaterStillHoldsItsConnection(t *testing.T) { //nolint:paralleltest // see newTenants
	w := newTenants(t)
	w.group(w.house, "honest")
	id := w.await(w.house, "honest", v1alpha1.ReasonSynced).Status.ID
	w.label(w.house, "use", "no")
	time.Sleep(1100 * time.Millisecond) // a create goes by labels that are a second old at most
	w.group(w.house, "late")
	w.await(w.house, "late", v1alpha1.ReasonConnectionNotAllowed) // as it knows of the label by now
	worlds.Delete(t, api, w.shared)
	w.awaitConnection(v1alpha1.ReasonTerminating)
	w.delete(w.house, "honest")
	w.awaitGone(w.house, "honest")
	w.eventually(worlds.Gone(t, api, w.shared))
	if remote, _ := w.remote.server.Group(id); !remote.Archived() {
		t.Error("the deletion of a Group that was allowed when it was made did not archive")
	}
}

// The rightful adopter got IDConflict from a Group that may not use the account, and from
// ones whose Connections never worked.
func TestAnIDIsNotKeptByWhoMayNotUseTheAccount(t *testing.T) { //nolint:paralleltest // see newTenants
	for name, allowed := range map[string]func(*tenants) string{
		"refused endpoint": func(*tenants) string { return "https://api.klink.cloud" },
		"no token":         func(w *tenants) string { return w.endpoint },
	} {
		t.Run(name, func(t *testing.T) {
			w := newTenants(t, func(w *tenants, o *manager.Options) { o.AllowedEndpoints = allowed(w) })
			id := w.seed("The board")
			names := func(g *v1alpha1.Group) { g.Spec.GroupID, g.Spec.Name = id, "The board" }
			own := worlds.Connection(w.street, "own", w.endpoint)
			own.Spec.TokenSecretRef.Name = "missing"
			worlds.Create(t, api, own)
			through := func(g *v1alpha1.Group) {
				g.Spec.ConnectionRef = v1alpha1.ConnectionReference{Kind: v1alpha1.KindConnection, Name: "own"}
			}
			w.group(w.street, "excluded", names)
			w.group(w.street, "annotated", w.claiming(id, w.cluster))
			w.group(w.street, "powerless", names, through)
			w.group(w.street, "powerless-annotated", w.claiming(id, w.cluster), through)
			w.await(w.street, "excluded", v1alpha1.ReasonConnectionNotAllowed)
			w.await(w.street, "powerless", v1alpha1.ReasonConnectionNotReady)
			time.Sleep(time.Second) // creationTimestamps have seconds: the adopter is the younger
			w.group(w.house, "adopter", names)
			if g := w.await(w.house, "adopter", v1alpha1.ReasonSynced); g.Status.ID != id {
				t.Errorf("it is bound to %q", g.Status.ID)
			}
			w.group(w.house, "by-name", func(g *v1alpha1.Group) { g.Spec.AdoptionPolicy = v1alpha1.AdoptByName })
			w.await(w.house, "by-name", v1alpha1.ReasonSynced)
		})
	}
}
