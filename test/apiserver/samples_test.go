// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package apiserver

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klink-cloud/klink-operator/test/harness/checkout"
)

var samplesFolder = checkout.Path("config/samples")

// TestSamples: users copy these, so each must be accepted as it stands, alone
// and together, by both ways of applying.
func TestSamples(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(samplesFolder, "*.yaml"))
	if err != nil || len(files) < 2 {
		t.Fatalf("found the samples %v (%v)", files, err)
	}
	files = slices.DeleteFunc(files, func(file string) bool { return filepath.Base(file) == "kustomization.yaml" })
	var separate []string
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			out := kubectl(t, "apply", "-n", newNamespace(t), "--validate=strict", "-o", "name", "-f", file)
			separate = append(separate, strings.Fields(out)...)
		})
	}
	namespace := newNamespace(t)
	out := kubectl(t, "apply", "-n", namespace, "--validate=strict", "-o", "name", "--server-side", "--force-conflicts", "-k", samplesFolder)
	together := strings.Fields(out)
	slices.Sort(separate)
	slices.Sort(together)
	if !slices.Equal(separate, together) {
		t.Errorf("the files hold %v\nbut kustomization.yaml holds %v", separate, together)
	}
	// Who copies a connection has not consented to deleting for good.
	for _, connections := range [][]string{{"kconn", "-n", namespace}, {"kcconn", "default"}} {
		consents := kubectl(t, append([]string{"get", "-o", "jsonpath={.items[*].spec.allowDelete}{.spec.allowDelete}"}, connections...)...)
		if consents != "false" {
			t.Errorf("the %s of the samples says allowDelete: %s", connections[0], consents)
		}
	}
}
