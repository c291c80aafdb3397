// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package manifests

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"

	"github.com/klink-cloud/klink-operator/test/installation"
)

var row = regexp.MustCompile("(?m)^\\| `([^`]+)`(?: `([^`]+)`)? \\| ([a-z, ]+) \\| (.+) \\|$")

// TestEachRightIsExplained compares docs/rbac.md with the roles, names of single
// objects included.
func TestEachRightIsExplained(t *testing.T) {
	sections := strings.Split(installation.ReadFile(t, "docs/rbac.md"), "\n### ")
	documented := map[string][]string{}
	for _, section := range sections[1:] {
		role, text, _ := strings.Cut(section, "\n")
		documented[role] = []string{}
		for _, cells := range row.FindAllStringSubmatch(text, -1) {
			for verb := range strings.SplitSeq(cells[3], ", ") {
				documented[role] = append(documented[role], strings.TrimSpace(cells[1]+" "+cells[2])+": "+verb)
			}
		}
		slices.Sort(documented[role])
	}
	given := map[string][]string{}
	for _, role := range roles(t) {
		given[role.Name] = []string{}
		for _, rule := range role.Rules {
			for _, resource := range installation.ResourcesOf(rule) {
				for _, verb := range rule.Verbs {
					given[role.Name] = append(given[role.Name], strings.TrimSpace(resource+" "+strings.Join(rule.ResourceNames, " "))+": "+verb)
				}
			}
		}
		slices.Sort(given[role.Name])
	}
	if diff := cmp.Diff(given, documented); diff != "" {
		t.Errorf("docs/rbac.md does not tell what the roles give (-roles +page):\n%s", diff)
	}
}

// roles are all in config/rbac, and what config/namespaced has of its own.
func roles(t *testing.T) []rbacv1.ClusterRole {
	t.Helper()
	files, err := filepath.Glob("../../config/rbac/*role.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("found the roles %v (%v)", files, err)
	}
	files = append(files, "../../config/namespaced/kube-system/role.yaml")
	var roles []rbacv1.ClusterRole
	for _, file := range files {
		var role rbacv1.ClusterRole // a Role has the same fields
		if err := yaml.Unmarshal([]byte(installation.ReadFile(t, strings.TrimPrefix(file, "../../"))), &role); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		roles = append(roles, role)
	}
	return roles
}
