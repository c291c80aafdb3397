// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package installation

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Commands are the lines of the first block of commands below a heading of a page.
func Commands(t *testing.T, page, title string) []string {
	t.Helper()
	_, below, found := strings.Cut(ReadFile(t, page), "\n"+title+"\n")
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

// ReadFile reads a file of the repository.
func ReadFile(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "..", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// YAML are the blocks of YAML below a heading of a page, up to the next one of its rank
// or above.
func YAML(t *testing.T, page, title string) []string {
	t.Helper()
	_, below, found := strings.Cut(ReadFile(t, page), "\n"+title+"\n")
	if !found {
		t.Fatalf("%s has no heading %q", page, title)
	}
	below, _, _ = strings.Cut(below, "\n## ")
	var blocks []string
	for _, part := range strings.Split(below, "\n```yaml\n")[1:] {
		block, _, closed := strings.Cut(part, "```")
		if !closed {
			t.Fatalf("%s: a block below %q has no end", page, title)
		}
		blocks = append(blocks, block)
	}
	return blocks
}

var ref = regexp.MustCompile(`\?ref=\S+`)

// WriteKustomization writes a kustomization of a page into a folder of the test's, with
// this checkout in the place of the published one.
func (c *Cluster) WriteKustomization(folder, content string) {
	c.Helper()
	path := filepath.Join(c.Dir, folder)
	if err := os.MkdirAll(path, 0o750); err != nil {
		c.Fatal(err)
	}
	up, err := filepath.Rel(path, c.Root)
	if err != nil {
		c.Fatal(err)
	}
	c.WriteFile(filepath.Join(folder, "kustomization.yaml"), Unpublished(content, up))
}

// Unpublished puts a checkout in the place of the published repository, as kustomize
// names it.
func Unpublished(text, checkout string) string {
	return ref.ReplaceAllString(strings.ReplaceAll(text, "https://github.com/klink-cloud/klink-operator//", checkout+"/"), "")
}
