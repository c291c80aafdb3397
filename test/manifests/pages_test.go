// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package manifests

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// commands are the lines of the first block of commands below a heading of a page.
func commands(t *testing.T, page, title string) []string {
	t.Helper()
	_, below, found := strings.Cut(readFile(t, page), "\n"+title+"\n")
	if !found {
		t.Fatalf("%s has no heading %q", page, title)
	}
	var block []string
	for line := range strings.SplitSeq(below, "\n") {
		command, indented := strings.CutPrefix(line, "    ")
		switch {
		case indented:
			block = append(block, command)
		case len(block) > 0 || strings.HasPrefix(line, "#"):
			return block
		}
	}
	return block
}

// readFile reads a file of the repository.
func readFile(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "..", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
