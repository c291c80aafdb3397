// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package docs

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/klink-cloud/klink-operator/test/harness/checkout"
)

// TestEveryPageIsInTheIndex wants each page of docs to be in docs/README.md, once.
func TestEveryPageIsInTheIndex(t *testing.T) {
	index := checkout.Read(t, "docs/README.md")
	for _, name := range checkout.Glob(t, "docs/*.md") {
		if page := filepath.Base(name); page != "README.md" && strings.Count(index, "]("+page+")") != 1 {
			t.Errorf("%s is %d times in docs/README.md", page, strings.Count(index, "]("+page+")"))
		}
	}
}

// versions are, by the names of docs/versions.md, what go.mod files pin.
var versions = map[string]struct{ module, file string }{
	"kube-apiserver":   {"k8s.io/kubernetes", "hack/controlplane/go.mod"},
	"etcd":             {"go.etcd.io/etcd/server/v3", "hack/controlplane/go.mod"},
	"fluxcd/cli-utils": {"github.com/fluxcd/cli-utils", "test/shipped/go.mod"},
	"fluxcd/pkg/ssa":   {"github.com/fluxcd/pkg/ssa", "test/shipped/go.mod"},
	"gopher-lua":       {"github.com/yuin/gopher-lua", "test/shipped/go.mod"},
}

// TestVersionsAreThoseOfTheTests keeps the page and the go.mod files together.
func TestVersionsAreThoseOfTheTests(t *testing.T) {
	page := checkout.Read(t, "docs/versions.md")
	for name, from := range versions {
		mod := checkout.Read(t, from.file)
		pinned := regexp.MustCompile(`(?m)^\s*` + regexp.QuoteMeta(from.module) + ` v(\S+)`).FindStringSubmatch(mod)
		if pinned == nil {
			t.Errorf("%s pins no %s", from.file, from.module)
		} else if !strings.Contains(page, name+" "+pinned[1]) {
			t.Errorf("docs/versions.md lacks %q", name+" "+pinned[1])
		}
	}
}
