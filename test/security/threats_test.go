// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package security

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/klink-cloud/klink-operator/test/harness/checkout"
)

var (
	proof    = regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9]+)`")
	testFunc = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)[A-Za-z0-9]+)\(`)
)

// TestThreatModelNamesTests: a test that is renamed or dropped takes its claim
// with it.
func TestThreatModelNamesTests(t *testing.T) {
	t.Parallel()
	there := testsOf(t, checkout.Path("."))
	named := proof.FindAllStringSubmatch(checkout.Read(t, "docs/threat-model.md"), -1)
	if len(named) == 0 {
		t.Error("the threat model names no test")
	}
	for _, name := range named {
		if !there[name[1]] {
			t.Errorf("docs/threat-model.md: there is no %s", name[1])
		}
	}
}

// testsOf are the tests in all modules.
func testsOf(t *testing.T, root string) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && (entry.Name() == ".git" || entry.Name() == "bin") {
			return filepath.SkipDir // bin changes under our feet
		}
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, match := range testFunc.FindAllStringSubmatch(string(text), -1) {
			found[match[1]] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
