// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package gitops

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/klink-cloud/klink-operator/test/harness/checkout"
)

var yamlBlock = regexp.MustCompile("(?s)\n```yaml\n(.*?\n)```\n")

// TestThePagesShowValidManifests has the API server check each manifest of ours in the
// pages for GitOps, unknown fields and all. It knows no others: these are well-formed,
// and have what every manifest has.
func TestThePagesShowValidManifests(t *testing.T) {
	t.Parallel()
	w := emptyWorld(t, cluster)
	for _, page := range []string{"argocd.md", "flux.md"} {
		ours := 0
		for _, block := range yamlBlock.FindAllStringSubmatch(checkout.Read(t, "docs/"+page), -1) {
			for manifest := range strings.SplitSeq(block[1], "---\n") {
				if w.wantValid(page, manifest) {
					ours++
				}
			}
		}
		if ours == 0 {
			t.Errorf("%s has no manifest of ours", page)
		}
	}
}

// wantValid checks a manifest, and says whether it is one of ours.
func (w *world) wantValid(page, manifest string) (ours bool) {
	w.Helper()
	var head struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Metadata   struct {
			Name string `json:"name"`
		} `json:"metadata"`
	}
	if err := yaml.UnmarshalStrict([]byte(manifest), &map[string]any{}); err != nil {
		w.Errorf("%s: %v:\n%s", page, err, manifest)
	}
	if err := yaml.Unmarshal([]byte(manifest), &head); err != nil {
		w.Errorf("%s: %v:\n%s", page, err, manifest)
	}
	nameless := strings.HasPrefix(head.APIVersion, "kustomize.config.k8s.io/")
	if head.APIVersion == "" || head.Kind == "" || head.Metadata.Name == "" && !nameless {
		w.Errorf("%s: this is no manifest:\n%s", page, manifest)
	}
	if !strings.HasPrefix(head.APIVersion, "klink.cloud/") {
		return false
	}
	file := filepath.Join(w.TempDir(), "manifest.yaml")
	if err := os.WriteFile(file, []byte(manifest), 0o600); err != nil {
		w.Fatal(err)
	}
	if _, err := w.tryKubectl("apply", "--dry-run=server", "--validate=strict", "-f", file); err != nil {
		w.Errorf("%s: %v:\n%s", page, err, manifest)
	}
	return true
}
