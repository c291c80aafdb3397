// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package gitops

import (
	"strings"
	"testing"
	"time"

	"github.com/fluxcd/pkg/ssa"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// TestFluxRound has Flux's library do what its kustomize-controller does: apply the CRDs
// and all samples at once, wait, look for drift, change, and prune.
func TestFluxRound(t *testing.T) {
	t.Parallel()
	f := newFlux(t)

	// Nobody runs yet: nothing is ready, though everything is applied.
	f.wantOnly(f.apply(), ssa.CreatedAction)
	if err := f.wait(2 * time.Second); err == nil {
		t.Error("objects that nobody has looked at are taken for ready")
	}
	f.world.start()
	f.wantReady()
	f.wantNoDrift()
	f.wantOnly(f.apply(), ssa.UnchangedAction)

	// A change waits for the operator, and reaches the remote group.
	plaza := f.find("Group", "plaza-hotel")
	f.set(plaza, "Closed for the winter.", "spec", "description")
	f.set(plaza, []any{}, "spec", "contacts")
	if diff, _, _, err := f.resources.Diff(t.Context(), plaza, ssa.DefaultDiffOptions()); err != nil || diff.Action != ssa.ConfiguredAction {
		t.Errorf("a change in git is not seen: %v, %v", diff, err)
	}
	f.apply()
	f.wantReady()
	f.wantNoDrift()
	if g := f.remote(f.world.sim, "Plaza Hotel"); *g.Description != "Closed for the winter." || len(g.Contacts) != 0 {
		t.Errorf("Flux waited for too little: %+v", g)
	}

	// What needs a person fails at once, and says why.
	broken := f.find("Group", "concierge-desk").DeepCopy()
	broken.SetName("broken")
	f.set(broken, "nowhere-to-be-seen", "spec", "groupID")
	f.objects = append(f.objects, broken)
	f.apply()
	if err := f.wait(patience); err == nil || !strings.Contains(err.Error(), "broken") || strings.Contains(err.Error(), "timeout") {
		t.Errorf("a stalled Group does not fail: %v", err)
	}
	f.world.await("Group", "broken", "False", v1alpha1.ReasonRemoteMissing)
	f.prune(func(u *unstructured.Unstructured) bool { return u.GetName() == "broken" })
	f.wantReady()
}

// TestFluxPrunes takes one Group out of git, then all of a team: its Groups, Connection
// and Secret, and the namespace they are in, all at once.
func TestFluxPrunes(t *testing.T) {
	t.Parallel()
	f := newFlux(t)
	f.apply()
	f.world.start()
	f.wantReady()

	f.prune(func(u *unstructured.Unstructured) bool { return u.GetName() == "plaza-hotel" })
	if !f.remote(f.world.sim, "Plaza Hotel").Archived() {
		t.Error("the remote group of the pruned Group is not archived")
	}
	if f.remote(f.world.sim, "Concierge Desk").Archived() {
		t.Error("another remote group is archived")
	}
	f.wantReady()

	f.prune(func(u *unstructured.Unstructured) bool {
		return u.GetNamespace() == f.world.namespace || u.GetKind() == "Namespace" && u.GetName() == f.world.namespace
	})
	for name, archived := range map[string]bool{"Concierge Desk": true, "Savoy Hotel": true, "Ritz Hotel": true, "Carlton Hotel": false} {
		if have := f.remote(f.world.sim, name).Archived(); have != archived {
			t.Errorf("%s has archived=%t, want %t", name, have, archived)
		}
	}
	if left := f.team.Groups(); len(left) != 0 {
		t.Errorf("policy Delete has left %+v", left)
	}
	f.wantReady() // what is left in git

	// The CRDs outlive even the operator's own Kustomization.
	f.prune(func(*unstructured.Unstructured) bool { return true })
	if crds := f.world.kubectl("get", "crd", "-o=name"); strings.Count(crds, "klink.cloud") != 3 {
		t.Errorf("these CRDs are left: %s", crds)
	}
}
