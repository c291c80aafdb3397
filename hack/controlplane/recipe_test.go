// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLdflagsStampKubernetes(t *testing.T) {
	got := ldflags("v1.37.2")
	for _, want := range []string{
		"k8s.io/component-base/version.gitVersion=v1.37.2",
		"k8s.io/component-base/version.gitMajor=1",
		"k8s.io/client-go/pkg/version.gitMinor=37",
	} {
		if !strings.Contains(got+" ", want+" ") {
			t.Errorf("%q lacks %q", got, want)
		}
	}
}

func TestCacheKeyFollowsContent(t *testing.T) {
	file := filepath.Join(t.TempDir(), "go.mod")
	keys := map[string]bool{}
	for _, content := range []string{"a", "b", "a"} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		key, err := cacheKey(file)
		if err != nil {
			t.Fatal(err)
		}
		keys[key] = true
	}
	if len(keys) != 2 {
		t.Errorf("%d keys for two contents", len(keys))
	}
	if _, err := cacheKey(file + ".missing"); err == nil {
		t.Error("no error for a missing file")
	}
}

func TestEveryDefaultProgramIsPinnedAsTool(t *testing.T) {
	gomod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for name, pkg := range packages {
		if !strings.Contains(string(gomod), "\t"+pkg+"\n") {
			t.Errorf("go.mod does not list %s (%s) as a tool", name, pkg)
		}
	}
	for _, name := range defaultPrograms {
		if packages[name] == "" {
			t.Errorf("no package for %s", name)
		}
	}
}
