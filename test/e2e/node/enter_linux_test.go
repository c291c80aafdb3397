// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package node

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestWhatIsMissingIsNamed holds that a machine that cannot bring up a node is told
// so: nothing is skipped there.
func TestWhatIsMissingIsNamed(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	err := Enter(t.Context())
	if err == nil {
		t.Fatal("a node without containerd")
	}
	for _, want := range []string{"containerd (Debian package containerd)", "runc", "iproute2"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q lacks %q", err, want)
		}
	}
}

func TestStartIsForNamespacesAlone(t *testing.T) {
	if _, err := Start(t.Context(), "", nil); err == nil {
		t.Error("a node was started outside")
	}
}

func TestGuardRemovesTheFolder(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "klink-node-test")
	if err := os.MkdirAll(filepath.Join(folder, "a", "b"), 0o700); err != nil {
		t.Fatal(err)
	}
	g, err := startGuard(folder)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(folder); err != nil {
		t.Errorf("removed while it is needed: %v", err)
	}
	if err := g.release(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(folder); !os.IsNotExist(err) {
		t.Errorf("left behind: %v", err)
	}
}
