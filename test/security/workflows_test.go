// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package security

import (
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/klink-cloud/klink-operator/test/harness/checkout"
)

// workflow is what is checked of one.
type workflow struct {
	Permissions map[string]string `json:"permissions"`
	Jobs        map[string]job    `json:"jobs"`
}

type job struct {
	Needs       any               `json:"needs"` // a name or a list of names
	Permissions map[string]string `json:"permissions"`
	Uses        string            `json:"uses"`
	Steps       []step            `json:"steps"`
}

type step struct {
	Uses string         `json:"uses"`
	Run  string         `json:"run"`
	With map[string]any `json:"with"`
}

// generator is the one thing that is named by a tag: its verifier knows it by that, and
// it refuses to run by a digest.
const generator = `slsa-framework/slsa-github-generator/\.github/workflows/generator_(container|generic)_slsa3\.yml@v2\.1\.0`

var (
	pinned   = regexp.MustCompile(`^([\w-]+/[\w/-]+@[0-9a-f]{40} # v[0-9]+\.[0-9]+\.[0-9]+|` + generator + `)$`)
	uses     = regexp.MustCompile(`(?m)^ *(?:- )?uses: (.+)$`)
	makeLine = regexp.MustCompile(`(?m)^\s*make ([a-z0-9 -]+)`)
	target   = regexp.MustCompile(`(?m)^([a-z0-9-]+):`)

	// mayWrite are the rights that jobs have beyond reading.
	mayWrite = map[string][]string{
		"release.yml push":             {"packages"},
		"release.yml sign":             {"id-token", "packages"},
		"release.yml provenance-image": {"id-token", "packages"},
		"release.yml provenance-chart": {"id-token", "packages"},
		"release.yml provenance-files": {"contents", "id-token"},
		"release.yml release":          {"contents"},
		"scorecard.yml scorecard":      {"id-token", "security-events"},
	}
)

// TestWorkflowsMayDoNoMoreThanTheyMust: what runs on a tag signs, and what runs on
// a change runs code that nobody has looked at yet.
func TestWorkflowsMayDoNoMoreThanTheyMust(t *testing.T) {
	t.Parallel()
	targets := map[string]bool{}
	for _, match := range target.FindAllStringSubmatch(checkout.Read(t, "Makefile"), -1) {
		targets[match[1]] = true
	}
	writing := map[string][]string{}
	for file, w := range workflows(t) {
		if w.Permissions == nil || len(w.Permissions) > 0 || len(w.Jobs) == 0 {
			t.Errorf("%s: it must have jobs, and permissions: {} for all of them", file)
		}
		for name, j := range w.Jobs {
			for _, problem := range j.problems(targets) {
				t.Errorf("%s: %s %s", file, name, problem)
			}
			if rights := j.writes(); len(rights) > 0 {
				writing[file+" "+name] = rights
			}
		}
	}
	for name, rights := range writing {
		if !slices.Equal(rights, mayWrite[name]) {
			t.Errorf("%s may write %v, want %v", name, rights, mayWrite[name])
		}
	}
	if len(writing) != len(mayWrite) {
		t.Errorf("%d jobs write, and %d are listed", len(writing), len(mayWrite))
	}
}

// A tag of an action can be moved to other code, which then signs in our name.
func TestActionsArePinnedByDigest(t *testing.T) {
	t.Parallel()
	for file, w := range workflows(t) {
		lines := uses.FindAllStringSubmatch(checkout.Read(t, ".github/workflows/"+file), -1)
		for _, match := range lines {
			if !pinned.MatchString(match[1]) {
				t.Errorf("%s: %s is not a digest with its version as a comment", file, match[1])
			}
		}
		if n := w.used(); n != len(lines) { // one may be written in a way that the expression does not know
			t.Errorf("%s uses %d actions, of which %d stand in a line of their own", file, n, len(lines))
		}
	}
}

// A release that was signed before its tests had failed is signed for good.
func TestNothingIsPublishedThatWasNotTested(t *testing.T) {
	t.Parallel()
	release := workflows(t)["release.yml"]
	for name, j := range release.Jobs {
		if before := release.before(name); len(j.writes()) > 0 && (!before["check"] || !before["e2e"]) {
			t.Errorf("%s waits for %v alone", name, slices.Sorted(maps.Keys(before)))
		}
	}
	for _, waits := range []string{"sign", "provenance-image", "provenance-chart", "provenance-files"} {
		if !release.before("release")[waits] {
			t.Errorf("a release may appear without %s", waits)
		}
	}
	for _, line := range []string{`make build-installer IMG="$IMAGE@$DIGEST"`, `make chart-package DIGEST="$DIGEST"`} {
		if !slices.ContainsFunc(release.Jobs["build"].Steps, func(s step) bool { return strings.Contains(s.Run, line) }) {
			t.Errorf("what is released does not name the image by its digest: there is no %s", line)
		}
	}
}

// A module that the update bot does not know keeps its weaknesses.
func TestEveryModuleIsKeptUpToDate(t *testing.T) {
	t.Parallel()
	var bot struct {
		Updates []struct {
			Ecosystem   string   `json:"package-ecosystem"`
			Directories []string `json:"directories"`
		} `json:"updates"`
	}
	if err := yaml.Unmarshal([]byte(checkout.Read(t, ".github/dependabot.yml")), &bot); err != nil {
		t.Fatal(err)
	}
	var known []string
	for _, update := range bot.Updates {
		if update.Ecosystem == "gomod" {
			known = append(known, update.Directories...)
		}
	}
	err := filepath.WalkDir(checkout.Path("."), func(file string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && (entry.Name() == ".git" || entry.Name() == "bin") {
			return filepath.SkipDir
		}
		if err != nil || entry.Name() != "go.mod" {
			return err
		}
		folder := path.Join("/", filepath.ToSlash(filepath.Dir(strings.TrimPrefix(file, checkout.Path(".")))))
		if !slices.ContainsFunc(known, func(glob string) bool { ok, _ := path.Match(glob, folder); return ok }) {
			t.Errorf(".github/dependabot.yml: nothing matches the module in %s", folder)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// used is how many actions and workflows one uses.
func (w workflow) used() (n int) {
	for _, j := range w.Jobs {
		if j.Uses != "" {
			n++
		}
		for _, s := range j.Steps {
			if s.Uses != "" {
				n++
			}
		}
	}
	return n
}

// writes are the scopes of a job that are more than read, sorted.
func (j job) writes() []string {
	var scopes []string
	for scope, right := range j.Permissions {
		if right != "read" {
			scopes = append(scopes, scope)
		}
	}
	slices.Sort(scopes)
	return scopes
}

// problems are what a reviewer would object to.
func (j job) problems(targets map[string]bool) (problems []string) {
	if j.Permissions == nil {
		problems = append(problems, "does not say its permissions")
	}
	var checkedOut, runs bool
	for _, step := range j.Steps {
		runs = runs || step.Run != ""
		if strings.HasPrefix(step.Uses, "actions/checkout@") {
			checkedOut = true
			if step.With["persist-credentials"] != false {
				problems = append(problems, "leaves the token in the checkout")
			}
		}
		if strings.Contains(step.Run, "${{") {
			problems = append(problems, "runs what somebody else may have named: "+step.Run)
		}
		for _, match := range makeLine.FindAllStringSubmatch(step.Run, -1) {
			for goal := range strings.FieldsSeq(match[1]) {
				if !targets[goal] {
					problems = append(problems, "makes "+goal+", which the Makefile does not")
				}
			}
		}
	}
	if checkedOut && runs && len(j.writes()) > 0 {
		problems = append(problems, "runs what it has checked out with the right to write")
	}
	return problems
}

// before are the jobs that must have passed before one begins.
func (w workflow) before(name string) map[string]bool {
	jobs := map[string]bool{}
	var needs []string
	switch n := w.Jobs[name].Needs.(type) {
	case string:
		needs = []string{n}
	case []any:
		for _, one := range n {
			needs = append(needs, one.(string)) //nolint:forcetypeassert // a panic tells as much
		}
	}
	for _, one := range needs {
		jobs[one] = true
		maps.Copy(jobs, w.before(one))
	}
	return jobs
}

// workflows are all, by the names of their files.
func workflows(t *testing.T) map[string]workflow {
	t.Helper()
	all := map[string]workflow{}
	for _, file := range checkout.Glob(t, ".github/workflows/*.yml") {
		var w workflow
		if err := yaml.Unmarshal([]byte(checkout.Read(t, file)), &w); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all[filepath.Base(file)] = w
	}
	return all
}
