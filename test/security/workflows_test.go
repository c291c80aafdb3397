// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package security

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// workflow is what is checked of one.
type workflow struct {
	Permissions map[string]string `json:"permissions"`
	Jobs        map[string]struct {
		Permissions map[string]string `json:"permissions"`
		Steps       []struct {
			Uses string         `json:"uses"`
			Run  string         `json:"run"`
			With map[string]any `json:"with"`
		} `json:"steps"`
	} `json:"jobs"`
}

var (
	pinned   = regexp.MustCompile(`^[\w-]+/[\w/-]+@(v[0-9]+\.[0-9]+\.[0-9]+|[0-9a-f]{40})$`)
	makeLine = regexp.MustCompile(`(?m)^\s*make ([a-z0-9 -]+)`)
	target   = regexp.MustCompile(`(?m)^([a-z0-9-]+):`)
)

// TestWorkflowsMayDoNoMoreThanTheyMust: what runs on a tag signs, and what runs on
// a change runs code that nobody has looked at yet.
func TestWorkflowsMayDoNoMoreThanTheyMust(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../.github/workflows/*.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no workflows: %v", err)
	}
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	targets := map[string]bool{}
	for _, match := range target.FindAllStringSubmatch(string(makefile), -1) {
		targets[match[1]] = true
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var w workflow
		if err := yaml.Unmarshal(text, &w); err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		for _, problem := range w.problems(filepath.Base(file) == "release.yml", targets) {
			t.Errorf("%s: %s", file, problem)
		}
	}
}

// problems are what a reviewer would object to.
func (w workflow) problems(releases bool, targets map[string]bool) (problems []string) {
	if w.Permissions == nil || len(w.Permissions) > 0 || len(w.Jobs) == 0 {
		problems = append(problems, "it must have jobs, and permissions: {} for all of them")
	}
	for name, job := range w.Jobs {
		if job.Permissions == nil {
			problems = append(problems, name+" does not say its permissions")
		}
		for scope, right := range job.Permissions {
			if right != "read" && (!releases || name != "publish") {
				problems = append(problems, name+" may "+right+" "+scope)
			}
		}
		for _, step := range job.Steps {
			if step.Uses != "" && !pinned.MatchString(step.Uses) {
				problems = append(problems, step.Uses+" is not of one version")
			}
			if strings.HasPrefix(step.Uses, "actions/checkout@") && step.With["persist-credentials"] != false {
				problems = append(problems, name+" leaves the token in the checkout")
			}
			if strings.Contains(step.Run, "${{") {
				problems = append(problems, name+" runs what somebody else may have named: "+step.Run)
			}
			for _, match := range makeLine.FindAllStringSubmatch(step.Run, -1) {
				for _, goal := range strings.Fields(match[1]) {
					if !targets[goal] {
						problems = append(problems, name+" makes "+goal+", which the Makefile does not")
					}
				}
			}
		}
	}
	slices.Sort(problems)
	return problems
}
