// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/klink-cloud/klink-operator/test/harness/checkout"
)

const readme = "README.md"

// pages are all pages for users.
func pages(t *testing.T) []string {
	t.Helper()
	return append(checkout.Glob(t, "docs/*.md"), readme, "CONTRIBUTING.md")
}

var (
	link    = regexp.MustCompile(`\]\(([^)]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	notSlug = regexp.MustCompile(`[^a-z0-9 _-]`)
)

// TestLinksLeadSomewhere follows the links between the pages.
func TestLinksLeadSomewhere(t *testing.T) {
	followed := 0
	for _, page := range pages(t) {
		for _, match := range link.FindAllStringSubmatch(checkout.Read(t, page), -1) {
			if strings.Contains(match[1], "://") {
				continue
			}
			followed++
			path, anchor, _ := strings.Cut(match[1], "#")
			target := page
			if path != "" {
				target = filepath.Join(filepath.Dir(page), path)
			}
			if _, err := os.Stat(checkout.Path(target)); err != nil {
				t.Errorf("%s: %s: %v", page, match[1], err)
			} else if anchor != "" && !anchors(checkout.Read(t, target))[anchor] {
				t.Errorf("%s: %s: there is no such heading", page, match[1])
			}
		}
	}
	if followed == 0 {
		t.Error("no page has a link")
	}
}

// anchors are the headings of a page as links name them.
func anchors(page string) map[string]bool {
	found := map[string]bool{}
	for _, match := range heading.FindAllStringSubmatch(page, -1) {
		found[strings.ReplaceAll(notSlug.ReplaceAllString(strings.ToLower(match[1]), ""), " ", "-")] = true
	}
	return found
}

var (
	made   = regexp.MustCompile("(?m)(?:^ +|`)make ([a-z][a-z0-9-]*(?: [a-z][a-z0-9-]*)*)")
	target = regexp.MustCompile(`(?m)^([a-z][a-z0-9-]*):`)

	deploys = regexp.MustCompile(`(?m)^    make deploy IMG=(\S+)$`)
)

// TestMakeTargetsExist looks for each target that a page has a user make.
func TestMakeTargetsExist(t *testing.T) {
	targets := map[string]bool{}
	for _, match := range target.FindAllStringSubmatch(checkout.Read(t, "Makefile"), -1) {
		targets[match[1]] = true
	}
	named := 0
	for _, page := range pages(t) {
		for _, match := range made.FindAllStringSubmatch(checkout.Read(t, page), -1) {
			for _, name := range strings.Fields(match[1]) {
				named++
				if !targets[name] {
					t.Errorf("%s: there is no target %s", page, name)
				}
			}
		}
	}
	if named == 0 {
		t.Error("no page names a target")
	}
}

// TestImagesAreDeliveredByMake wants images that are deployed to be pushed by make
// image: it builds without an engine, which then has none to push.
func TestImagesAreDeliveredByMake(t *testing.T) {
	deployed := 0
	for _, page := range pages(t) {
		text := checkout.Read(t, page)
		if strings.Contains(text, "docker push") {
			t.Errorf("%s: docker push has no image of make image", page)
		}
		for _, match := range deploys.FindAllStringSubmatch(text, -1) {
			deployed++
			if !strings.Contains(text, "    make image PUSH=1 IMG="+match[1]+"\n") {
				t.Errorf("%s: nothing pushes %s, which is deployed", page, match[1])
			}
		}
	}
	if deployed == 0 {
		t.Error("no page deploys an image")
	}
}

// Other APIs have the plural groups too, so that a bare one may mean theirs.
var bareGroups = regexp.MustCompile(`kubectl (?:[\w-]+ )+groups?(?:[^.\w]|\.[^k]|$)`)

// TestKubectlIsNeverAskedForBareGroups wants kgrp or groups.klink.cloud.
func TestKubectlIsNeverAskedForBareGroups(t *testing.T) {
	for _, page := range pages(t) {
		for _, command := range bareGroups.FindAllString(checkout.Read(t, page), -1) {
			t.Errorf("%s: %q", page, command)
		}
	}
}

// section is the part of a page below a heading, up to the next one.
func section(t *testing.T, page, title string) string {
	t.Helper()
	_, below, found := strings.Cut(page, title+"\n")
	if !found {
		t.Fatalf("there is no heading %q", title)
	}
	if next := heading.FindStringIndex(below); next != nil {
		below = below[:next[0]]
	}
	return below
}

var (
	firstCell = regexp.MustCompile(`(?m)^\| (` + "`" + `[^|]*) \|`)
	quoted    = regexp.MustCompile("`([^`]+)`")
)

// tabled are the names in the first column of a section's tables.
func tabled(section string) []string {
	var names []string
	for _, cell := range firstCell.FindAllStringSubmatch(section, -1) {
		for _, name := range quoted.FindAllStringSubmatch(cell[1], -1) {
			names = append(names, name[1])
		}
	}
	return names
}
