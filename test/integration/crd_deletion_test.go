// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package integration

import (
	"context"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
	"github.com/klink-cloud/klink-operator/test/harness/checkout"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
)

// Those who delete the CRD do not mean the groups of a whole company: they stay as
// they are. A deletion just before, which is meant, does not blur the two.
func TestGroupsGoWithTheirCRDAsOrphans(t *testing.T) { //nolint:paralleltest // the other tests need the CRD too
	w := newWorld(t, simulator.Settings{}, consentingToDeletion)
	ids := w.groups.ofEachPolicy()
	meant := w.groups.owned("meant")["meant"]
	w.groups.delete("meant")
	w.groups.awaitGone("meant")
	w.remote.wantArchived(meant, true)
	w.sim.ResetRequests()

	w.releaseOthers()
	crds := worlds.Client(cluster.Config, apiextensionsv1.AddToScheme)
	crd := &apiextensionsv1.CustomResourceDefinition{ObjectMeta: metav1.ObjectMeta{Name: "groups.klink.cloud"}}
	t.Cleanup(func() { installCRDs(t) })
	worlds.Delete(t, crds, crd)
	eventually(w, worlds.Gone(t, crds, crd))
	for _, id := range ids {
		w.remote.wantArchived(id, false)
	}
	w.calls.wantNoWrite()
}

// releaseOthers takes the finalizers off what earlier tests have left: no manager is
// there to do it any more, and the CRD would wait for ever.
func (w *world) releaseOthers() {
	w.Helper()
	var left v1alpha1.GroupList
	if err := api.List(w.Context(), &left); err != nil {
		w.Fatal(err)
	}
	for _, g := range left.Items {
		if g.Namespace != w.namespace {
			worlds.Edit(w, api, &g, func() { g.Finalizers = nil })
		}
	}
}

// installCRDs has the CRDs there again for the other tests.
func installCRDs(t *testing.T) {
	t.Helper()
	ctx := context.Background() // that of the test has ended
	if _, err := cluster.Kubectl(ctx, "apply", "--server-side", "--force-conflicts", "-f", checkout.Path("config/crd/bases")); err != nil {
		t.Fatal(err)
	}
	worlds.Eventually(t, patience, patience/1000, func() string {
		if err := api.List(ctx, &v1alpha1.GroupList{}); err != nil {
			return err.Error()
		}
		return ""
	})
}
