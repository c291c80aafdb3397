// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package gitops

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/klink-cloud/klink-operator/test/harness/checkout"
)

const keyPrefix = "resource.customizations."

var (
	argoFolder = checkout.Path("config/argocd")
	argoConfig = filepath.Join(argoFolder, "argocd-cm.yaml")
)

var update = flag.Bool("update", false, "write config/argocd/argocd-cm.yaml again from the scripts")

// customizations are what Argo CD reads in its ConfigMap, by type, group and kind.
func customizations(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile(argoConfig)
	if err != nil {
		t.Fatal(err)
	}
	var config corev1.ConfigMap
	if err := yaml.UnmarshalStrict(text, &config); err != nil {
		t.Fatal(err)
	}
	if config.Name != "argocd-cm" {
		t.Errorf("Argo CD reads no ConfigMap %q", config.Name)
	}
	found := map[string]string{}
	for key, value := range config.Data {
		name, ok := strings.CutPrefix(key, keyPrefix)
		if !ok {
			t.Errorf("Argo CD knows no key %q", key)
		}
		found[name] = value
	}
	return found
}

// TestTheConfigMapHoldsTheScripts: the scripts are edited as files, and Argo CD reads
// them in its ConfigMap.
func TestTheConfigMapHoldsTheScripts(t *testing.T) {
	t.Parallel()
	var want strings.Builder
	want.WriteString(`# SPDX-License-Identifier: Apache-2.0
# What config/argocd adds to Argo CD's settings. The scripts are the files beside
# this one, from which it is written:
#
#   go -C test/shipped test ./gitops -run TestTheConfigMapHoldsTheScripts -update
apiVersion: v1
kind: ConfigMap
metadata:
  name: argocd-cm
data:
`)
	for _, kind := range []string{"ClusterConnection", "Connection", "Group"} {
		fmt.Fprintf(&want, "  %shealth.klink.cloud_%s: |\n%s", keyPrefix, kind, script(t, 4, "health.lua"))
	}
	fmt.Fprintf(&want, "  %sactions.klink.cloud_Group: |\n    discovery.lua: |\n%s    definitions:\n",
		keyPrefix, script(t, 6, "actions/discovery.lua"))
	for _, name := range []string{"reconcile", "suspend", "resume"} {
		fmt.Fprintf(&want, "      - name: %s\n        action.lua: |\n%s", name, script(t, 10, "actions/"+name+".lua"))
	}
	if *update {
		if err := os.WriteFile(argoConfig, []byte(want.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(argoConfig)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.String(), string(have)); diff != "" {
		t.Errorf("run this test with -update: - wanted, + in the file:\n%s", diff)
	}
}

// script is the text of a script, indented, without its header.
func script(t *testing.T, indent int, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(argoFolder, name))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for line := range strings.Lines(string(text)) {
		switch {
		case strings.HasPrefix(line, "-- SPDX"):
		case line == "\n":
			b.WriteString(line)
		default:
			b.WriteString(strings.Repeat(" ", indent) + line)
		}
	}
	return b.String()
}
