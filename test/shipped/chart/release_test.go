// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package chart

import (
	"bytes"
	"encoding/base64"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	chartv2 "helm.sh/helm/v4/pkg/chart/v2"
)

const token = "the-token-of-the-account"

var (
	allCRDs = []string{
		"customresourcedefinition.apiextensions.k8s.io/clusterconnections.klink.cloud",
		"customresourcedefinition.apiextensions.k8s.io/connections.klink.cloud",
		"customresourcedefinition.apiextensions.k8s.io/groups.klink.cloud",
	}
	group = `
apiVersion: klink.cloud/v1alpha1
kind: Group
metadata: {name: plaza-hotel, namespace: default, finalizers: [klink.cloud/group]}
spec: {name: Plaza Hotel}
`
)

// TestRelease goes the way of a release on a real API server: installed with all values
// where nobody knows the CRDs, upgraded, rolled back, uninstalled, and installed again.
// The phases build on one another.
func TestRelease(t *testing.T) {
	h := newHelm(t)
	t.Cleanup(func() {
		if hasToken(h.log.String()) {
			t.Error("Helm's log has the token")
		}
	})
	full := fullValues(t)

	// The kind of the connection comes with the release: it has to wait, and Helm
	// says so.
	notes := h.install(loadChart(t), full)
	h.wantInstalled(without(render(t, full).Manifest, "kind: ClusterConnection"))
	if !strings.Contains(notes, "ClusterConnection team IS NOT THERE YET") {
		t.Errorf("the notes do not say that the connection is missing:\n%s", notes)
	}
	notes = h.upgrade(loadChart(t), full)
	h.wantInstalled(render(t, full).Manifest)
	if strings.Contains(notes, "NOT THERE") {
		t.Errorf("the notes say that the connection is missing:\n%s", notes)
	}
	connection := h.uid("clusterconnection/team")
	h.apply(group)
	plaza := h.uid("groups.klink.cloud/plaza-hotel")

	// A CRD says something new, and what is not asked for any more goes.
	less := merged(full, values(t, `
podDisruptionBudget: {enabled: false}
networkPolicy: {enabled: false}
connection: {resyncInterval: 7m, token: another-token-of-the-account}
`))
	h.upgrade(chartWithNewCRD(t), less)
	h.wantInstalled(render(t, less).Manifest)
	if !strings.HasPrefix(h.field(crdOfGroups, description), newDescription) {
		t.Error("the CRD was not upgraded")
	}
	h.wantField("clusterconnection/team", "{.spec.resyncInterval}", "7m")
	h.wantField("secret/klink-token", "{.data.api-token}", base64.StdEncoding.EncodeToString([]byte("another-token-of-the-account")))

	// Back to the first revision, whose connection did not yet belong to the release.
	h.rollback(1)
	if strings.HasPrefix(h.field(crdOfGroups, description), newDescription) {
		t.Error("the CRD was not rolled back")
	}
	h.upgrade(loadChart(t), full)
	h.wantInstalled(render(t, full).Manifest)

	// Installed with the defaults, where the CRDs and a connection were left.
	h.uninstall()
	h.wantLeft(append(allCRDs, "clusterconnection.klink.cloud/team"))
	notes = h.install(loadChart(t), nil)
	h.wantInstalled(render(t, nil).Manifest, "clusterconnection/team")
	if !strings.Contains(notes, "ClusterConnection team, with Secret klink-token") || strings.Contains(notes, "Next, give it") {
		t.Errorf("the notes do not see the connection that was left:\n%s", notes)
	}
	h.upgrade(loadChart(t), full)
	h.wantInstalled(render(t, full).Manifest)
	h.uninstall()
	h.wantLeft(append(allCRDs, "clusterconnection.klink.cloud/team"))

	h.takeOver()
	h.wantSameVerdicts()
	h.uninstall()
	h.wantLeft(append(allCRDs, "clusterconnection.klink.cloud/team", "namespace/"+releaseNamespace))

	for object, uid := range map[string]string{"clusterconnection/team": connection, "groups.klink.cloud/plaza-hotel": plaza} {
		if now := h.uid(object); now != uid {
			t.Errorf("%s is another one: %s, was %s", object, now, uid)
		}
	}
}

const (
	newDescription = "Another description of a Group."
	crdOfGroups    = "crd/groups.klink.cloud"
	description    = "{.spec.versions[0].schema.openAPIV3Schema.description}"
)

// chartWithNewCRD is the chart with another description of Groups.
func chartWithNewCRD(t *testing.T) *chartv2.Chart {
	t.Helper()
	c := loadChart(t)
	for _, file := range c.Files {
		if filepath.Base(file.Name) != "klink.cloud_groups.yaml" {
			continue
		}
		old := []byte("\n      openAPIV3Schema:\n        description: |-\n")
		if !bytes.Contains(file.Data, old) {
			t.Fatal("the CRD has no description")
		}
		file.Data = bytes.Replace(file.Data, old, append(old, []byte("          "+newDescription+"\n")...), 1)
		return c
	}
	t.Fatal("the chart has no CRD of Groups")
	return nil
}

// without drops the documents with a line from a stream.
func without(stream, line string) string {
	documents := strings.Split(stream, "\n---\n")
	return strings.Join(slices.DeleteFunc(documents, func(document string) bool {
		return slices.Contains(strings.Split(document, "\n"), line)
	}), "\n---\n")
}

func (h *helm) kubectl(args ...string) string {
	h.Helper()
	out, err := cluster.Kubectl(h.Context(), args...)
	if err != nil {
		h.Fatal(err)
	}
	return out
}

func (h *helm) apply(manifest string) {
	h.Helper()
	cmd := cluster.KubectlCommand(h.Context(), "apply", "-f", "-")
	cmd.Stdin = strings.NewReader(manifest)
	if out, err := cmd.CombinedOutput(); err != nil {
		h.Fatalf("%v: %s", err, out)
	}
}

func (h *helm) field(object, path string) string {
	h.Helper()
	namespace := releaseNamespace
	if strings.HasPrefix(object, "groups") {
		namespace = "default"
	}
	return h.kubectl("-n", namespace, "get", object, "-o", "jsonpath="+path)
}

func (h *helm) uid(object string) string {
	h.Helper()
	return h.field(object, "{.metadata.uid}")
}

func (h *helm) wantField(object, path, want string) {
	h.Helper()
	if have := h.field(object, path); have != want {
		h.Errorf("%s: %s is %q, want %q", object, path, have, want)
	}
}

// wantInstalled wants the objects of a manifest and these, and no others of the operator.
func (h *helm) wantInstalled(manifest string, more ...string) {
	h.Helper()
	want := map[string]bool{}
	for _, object := range more {
		want[object] = true
	}
	for key := range objects(h.T, manifest) {
		want[strings.ToLower(key)] = true
	}
	have := map[string]bool{}
	for _, name := range h.ours() {
		kind, object, _ := strings.Cut(name, "/")
		kind, _, _ = strings.Cut(kind, ".")
		have[kind+"/"+object] = true
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(have))); diff != "" {
		h.Errorf("objects in the cluster (-want +have):\n%s", diff)
	}
}

// wantLeft wants these objects of the operator, and no others.
func (h *helm) wantLeft(want []string) {
	h.Helper()
	slices.Sort(want)
	if diff := cmp.Diff(want, h.ours()); diff != "" {
		h.Errorf("left in the cluster (-want +have):\n%s", diff)
	}
	if secrets := h.kubectl("-n", releaseNamespace, "get", "secrets,configmaps", "-l", "owner=helm", "-o", "name"); secrets != "" {
		h.Errorf("Helm left %s", secrets)
	}
}

// ours are the objects with the operator's label, of every kind that can be listed.
func (h *helm) ours() []string {
	h.Helper()
	kinds := strings.Fields(h.kubectl("api-resources", "--verbs=list,delete", "-o", "name", "--cached=false"))
	if len(kinds) < 40 {
		h.Fatalf("the API server knows %d kinds", len(kinds))
	}
	names := strings.Fields(h.kubectl("get", strings.Join(kinds, ","), "-A", "-l", "app.kubernetes.io/name=klink-operator", "-o", "name"))
	slices.Sort(names)
	return slices.Compact(names)
}
