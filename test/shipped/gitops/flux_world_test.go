// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package gitops

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/polling"
	"github.com/fluxcd/pkg/ssa"
	"github.com/fluxcd/pkg/ssa/normalize"
	"github.com/fluxcd/pkg/ssa/utils"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/klink-cloud/klink-operator/internal/manager"
	"github.com/klink-cloud/klink-operator/internal/simulator"
	"github.com/klink-cloud/klink-operator/test/harness/checkout"
	"github.com/klink-cloud/klink-operator/test/harness/controlplane"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
)

// operatorNamespace is where the Secret of the samples' ClusterConnection is.
const operatorNamespace = "klink-operator-system"

// flux is a cluster of its own, what stands in git for it, and what applies that.
type flux struct {
	*testing.T

	world     *world
	team      *simulator.Instance // the account of the namespaced Connection
	objects   []*unstructured.Unstructured
	resources *ssa.ResourceManager
}

// newFlux starts a control plane without CRDs, and puts these and all samples into git.
func newFlux(t *testing.T) *flux {
	t.Helper()
	cp, err := controlplane.Start(t.Context(), controlplane.Options{ControllerManager: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cp.Stop(); err != nil {
			t.Error(err)
		}
	})
	f := &flux{T: t, world: &world{T: t, cp: cp, api: worlds.Client(cp.Config), namespace: "concierge"}}
	f.world.sim, f.team = simulator.Start(t, simulator.Options{}), simulator.Start(t, simulator.Options{})
	f.world.sim.Seed(simulator.Group{ID: "hSIhXBhNe8X1d8Et", Name: "Savoy"})
	f.world.sim.Seed(simulator.Group{Name: "Carlton Hotel"})
	f.world.options = manager.Options{
		MetricsAddress: "0", ProbeAddress: "0", OperatorNamespace: operatorNamespace, AllowedEndpoints: f.team.URL, Workers: 4,
	}
	f.resources = ssa.NewResourceManager(f.world.api, polling.NewStatusPoller(f.world.api, f.world.api.RESTMapper(), polling.Options{}),
		ssa.Owner{Field: "kustomize-controller", Group: "kustomize.toolkit.fluxcd.io"})
	f.fill()
	return f
}

// fill puts the CRDs, two namespaces with their Secrets, and the samples into git.
func (f *flux) fill() {
	f.Helper()
	f.add(f.world.kubectl("kustomize", checkout.Path("config/crd")))
	f.add(f.world.kubectl("kustomize", checkout.Path("config/samples")))
	for _, u := range f.objects {
		switch u.GetKind() {
		case "ClusterConnection":
			f.set(u, f.world.sim.URL, "spec", "endpoint")
		case "Connection":
			f.set(u, f.team.URL, "spec", "endpoint")
			f.set(u, true, "spec", "allowDelete") // or the Group of policy Delete would not be pruned
		case "Secret":
			f.set(u, simulator.DefaultToken, "stringData", "token")
		}
		if slices.Contains([]string{"Group", "Connection", "Secret"}, u.GetKind()) {
			u.SetNamespace(f.world.namespace)
		}
	}
	f.add(`
apiVersion: v1
kind: Namespace
metadata: {name: concierge, labels: {klink.cloud/account: default}}
---
apiVersion: v1
kind: Namespace
metadata: {name: klink-operator-system}
---
apiVersion: v1
kind: Secret
metadata: {name: klink-token, namespace: klink-operator-system}
stringData: {token: ` + simulator.DefaultToken + `}
`)
	if err := normalize.UnstructuredList(f.objects); err != nil {
		f.Fatal(err)
	}
	f.resources.SetOwnerLabels(f.objects, "app", "flux-system")
}

func (f *flux) add(manifests string) {
	f.Helper()
	objects, err := utils.ReadObjects(strings.NewReader(manifests))
	if err != nil {
		f.Fatal(err)
	}
	f.objects = append(f.objects, objects...)
}

// find is an object in git.
func (f *flux) find(kind, name string) *unstructured.Unstructured {
	f.Helper()
	for _, u := range f.objects {
		if u.GetKind() == kind && u.GetName() == name {
			return u
		}
	}
	f.Fatalf("there is no %s %s in git", kind, name)
	return nil
}

func (f *flux) set(u *unstructured.Unstructured, value any, path ...string) {
	f.Helper()
	if err := unstructured.SetNestedField(u.Object, value, path...); err != nil {
		f.Fatal(err)
	}
}

// apply applies what stands in git: the CRDs first, and then the rest.
func (f *flux) apply() *ssa.ChangeSet {
	f.Helper()
	changes, err := f.resources.ApplyAllStaged(f.Context(), f.objects, ssa.DefaultApplyOptions())
	if err != nil {
		f.Fatal(err)
	}
	return changes
}

// wantOnly compares what an apply did to each object.
func (f *flux) wantOnly(changes *ssa.ChangeSet, want ssa.Action) {
	f.Helper()
	if len(changes.Entries) != len(f.objects) {
		f.Errorf("%d of %d objects were applied", len(changes.Entries), len(f.objects))
	}
	for _, entry := range changes.Entries {
		if entry.Action != want {
			f.Errorf("want %s %s, it was %s", entry.Subject, want, entry.Action)
		}
	}
}

// wait waits for all that stands in git, and gives up at once on what has failed.
func (f *flux) wait(timeout time.Duration) error {
	return f.resources.Wait(f.objects, ssa.WaitOptions{Interval: 200 * time.Millisecond, Timeout: timeout, FailFast: true})
}

func (f *flux) wantReady() {
	f.Helper()
	if err := f.wait(patience); err != nil {
		f.Fatal(err)
	}
}

// wantNoDrift looks for fields that the API server or the operator changed in what was
// applied.
func (f *flux) wantNoDrift() {
	f.Helper()
	for _, u := range f.objects {
		change, live, merged, err := f.resources.Diff(f.Context(), u.DeepCopy(), ssa.DefaultDiffOptions())
		if err != nil {
			f.Error(err)
		} else if change.Action != ssa.UnchangedAction {
			f.Errorf("%s is %s: in the cluster %v, after an apply %v", change.Subject, change.Action, live, merged)
		}
	}
}

// prune takes objects out of git, and waits until they are gone from the cluster, but for
// those that Flux is asked to leave.
func (f *flux) prune(which func(*unstructured.Unstructured) bool) {
	f.Helper()
	var gone []*unstructured.Unstructured
	for _, u := range f.objects {
		if which(u) {
			gone = append(gone, u)
		}
	}
	if len(gone) == 0 {
		f.Fatal("there is nothing to prune")
	}
	f.objects = slices.DeleteFunc(f.objects, which)
	options := ssa.DefaultDeleteOptions()
	options.Exclusions = map[string]string{"kustomize.toolkit.fluxcd.io/prune": "disabled"}
	changes, err := f.resources.DeleteAll(f.Context(), gone, options)
	if err != nil {
		f.Fatal(err)
	}
	patient := ssa.WaitOptions{Interval: 200 * time.Millisecond, Timeout: patience}
	if err := f.resources.WaitForSetTermination(changes, patient); err != nil {
		f.Fatal(err)
	}
}

// remote is the only group of this name in an account.
func (f *flux) remote(account *simulator.Instance, name string) simulator.Group {
	f.Helper()
	var found []simulator.Group
	for _, g := range account.Groups() {
		if g.Name == name {
			found = append(found, g)
		}
	}
	if len(found) != 1 {
		f.Fatalf("want one remote group %q, have %+v in %+v", name, found, account.Groups())
	}
	return found[0]
}
