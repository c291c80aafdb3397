// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package namespaces

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/manager"
	"github.com/klink-cloud/klink-operator/internal/simulator"
	"github.com/klink-cloud/klink-operator/test/controlplane"
)

// patience is how long a test waits for what has to happen; it is no measure of how
// long that should take.
const patience = 3 * time.Minute

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

// last returns the end of the log.
func (j *journal) last() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	lines := strings.Split(j.text.String(), "\n")
	return strings.Join(lines[max(0, len(lines)-40):], "\n")
}

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
	w := &world{T: t, cp: cp, api: clientOf(t, cp), sim: simulator.Start(t, simulator.Options{})}
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "going-"}}
	w.create(namespace)
	w.namespace = namespace.Name
	w.create(&corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "klink-token"},
		StringData: map[string]string{"token": simulator.DefaultToken},
	})
	connection := &v1alpha1.Connection{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "sim"}}
	connection.Spec = v1alpha1.ConnectionSpec{
		Endpoint: w.sim.URL, TokenSecretRef: v1alpha1.SecretKeyReference{Name: "klink-token"},
		ResyncInterval: metav1.Duration{Duration: 10 * time.Second}, AllowDelete: true,
		RateLimit: v1alpha1.RateLimit{RequestsPerSecond: 100, Burst: 100},
	}
	w.create(connection)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the end of the managers' log:\n%s", logs.last())
		}
	})
	return w
}

// start starts a manager; it stops with the test.
func (w *world) start() {
	w.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	mgr, err := manager.New(ctx, w.cp.Config, manager.Options{
		MetricsAddress: "0", ProbeAddress: "0", OperatorNamespace: w.namespace, WatchNamespaces: w.namespace,
		AllowedEndpoints: w.sim.URL, Workers: 4, Registry: prometheus.NewRegistry(),
	})
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

func (w *world) create(o client.Object) {
	w.Helper()
	if err := w.api.Create(w.Context(), o); err != nil {
		w.Fatal(err)
	}
}

func (w *world) delete(o client.Object) {
	w.Helper()
	if err := w.api.Delete(w.Context(), o); err != nil {
		w.Fatal(err)
	}
}

// group makes a Group with a deletion policy, waits until it is in order, and returns
// its remote id.
func (w *world) group(name string, policy v1alpha1.DeletionPolicy) string {
	w.Helper()
	g := &v1alpha1.Group{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: name}}
	g.Spec.ConnectionRef = v1alpha1.ConnectionReference{Kind: v1alpha1.KindConnection, Name: "sim"}
	g.Spec.Name, g.Spec.DeletionPolicy = "The "+name, policy
	w.create(g)
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
	err := w.api.Get(w.Context(), client.ObjectKey{Namespace: w.namespace, Name: name}, o)
	if client.IgnoreNotFound(err) != nil {
		w.Fatal(err)
	}
	return err == nil
}

// edit changes an object as a person would.
func (w *world) edit(name string, o client.Object, change func()) {
	w.Helper()
	if !w.find(name, o) {
		w.Fatalf("%T %s is gone", o, name)
	}
	before, _ := o.DeepCopyObject().(client.Object)
	change()
	if err := w.api.Patch(w.Context(), o, client.MergeFrom(before)); err != nil {
		w.Fatal(err)
	}
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
		ready := meta.FindStatusCondition(g.Status.Conditions, v1alpha1.ConditionReady)
		if ready == nil || ready.Reason != reason || ready.ObservedGeneration != g.Generation {
			return fmt.Sprintf("want Ready/%s, have %+v", reason, ready)
		}
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
	w.eventually(func() string {
		err := w.api.Get(w.Context(), client.ObjectKeyFromObject(o), o)
		if apierrors.IsNotFound(err) || meta.IsNoMatchError(err) {
			return ""
		}
		return fmt.Sprintf("%T %s is still there (%v): %+v", o, o.GetName(), err, o)
	})
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
		time.Sleep(50 * time.Millisecond)
	}
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
