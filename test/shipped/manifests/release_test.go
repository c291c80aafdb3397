// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package manifests

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/klink-cloud/klink-operator/test/harness/checkout"
)

var (
	release  = regexp.MustCompile(`(?m)^RELEASE \?= (v[0-9]+\.[0-9]+\.[0-9]+\S*)$`)
	named    = regexp.MustCompile(`(?:ghcr\.io/klink-cloud/klink-operator:|klink-operator/raw/|klink-operator//config/[a-z/-]+\?ref=|TAG=)(v[0-9][^\s/"']*)`)
	packaged = regexp.MustCompile(`klink-operator-([0-9][^\s/]*)\.tgz`)
)

// TestReleaseIsNamedAlike wants what people copy to name the version of the Makefile.
func TestReleaseIsNamedAlike(t *testing.T) {
	found := release.FindStringSubmatch(checkout.Read(t, "Makefile"))
	if found == nil {
		t.Fatal("the Makefile names no release")
	}
	for _, file := range []string{"README.md", "docs/install.md", "docs/monitoring.md", "docs/release.md", "dist/chart/README.md", "config/manager/manager.yaml", "dist/install.yaml"} {
		text := checkout.Read(t, file)
		names := append(named.FindAllStringSubmatch(text, -1), packaged.FindAllStringSubmatch(text, -1)...)
		if len(names) == 0 {
			t.Errorf("%s names no version", file)
		}
		for _, name := range names {
			if strings.TrimPrefix(name[1], "v") != found[1][1:] {
				t.Errorf("%s: %s, want %s", file, name[0], found[1])
			}
		}
	}
}

// TestCertificateIsMountedWhereItIsLookedFor: TestInstallation shows that the manager
// looks there, below the folder for temporary files.
func TestCertificateIsMountedWhereItIsLookedFor(t *testing.T) {
	if mount := "mountPath: /tmp/" + certificateDir + ","; !strings.Contains(checkout.Read(t, "docs/install.md"), mount) {
		t.Errorf("docs/install.md does not have %q", mount)
	}
}

var kind = regexp.MustCompile(`(?m)^kind: (\S+)$`)

// TestUndeployLeavesTheCRDs: with a CRD go all of its objects.
func TestUndeployLeavesTheCRDs(t *testing.T) {
	installed := checkout.Read(t, "dist/install.yaml")
	script := checkout.Read(t, "hack/without-crds.sh")
	cmd := exec.CommandContext(t.Context(), "bash", "-c", script)
	cmd.Stdin = strings.NewReader(installed)
	left, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	crds := 0
	for _, k := range kind.FindAllString(installed, -1) {
		if k == "kind: CustomResourceDefinition" {
			crds++
			continue
		}
		want = append(want, k)
	}
	if diff := cmp.Diff(want, kind.FindAllString(string(left), -1)); diff != "" || crds != 3 {
		t.Errorf("of %d CRDs and the rest (-want +left):\n%s", crds, diff)
	}
}
