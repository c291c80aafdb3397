// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package chart

import (
	"maps"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
	"helm.sh/helm/v4/pkg/action"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/klink-cloud/klink-operator/test/harness/checkout"
)

// TestDefaultsAreConfigDefault wants the chart with its defaults to be config/default
// with the component network-policy, object by object: what test/shipped/manifests proves of the
// one holds for the other.
func TestDefaultsAreConfigDefault(t *testing.T) {
	have := objects(t, render(t, nil).Manifest)
	want := kustomize(t, "default")
	maps.Copy(want, networkPolicy(t))
	// Helm makes the namespace, if asked to, and does not own it.
	delete(want, "Namespace/"+releaseNamespace)
	compare(t, want, have)
}

// TestOptionsAreTheirConfig wants the same of what is optional in both.
func TestOptionsAreTheirConfig(t *testing.T) {
	have := objects(t, render(t, values(t, `
serviceMonitor: {enabled: true}
prometheusRule: {enabled: true}
grafanaDashboard: {enabled: true}
`)).Manifest)
	for key := range objects(t, render(t, nil).Manifest) {
		delete(have, key)
	}
	want := kustomize(t, "prometheus")
	maps.Copy(want, kustomize(t, "grafana"))
	compare(t, want, have)
}

func networkPolicy(t *testing.T) map[string]*unstructured.Unstructured {
	t.Helper()
	return objects(t, checkout.Read(t, "config/network-policy/manager.yaml"))
}

// compare compares objects, but for what the chart adds to each: that is checked and
// taken away.
func compare(t *testing.T, want, have map[string]*unstructured.Unstructured) {
	t.Helper()
	if len(want) == 0 {
		t.Fatal("config has no objects")
	}
	for key, object := range have {
		dropAdded(t, key, object)
	}
	if diff := cmp.Diff(plain(want), plain(have)); diff != "" {
		t.Errorf("the chart differs from config (-config +chart):\n%s", diff)
	}
}

// dropAdded takes away the labels of Helm's charts, and what keeps the CRDs.
func dropAdded(t *testing.T, key string, object *unstructured.Unstructured) {
	t.Helper()
	labels := object.GetLabels()
	for label, want := range map[string]string{
		"app.kubernetes.io/instance":   releaseName,
		"app.kubernetes.io/version":    pinned(t),
		"app.kubernetes.io/managed-by": "Helm",
		"helm.sh/chart":                "klink-operator-" + pinned(t)[1:],
	} {
		if labels[label] != want {
			t.Errorf("%s: label %s is %q, want %q", key, label, labels[label], want)
		}
		delete(labels, label)
	}
	object.SetLabels(labels)
	if object.GetKind() == "CustomResourceDefinition" {
		annotations := object.GetAnnotations()
		if annotations["helm.sh/resource-policy"] != "keep" {
			t.Errorf("%s goes with the release, and all of its objects with it", key)
		}
		delete(annotations, "helm.sh/resource-policy")
		object.SetAnnotations(annotations)
	}
}

func plain(objects map[string]*unstructured.Unstructured) map[string]any {
	contents := map[string]any{}
	for key, object := range objects {
		contents[key] = object.Object
	}
	return contents
}

// kustomize builds a folder of config.
func kustomize(t *testing.T, folder string) map[string]*unstructured.Unstructured {
	t.Helper()
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), filepath.Join(configDir, folder))
	if err != nil {
		t.Fatal(err)
	}
	stream, err := built.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	return objects(t, string(stream))
}

var pin = regexp.MustCompile(`(?m)^RELEASE \?= (v\S+)$`)

// pinned is the release that the Makefile names.
func pinned(t *testing.T) string {
	t.Helper()
	found := pin.FindStringSubmatch(checkout.Read(t, "Makefile"))
	if found == nil {
		t.Fatal("the Makefile names no release")
	}
	return found[1]
}

// TestReleaseIsThatOfTheMakefile wants the chart, and the image that it runs, to be of
// the release that the Makefile names.
func TestReleaseIsThatOfTheMakefile(t *testing.T) {
	have := loadChart(t).Metadata
	if want := pinned(t); have.AppVersion != want || have.Version != want[1:] {
		t.Errorf("version %s and appVersion %s, want those of %s: run make build-chart", have.Version, have.AppVersion, want)
	}
}

// TestLint lints the chart as helm lint --strict does, with its defaults and with all
// values set.
func TestLint(t *testing.T) {
	for name, vals := range map[string]map[string]any{"defaults": nil, "full": fullValues(t)} {
		lint := action.NewLint()
		lint.Strict = true
		lint.KubeVersion = oldest
		result := lint.Run([]string{chartDir}, vals)
		if result.TotalChartsLinted != 1 || action.HasWarningsOrErrors(result) {
			t.Errorf("%s: %d charts linted, %v", name, result.TotalChartsLinted, result.Messages)
		}
	}
}

// TestNamesBeginWithTheRelease, and fit into what Kubernetes takes.
func TestNamesBeginWithTheRelease(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"platform": "platform-klink-operator-controller-manager",
		"the-klink-operator-of-a-team-with-a-very-long-name": "the-klink-operator-of-a-team-with-a-very-controller-manager",
		"a-very-long-name-of-a-team-and-its-platform":        "a-very-long-name-of-a-tea-klink-operator-controller-manager",
	} {
		r, err := tryRender(t, name, nil)
		if err != nil {
			t.Fatal(err)
		}
		have := objects(t, r.Manifest)
		if have["Deployment/"+want] == nil || len(want) > 63 {
			t.Errorf("release %s has no Deployment %s", name, want)
		}
		for _, public := range []string{"klink-view", "klink-groups-edit", "klink-connections-edit", "klink-restore"} {
			if have["ClusterRole/"+public] == nil {
				t.Errorf("release %s has no ClusterRole %s", name, public)
			}
		}
	}
}
