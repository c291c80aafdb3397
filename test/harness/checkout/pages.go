// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package checkout

import (
	"regexp"
	"strings"
	"testing"
)

// Commands are the lines of the first block of commands below a heading of a page.
func Commands(t *testing.T, page, title string) []string {
	t.Helper()
	_, below, found := strings.Cut(Read(t, page), "\n"+title+"\n")
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

// YAML are the blocks of YAML below a heading of a page, up to the next one of its rank
// or above.
func YAML(t *testing.T, page, title string) []string {
	t.Helper()
	_, below, found := strings.Cut(Read(t, page), "\n"+title+"\n")
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

// Unpublished puts a checkout in the place of the published repository, as kustomize
// names it.
func Unpublished(text, checkout string) string {
	return ref.ReplaceAllString(strings.ReplaceAll(text, "https://github.com/klink-cloud/klink-operator//", checkout+"/"), "")
}
