// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package manifests

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"

	"github.com/klink-cloud/klink-operator/test/harness/checkout"
	"github.com/klink-cloud/klink-operator/test/harness/installation"
)

var row = regexp.MustCompile("(?m)^\\| `([^`]+)`(?: `([^`]+)`)? \\| ([a-z, ]+) \\| (.+) \\|$")

// TestEachRightIsExplained compares docs/rbac.md with the roles, names of single
// objects included.
func TestEachRightIsExplained(t *testing.T) {
	sections := strings.Split(checkout.Read(t, "docs/rbac.md"), "\n### ")
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
	var roles []rbacv1.ClusterRole
	for _, file := range append(checkout.Glob(t, "config/rbac/*role.yaml"), "config/namespaced/kube-system/role.yaml") {
		var role rbacv1.ClusterRole // a Role has the same fields
		if err := yaml.Unmarshal([]byte(checkout.Read(t, file)), &role); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		roles = append(roles, role)
	}
	return roles
}
