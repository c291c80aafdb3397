// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package chart

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"

	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/chart/common"
	chartv2 "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	release "helm.sh/helm/v4/pkg/release/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	sigsyaml "sigs.k8s.io/yaml"
)

// The name and the namespace with which the chart's names are those of config/default.
const (
	releaseName      = "klink-operator"
	releaseNamespace = "klink-operator-system"
)

// oldest is the oldest Kubernetes that the operator is for.
var oldest = &common.KubeVersion{Version: "v1.32.0", Major: "1", Minor: "32"}

func loadChart(t *testing.T) *chartv2.Chart {
	t.Helper()
	c, err := loader.Load(chartDir)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// values reads values as they are given on the command line.
func values(t *testing.T, text string) map[string]any {
	t.Helper()
	read := map[string]any{}
	if err := sigsyaml.Unmarshal([]byte(text), &read); err != nil {
		t.Fatal(err)
	}
	return read
}

// fullValues sets every value to another than its default.
func fullValues(t *testing.T) map[string]any {
	t.Helper()
	text, err := os.ReadFile("testdata/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return values(t, string(text))
}

// tryRender renders the chart as helm template does.
func tryRender(t *testing.T, name string, vals map[string]any) (*release.Release, error) {
	t.Helper()
	install := action.NewInstall(action.NewConfiguration())
	install.DryRunStrategy = action.DryRunClient
	install.ReleaseName = name
	install.Namespace = releaseNamespace
	install.KubeVersion = oldest
	rendered, err := install.Run(loadChart(t), vals)
	if err != nil {
		return nil, err
	}
	r, ok := rendered.(*release.Release)
	if !ok {
		t.Fatalf("Helm returns a release of type %T", rendered)
	}
	return r, nil
}

func render(t *testing.T, vals map[string]any) *release.Release {
	t.Helper()
	r, err := tryRender(t, releaseName, vals)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// objects are those of a stream of YAML, by kind and name.
func objects(t *testing.T, stream string) map[string]*unstructured.Unstructured {
	t.Helper()
	found := map[string]*unstructured.Unstructured{}
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewBufferString(stream), 4096)
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(&object.Object)
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(object.Object) == 0 {
			continue
		}
		key := object.GetKind() + "/" + object.GetName()
		if found[key] != nil {
			t.Errorf("there are two of %s", key)
		}
		found[key] = object
	}
}
