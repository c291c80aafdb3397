// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package integration

import (
	"context"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
)

// Two managers may share a cluster if they do not share namespaces.
func TestGroupsOfOtherNamespacesAreLeftAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	other := prepareWorld(t, simulator.Settings{})
	other.groups.create("elsewhere")
	w.groups.create("here")
	w.groups.awaitSynced("here")
	w.calls.nextPasses(1)
	if g := other.groups.get("elsewhere"); g.Status.ObservedGeneration != -1 || len(g.Finalizers) > 0 {
		t.Errorf("a Group of a namespace that is not watched was looked at: %+v", g.Status)
	}
	w.stop()
	w.options.WatchNamespaces += ", " + other.namespace
	w.options.AllowedEndpoints += "," + other.sim.URL
	w.start()
	other.groups.awaitSynced("elsewhere")
	w.wantOneToOne("here")
	other.wantOneToOne("elsewhere")
}

// Not parallel: every manager sees a ClusterConnection, and those of other tests
// would have no Secret for it.
func TestAClusterConnectionTakesItsSecretFromTheOperatorsNamespace(t *testing.T) { //nolint:paralleltest // see above
	w := prepareWorld(t, simulator.Settings{})
	operator := worlds.CreateNamespace(t, api, "operator-")
	w.options.OperatorNamespace = operator
	w.options.AllowedEndpoints = "https://api.klink.cloud" // no concern of a ClusterConnection
	c := &v1alpha1.ClusterConnection{ObjectMeta: metav1.ObjectMeta{Name: "default"}}
	c.Spec.ConnectionSpec = w.connection.get().Spec
	create(w, c)
	t.Cleanup(func() { forgetClusterConnection(w) })
	w.connection.deleteSecret()
	create(w, worlds.Secret(operator, token))
	w.start()
	w.groups.create("guest", func(g *v1alpha1.Group) { g.Spec.ConnectionRef = v1alpha1.ConnectionReference{} })
	awaitClusterConnection(w)
	g := w.groups.awaitSynced("guest")
	if ref := g.Spec.ConnectionRef; ref.Kind != v1alpha1.KindClusterConnection || ref.Name != "default" {
		t.Errorf("the connectionRef is %+v by default", ref)
	}
	w.groups.delete("guest")
	w.groups.awaitGone("guest")
	worlds.Delete(t, api, c)
	eventually(w, worlds.Gone(t, api, c))
}

func awaitClusterConnection(t testing.TB) {
	t.Helper()
	eventually(t, func() string {
		var c v1alpha1.ClusterConnection
		if err := api.Get(context.Background(), client.ObjectKey{Name: "default"}, &c); err != nil {
			return err.Error()
		}
		if !meta.IsStatusConditionTrue(c.Status.Conditions, v1alpha1.ConditionReady) {
			return "the ClusterConnection is not ready"
		}
		return ""
	})
}

// forgetClusterConnection removes what a failed test has left to all others.
func forgetClusterConnection(t testing.TB) {
	t.Helper()
	var c v1alpha1.ClusterConnection
	if err := api.Get(context.Background(), client.ObjectKey{Name: "default"}, &c); err != nil {
		return
	}
	c.Finalizers = nil
	if err := api.Update(context.Background(), &c); err != nil {
		t.Error(err)
	}
	err := api.Delete(context.Background(), &c)
	if client.IgnoreNotFound(err) != nil {
		t.Error(err)
	}
}
