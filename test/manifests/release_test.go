// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package manifests

import (
	"regexp"
	"strings"
	"testing"
)

var (
	release = regexp.MustCompile(`(?m)^RELEASE \?= (v[0-9]+\.[0-9]+\.[0-9]+\S*)$`)
	named   = regexp.MustCompile(`(?:ghcr\.io/klink-cloud/klink-operator:|klink-operator/raw/|klink-operator//config/[a-z-]+\?ref=)(v[0-9][^\s/"]*)`)
)

// TestReleaseIsNamedAlike wants what people copy to name the version of the Makefile.
func TestReleaseIsNamedAlike(t *testing.T) {
	found := release.FindStringSubmatch(readFile(t, "Makefile"))
	if found == nil {
		t.Fatal("the Makefile names no release")
	}
	for _, file := range []string{"README.md", "docs/install.md", "config/manager/manager.yaml", "dist/install.yaml"} {
		names := named.FindAllStringSubmatch(readFile(t, file), -1)
		if len(names) == 0 {
			t.Errorf("%s names no version", file)
		}
		for _, name := range names {
			if name[1] != found[1] {
				t.Errorf("%s: %s, want %s", file, name[0], found[1])
			}
		}
	}
}

// TestCertificateIsMountedWhereItIsLookedFor: TestInstallation shows that the manager
// looks there, below the folder for temporary files.
func TestCertificateIsMountedWhereItIsLookedFor(t *testing.T) {
	if mount := "mountPath: /tmp/" + certificateDir + ","; !strings.Contains(readFile(t, "docs/install.md"), mount) {
		t.Errorf("docs/install.md does not have %q", mount)
	}
}
