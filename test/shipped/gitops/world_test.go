// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package gitops

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/manager"
	"github.com/klink-cloud/klink-operator/internal/simulator"
	"github.com/klink-cloud/klink-operator/test/harness/controlplane"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
	"github.com/klink-cloud/klink-operator/test/harness/worlds/inprocess"
)

// patience is how long a test waits for what has to happen; it is no measure of how
// long that should take.
const patience = 4 * time.Minute

// world is a namespace with a Connection "sim" to a simulator, its Secret and, when
// started, a manager for that namespace alone.
type world struct {
	*testing.T

	cp        *controlplane.ControlPlane
	api       client.Client
	sim       *simulator.Instance
	namespace string
	options   manager.Options
	stop      func()
}

func prepareWorld(t *testing.T) *world {
	t.Helper()
	w := emptyWorld(t, cluster)
	w.create(w.secret(simulator.DefaultToken))
	w.create(w.connection())
	return w
}

// emptyWorld is one without a connection.
func emptyWorld(t *testing.T, cp *controlplane.ControlPlane) *world {
	t.Helper()
	w := &world{T: t, cp: cp, api: worlds.Client(cp.Config)}
	w.sim = simulator.Start(t, simulator.Options{Settings: simulator.Settings{Text: simulator.Trim}})
	w.namespace = worlds.CreateNamespace(t, w.api, "gitops-")
	w.options = manager.Options{
		MetricsAddress: "0", ProbeAddress: "0", OperatorNamespace: w.namespace, WatchNamespaces: w.namespace,
		AllowedEndpoints: w.sim.URL, Workers: 4,
	}
	logs.Explain(t, w.namespace)
	return w
}

// start starts a manager; it stops with the test.
func (w *world) start() {
	w.Helper()
	w.stop = inprocess.Start(w, w.cp.Config, w.options)
}

func (w *world) secret(token string) *corev1.Secret {
	return worlds.Secret(w.namespace, token)
}

func (w *world) connection() *v1alpha1.Connection {
	return worlds.Connection(w.namespace, "sim", w.sim.URL)
}

// group creates a Group on the world's connection.
func (w *world) group(name string, adjust ...func(*v1alpha1.Group)) {
	w.Helper()
	w.create(worlds.Group(w.namespace, name, "sim", adjust...))
}

// edit changes a Group as a person would.
func (w *world) edit(name string, change func(*v1alpha1.Group)) {
	w.Helper()
	g := &v1alpha1.Group{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: name}}
	worlds.Edit(w, w.api, g, func() { change(g) })
}

func (w *world) editConnection(change func(*v1alpha1.Connection)) {
	w.Helper()
	c := &v1alpha1.Connection{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "sim"}}
	worlds.Edit(w, w.api, c, func() { change(c) })
}

func (w *world) create(o client.Object) {
	w.Helper()
	worlds.Create(w, w.api, o)
}

func (w *world) delete(kind, name string) {
	w.Helper()
	worlds.Delete(w, w.api, w.get(kind, name))
}

// get reads an object of ours as Argo CD and Flux see it.
func (w *world) get(kind, name string) *unstructured.Unstructured {
	w.Helper()
	u := &unstructured.Unstructured{}
	u.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind))
	key := client.ObjectKey{Namespace: w.namespace, Name: name}
	if kind == "ClusterConnection" {
		key.Namespace = ""
	}
	if err := w.api.Get(w.Context(), key, u); err != nil {
		w.Fatal(err)
	}
	return u
}

// eventually waits until what returns "".
func (w *world) eventually(what func() string) {
	w.Helper()
	worlds.Eventually(w, patience, 100*time.Millisecond, what)
}
