// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package namespaces

import (
	"fmt"
	"strings"
	"testing"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/manager"
	"github.com/klink-cloud/klink-operator/internal/simulator"
	"github.com/klink-cloud/klink-operator/test/controlplane"
	"github.com/klink-cloud/klink-operator/test/worlds"
	"github.com/klink-cloud/klink-operator/test/worlds/inprocess"
)

// patience is how long a test waits for what has to happen; it is no measure of how
// long that should take.
const patience = 3 * time.Minute

// world is a namespace with a Connection that allows permanent deletion, its Secret,
// a simulator and, when started, a manager that watches this namespace alone.
type world struct {
	*testing.T

	cp        *controlplane.ControlPlane
	api       client.Client
	sim       *simulator.Instance
	namespace string
	stop      func()
}

func newWorld(t *testing.T, cp *controlplane.ControlPlane) *world {
	t.Helper()
	w := &world{T: t, cp: cp, sim: simulator.Start(t, simulator.Options{})}
	w.api = worlds.Client(cp.Config, apiextensionsv1.AddToScheme)
	w.namespace = worlds.CreateNamespace(t, w.api, "going-")
	worlds.Create(t, w.api, worlds.Secret(w.namespace, simulator.DefaultToken))
	connection := worlds.Connection(w.namespace, "sim", w.sim.URL)
	connection.Spec.AllowDelete = true
	worlds.Create(t, w.api, connection)
	logs.Explain(t, "")
	return w
}

// start starts a manager; it stops with the test.
func (w *world) start() {
	w.Helper()
	w.stop = inprocess.Start(w, w.cp.Config, manager.Options{
		MetricsAddress: "0", ProbeAddress: "0", OperatorNamespace: w.namespace, WatchNamespaces: w.namespace,
		AllowedEndpoints: w.sim.URL, Workers: 4,
	})
}

func (w *world) delete(o client.Object) {
	w.Helper()
	worlds.Delete(w, w.api, o)
}

// group makes a Group with a deletion policy, waits until it is in order, and returns
// its remote id.
func (w *world) group(name string, policy v1alpha1.DeletionPolicy) string {
	w.Helper()
	worlds.Create(w, w.api, worlds.Group(w.namespace, name, "sim", func(g *v1alpha1.Group) { g.Spec.DeletionPolicy = policy }))
	return w.await(name, v1alpha1.ReasonSynced).Status.ID
}

// groups makes one Group of each policy, named like it, and returns the remote ids.
func (w *world) groups() map[v1alpha1.DeletionPolicy]string {
	w.Helper()
	ids := map[v1alpha1.DeletionPolicy]string{}
	for _, policy := range []v1alpha1.DeletionPolicy{v1alpha1.DeletionArchive, v1alpha1.DeletionDelete, v1alpha1.DeletionOrphan} {
		ids[policy] = w.group(strings.ToLower(string(policy)), policy)
	}
	return ids
}

// find reads an object of the world's namespace; false if it is gone.
func (w *world) find(name string, o client.Object) bool {
	w.Helper()
	o.SetNamespace(w.namespace)
	o.SetName(name)
	return worlds.Find(w, w.api, o)
}

// edit changes an object of the world's namespace as a person would.
func (w *world) edit(name string, o client.Object, change func()) {
	w.Helper()
	o.SetNamespace(w.namespace)
	o.SetName(name)
	worlds.Edit(w, w.api, o, change)
}

// release sets the policy that every message offers.
func (w *world) release(name string) {
	w.Helper()
	var g v1alpha1.Group
	w.edit(name, &g, func() { g.Spec.DeletionPolicy = v1alpha1.DeletionOrphan })
}

// await waits for a Group's Ready reason, and for parts of its message.
func (w *world) await(name, reason string, parts ...string) *v1alpha1.Group {
	w.Helper()
	var g v1alpha1.Group
	w.eventually(func() string {
		if !w.find(name, &g) {
			return "the Group is gone"
		}
		if problem := worlds.Lacks(g.Status.Conditions, g.Generation, reason); problem != "" {
			return problem
		}
		ready := meta.FindStatusCondition(g.Status.Conditions, v1alpha1.ConditionReady)
		for _, part := range parts {
			if !strings.Contains(ready.Message, part) {
				return fmt.Sprintf("the message lacks %q: %s", part, ready.Message)
			}
		}
		return ""
	})
	return &g
}

func (w *world) awaitGone(o client.Object) {
	w.Helper()
	w.eventually(worlds.Gone(w, w.api, o))
}

// eventually waits until what returns "".
func (w *world) eventually(what func() string) {
	w.Helper()
	worlds.Eventually(w, patience, 50*time.Millisecond, what)
}

// wantUntouched checks that a remote group is there and not archived.
func (w *world) wantUntouched(id string) {
	w.Helper()
	if g, ok := w.sim.Group(id); !ok || g.Archived() {
		w.Errorf("remote group %s is there: %t, archived: %t; want it untouched", id, ok, g.Archived())
	}
}

func (w *world) wantArchived(id string) {
	w.Helper()
	if g, ok := w.sim.Group(id); !ok || !g.Archived() {
		w.Errorf("remote group %s is there: %t, archived: %t; want it archived", id, ok, g.Archived())
	}
}

// wantNoWrite checks that nothing was written remotely since the last reset.
func (w *world) wantNoWrite() {
	w.Helper()
	for kind, n := range w.sim.Counts() {
		if !strings.HasPrefix(kind, "GET") && n > 0 {
			w.Errorf("%d × %s, want no remote write", n, kind)
		}
	}
}
