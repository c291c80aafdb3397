// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package namespaces

import (
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
	"github.com/klink-cloud/klink-operator/test/controlplane"
)

// resetAll breaks every connection.
var resetAll = simulator.Fault{Action: simulator.Reset}

// Those who delete the CRD do not mean the groups of a whole company: they stay as
// they are. A deletion just before, which is meant, does not blur the two.
func TestGroupsGoWithTheirCRDAsOrphans(t *testing.T) {
	t.Parallel()
	cp, err := controlplane.Start(t.Context(), controlplane.Options{CRDPaths: crds})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cp.Stop(); err != nil {
			t.Error(err)
		}
	})
	w := newWorld(t, cp)
	w.start()
	ids := w.groups()
	meant := w.group("meant", v1alpha1.DeletionArchive)
	w.delete(w.named("meant"))
	w.awaitGone(w.named("meant"))
	w.wantArchived(meant)
	w.sim.ResetRequests()

	crd := &apiextensionsv1.CustomResourceDefinition{ObjectMeta: metav1.ObjectMeta{Name: "groups.klink.cloud"}}
	w.delete(crd)
	w.awaitGone(crd)
	for _, id := range ids {
		w.wantUntouched(id)
	}
	w.wantNoWrite()
}
