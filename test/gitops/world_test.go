// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package gitops

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/manager"
	"github.com/klink-cloud/klink-operator/internal/simulator"
	"github.com/klink-cloud/klink-operator/test/controlplane"
)

// patience is how long a test waits for what has to happen; it is no measure of how
// long that should take.
const patience = 4 * time.Minute

// journal keeps what the managers log.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

// about returns the last lines that name a namespace.
func (j *journal) about(namespace string) string {
	j.mu.Lock()
	defer j.mu.Unlock()
	var lines []string
	for line := range strings.SplitSeq(j.text.String(), "\n") {
		if strings.Contains(line, namespace) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines[max(0, len(lines)-30):], "\n")
}

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
	w := &world{T: t, cp: cp, api: clientOf(t, cp.Config)}
	w.sim = simulator.Start(t, simulator.Options{Settings: simulator.Settings{Text: simulator.Trim}})
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "gitops-"}}
	w.create(namespace)
	w.namespace = namespace.Name
	w.options = manager.Options{
		MetricsAddress: "0", ProbeAddress: "0", OperatorNamespace: w.namespace, WatchNamespaces: w.namespace,
		AllowedEndpoints: w.sim.URL, Workers: 4,
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the manager's log:\n%s", logs.about(w.namespace))
		}
	})
	return w
}

// start starts a manager; it stops with the test.
func (w *world) start() {
	w.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	w.options.Registry = prometheus.NewRegistry()
	mgr, err := manager.New(ctx, w.cp.Config, w.options)
	if err != nil {
		cancel()
		w.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- mgr.Start(ctx) }()
	w.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			w.Errorf("the manager ended with: %v", err)
		}
	})
	w.Cleanup(w.stop)
}

func (w *world) secret(token string) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "klink-token"}, StringData: map[string]string{"token": token},
	}
}

func (w *world) connection() *v1alpha1.Connection {
	c := &v1alpha1.Connection{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "sim"}}
	c.Spec = v1alpha1.ConnectionSpec{
		Endpoint: w.sim.URL, TokenSecretRef: v1alpha1.SecretKeyReference{Name: "klink-token"},
		ResyncInterval: metav1.Duration{Duration: 10 * time.Second},
		RateLimit:      v1alpha1.RateLimit{RequestsPerSecond: 100, Burst: 200},
	}
	return c
}

// group creates a Group on the world's connection.
func (w *world) group(name string, adjust ...func(*v1alpha1.Group)) {
	w.Helper()
	g := &v1alpha1.Group{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: name}}
	g.Spec.ConnectionRef = v1alpha1.ConnectionReference{Kind: v1alpha1.KindConnection, Name: "sim"}
	g.Spec.Name = "The " + name
	for _, f := range adjust {
		f(g)
	}
	w.create(g)
}

// edit changes a Group as a person would.
func (w *world) edit(name string, change func(*v1alpha1.Group)) {
	w.Helper()
	g := &v1alpha1.Group{}
	w.patch(name, g, func() { change(g) })
}

func (w *world) editConnection(change func(*v1alpha1.Connection)) {
	w.Helper()
	c := &v1alpha1.Connection{}
	w.patch("sim", c, func() { change(c) })
}

// patch reads an object, changes it and writes what differs.
func (w *world) patch(name string, o client.Object, change func()) {
	w.Helper()
	if err := w.api.Get(w.Context(), client.ObjectKey{Namespace: w.namespace, Name: name}, o); err != nil {
		w.Fatal(err)
	}
	before, _ := o.DeepCopyObject().(client.Object)
	change()
	if err := w.api.Patch(w.Context(), o, client.MergeFrom(before)); err != nil {
		w.Fatal(err)
	}
}

func (w *world) create(o client.Object) {
	w.Helper()
	if err := w.api.Create(w.Context(), o); err != nil {
		w.Fatal(err)
	}
}

func (w *world) delete(kind, name string) {
	w.Helper()
	if err := w.api.Delete(w.Context(), w.get(kind, name)); err != nil {
		w.Fatal(err)
	}
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
	deadline := time.Now().Add(patience)
	for {
		problem := what()
		if problem == "" {
			return
		}
		if time.Now().After(deadline) {
			w.Fatalf("it did not come to pass: %s", problem)
		}
		time.Sleep(100 * time.Millisecond)
	}
}
