// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package security

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/manager"
	"github.com/klink-cloud/klink-operator/internal/simulator"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
	"github.com/klink-cloud/klink-operator/test/harness/worlds/inprocess"
)

// tenants share an account through a ClusterConnection. The Groups of house may use it
// and adopt over it, those of studio may use it and adopt nothing, and those of street
// may not use it.
type tenants struct {
	*testing.T

	remote                *fakeAPI
	endpoint              string
	cluster               string // the UID that stands in the annotations of bound Groups
	shared                *v1alpha1.ClusterConnection
	operator              string // the namespace of the Secret
	house, studio, street string
}

// newTenants starts a manager for them. Every manager sees every ClusterConnection, so
// that the tests which use this run alone.
func newTenants(t *testing.T, adjust ...func(*tenants, *manager.Options)) *tenants {
	t.Helper()
	w := &tenants{T: t}
	w.remote, w.endpoint = newFakeAPI(t)
	kubeSystem := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "kube-system"}}
	worlds.Find(t, api, kubeSystem)
	w.cluster = string(kubeSystem.UID)
	w.operator = worlds.CreateNamespace(t, api, "operator-")
	w.house, w.studio, w.street = w.namespace("may", "use", "adopt"), w.namespace("may", "use"), w.namespace("may")
	w.shared = &v1alpha1.ClusterConnection{ObjectMeta: metav1.ObjectMeta{Name: w.operator}}
	w.shared.Spec.ConnectionSpec = worlds.ConnectionSpec(w.endpoint)
	w.shared.Spec.AllowDelete = true
	may := func(what string) *metav1.LabelSelector {
		return &metav1.LabelSelector{MatchLabels: map[string]string{what: "yes"}}
	}
	w.shared.Spec.AllowedNamespaces = v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesFromSelector, Selector: may("use")}
	w.shared.Spec.AllowedAdoptionNamespaces = v1alpha1.AllowedAdoptionNamespaces{From: v1alpha1.AdoptionNamespacesFromSelector, Selector: may("adopt")}
	worlds.Create(t, api, worlds.Secret(w.operator, token))
	options := manager.Options{
		MetricsAddress: "0", ProbeAddress: "0", OperatorNamespace: w.operator, Workers: 4, AllowedEndpoints: v1alpha1.DefaultEndpoint,
		WatchNamespaces: strings.Join([]string{w.house, w.studio, w.street}, ","),
	}
	for _, f := range adjust {
		f(w, &options)
	}
	w.clusterConnection(w.shared)
	logs.Explain(t, w.operator)
	inprocess.Start(t, cluster.Config, options)
	return w
}

func (w *tenants) namespace(prefix string, labels ...string) (name string) {
	w.Helper()
	name = worlds.CreateNamespace(w, api, prefix+"-"+strings.Join(labels, "-")+"-")
	for _, label := range labels {
		w.label(name, label, "yes")
	}
	return name
}

func (w *tenants) label(namespace, key, value string) {
	w.Helper()
	n := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
	worlds.Edit(w, api, n, func() { n.Labels[key] = value })
}

// clusterConnection creates a ClusterConnection, and removes it with the test.
func (w *tenants) clusterConnection(c *v1alpha1.ClusterConnection) {
	w.Helper()
	worlds.Create(w, api, c)
	w.Cleanup(func() {
		for _, err := range []error{
			api.Delete(context.Background(), c),
			api.Patch(context.Background(), c, client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"finalizers":null}}`))),
		} {
			if client.IgnoreNotFound(err) != nil {
				w.Error(err)
			}
		}
	})
}

// newGroup is a Group on the shared connection, named "The <name>".
func (w *tenants) newGroup(namespace, name string, adjust ...func(*v1alpha1.Group)) *v1alpha1.Group {
	g := worlds.Group(namespace, name, "")
	g.Spec.ConnectionRef = v1alpha1.ConnectionReference{Kind: v1alpha1.KindClusterConnection, Name: w.shared.Name}
	for _, f := range adjust {
		f(g)
	}
	return g
}

func (w *tenants) group(namespace, name string, adjust ...func(*v1alpha1.Group)) {
	w.Helper()
	worlds.Create(w, api, w.newGroup(namespace, name, adjust...))
}

func (w *tenants) edit(namespace, name string, change func(*v1alpha1.Group)) {
	w.Helper()
	g := w.newGroup(namespace, name)
	worlds.Edit(w, api, g, func() { change(g) })
}

// get reads a Group; nil if it is gone.
func (w *tenants) get(namespace, name string) *v1alpha1.Group {
	w.Helper()
	g := &v1alpha1.Group{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	if !worlds.Find(w, api, g) {
		return nil
	}
	return g
}

func (w *tenants) delete(namespace, name string) {
	w.Helper()
	worlds.Delete(w, api, w.newGroup(namespace, name))
}

func (w *tenants) eventually(what func() string) {
	w.Helper()
	worlds.Eventually(w, patience, 50*time.Millisecond, what)
}

// await waits for the reason of a Group's Ready condition.
func (w *tenants) await(namespace, name, reason string) *v1alpha1.Group {
	w.Helper()
	var g *v1alpha1.Group
	w.eventually(func() string {
		if g = w.get(namespace, name); g == nil {
			return "the Group is gone"
		}
		if problem := worlds.Lacks(g.Status.Conditions, g.Generation, reason); problem != "" {
			return name + ": " + problem
		}
		return ""
	})
	return g
}

func (w *tenants) awaitGone(namespace, name string) {
	w.Helper()
	w.eventually(worlds.Gone(w, api, w.newGroup(namespace, name)))
}

// awaitConnection waits for the reason of the shared connection's Ready condition.
func (w *tenants) awaitConnection(reason string) {
	w.Helper()
	w.eventually(func() string {
		worlds.Find(w, api, w.shared)
		return worlds.Lacks(w.shared.Status.Conditions, w.shared.Generation, reason)
	})
}

// wantConnected wants the connection to have been, and to be, of no other opinion.
func (w *tenants) wantConnected() {
	w.Helper()
	worlds.Find(w, api, w.shared)
	if ready := meta.FindStatusCondition(w.shared.Status.Conditions, v1alpha1.ConditionReady); ready == nil || ready.Reason != v1alpha1.ReasonConnected {
		w.Errorf("the connection is %+v", ready)
	}
}

// nextListings waits until so many more listings have begun, and the last but one of
// them has so been taken in.
func (w *tenants) nextListings(n int) {
	w.Helper()
	listings := func() (count int) {
		for _, line := range w.remote.requests() {
			if strings.HasPrefix(line, "GET "+simulator.Prefix+"/groups?") {
				count++
			}
		}
		return count
	}
	before := listings()
	w.eventually(func() string {
		if have := listings(); have <= before+n {
			return fmt.Sprintf("waiting for listing %d, have %d", before+n, have)
		}
		return ""
	})
}

// seed makes a remote group that nobody owns.
func (w *tenants) seed(name string) (id string) {
	return w.remote.server.Seed(simulator.Group{Name: name, CreatedAt: time.Now().Add(-time.Hour)})
}

// wantUntouched fails for each call but reads that named the remote group since there
// were so many requests.
func (w *tenants) wantUntouched(id string, since int) {
	w.Helper()
	for _, line := range w.remote.requests()[since:] {
		if strings.Contains(line, id) && !strings.HasPrefix(line, http.MethodGet) {
			w.Errorf("the operator was made to send %s", line)
		}
	}
}

// claiming forges what a Group that is bound to an id looks like.
func (w *tenants) claiming(id, cluster string) func(*v1alpha1.Group) {
	return func(g *v1alpha1.Group) {
		g.Annotations = map[string]string{v1alpha1.AnnotationGroupID: id, v1alpha1.AnnotationGroupCluster: cluster}
		g.Finalizers = []string{v1alpha1.FinalizerGroup}
	}
}
