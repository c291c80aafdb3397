// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package chart

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/klink-cloud/klink-operator/test/harness/checkout"
)

var (
	firstCell = regexp.MustCompile("(?m)^\\| (`[^|]*) \\|")
	quoted    = regexp.MustCompile("`([^`]+)`")
)

// TestReadmeHasEachValue compares the table with values.yaml. A name that begins with a
// dot goes on where the first of its row does.
func TestReadmeHasEachValue(t *testing.T) {
	t.Parallel()
	told := map[string]bool{}
	for _, cell := range firstCell.FindAllStringSubmatch(checkout.Read(t, "dist/chart/README.md"), -1) {
		section := ""
		for _, name := range quoted.FindAllStringSubmatch(cell[1], -1) {
			if section == "" {
				section, _, _ = strings.Cut(name[1], ".")
			}
			if strings.HasPrefix(name[1], ".") {
				name[1] = section + name[1]
			}
			told[strings.ReplaceAll(name[1], ".", "/")] = true
		}
	}
	all := map[string]bool{}
	leaves("", loadChart(t).Values, all)
	for _, path := range slices.Sorted(maps.Keys(all)) {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(told)), func(name string) bool { return path == name || strings.HasPrefix(path, name+"/") }) {
			t.Errorf("README.md does not have %s", path)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(told)) {
		if !covers(all, name) {
			t.Errorf("README.md has %s, which is no value", name)
		}
	}
}
