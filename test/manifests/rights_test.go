// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package manifests

import (
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// wantExactRights compares what the roles of the manager's ServiceAccount give with
// what the managers have asked for so far: all of it was used, and nothing refused.
func (c *cluster) wantExactRights() {
	c.Helper()
	unused := c.granted()
	if len(unused) == 0 {
		c.Fatal("the ServiceAccount has no rights")
	}
	requests := c.requests()
	for _, r := range requests {
		if r.refused() {
			c.Errorf("refused with %d: %s %s", r.ResponseStatus.Code, r.Verb, r.URI)
		}
		delete(unused, r.used())
	}
	for r := range unused {
		c.Errorf("%s gives %s on %s, which was not used in %d requests", r.role, r.verb, r.resource, len(requests))
	}
}

// granted are the rights of the manager's ServiceAccount by its own roles.
func (c *cluster) granted() map[right]bool {
	c.Helper()
	granted := map[right]bool{}
	cluster, err := c.clients.RbacV1().ClusterRoleBindings().List(c.Context(), metav1.ListOptions{})
	if err != nil {
		c.Fatal(err)
	}
	for _, b := range cluster.Items {
		if c.bindsManager(b.Subjects) {
			maps.Copy(granted, c.gives("", b.RoleRef))
		}
	}
	local, err := c.clients.RbacV1().RoleBindings("").List(c.Context(), metav1.ListOptions{})
	if err != nil {
		c.Fatal(err)
	}
	for _, b := range local.Items {
		if c.bindsManager(b.Subjects) {
			maps.Copy(granted, c.gives(b.Namespace, b.RoleRef))
		}
	}
	return granted
}

func (c *cluster) bindsManager(subjects []rbacv1.Subject) bool {
	account := c.deployment().Spec.Template.Spec.ServiceAccountName
	return slices.Contains(subjects, rbacv1.Subject{Kind: "ServiceAccount", Name: account, Namespace: c.namespace})
}

// gives spells out the rules of a role.
func (c *cluster) gives(namespace string, ref rbacv1.RoleRef) map[right]bool {
	c.Helper()
	var rules []rbacv1.PolicyRule
	if ref.Kind == "ClusterRole" {
		role, err := c.clients.RbacV1().ClusterRoles().Get(c.Context(), ref.Name, metav1.GetOptions{})
		if err != nil {
			c.Fatal(err)
		}
		rules = role.Rules
	} else {
		role, err := c.clients.RbacV1().Roles(namespace).Get(c.Context(), ref.Name, metav1.GetOptions{})
		if err != nil {
			c.Fatal(err)
		}
		rules = role.Rules
	}
	rights := map[right]bool{}
	for _, rule := range rules {
		for _, verb := range rule.Verbs {
			for _, resource := range resourcesOf(rule) {
				rights[right{role: ref.Kind + "/" + ref.Name, verb: verb, resource: resource}] = true
			}
		}
	}
	return rights
}

// resourcesOf names what a rule is about, as in "klink.cloud/groups/status"; the
// core group has no name.
func resourcesOf(rule rbacv1.PolicyRule) []string {
	resources := slices.Clone(rule.NonResourceURLs)
	for _, group := range rule.APIGroups {
		for _, resource := range rule.Resources {
			resources = append(resources, strings.TrimPrefix(group+"/"+resource, "/"))
		}
	}
	return resources
}

var row = regexp.MustCompile("(?m)^\\| `([^`]+)`(?: `([^`]+)`)? \\| ([a-z, ]+) \\| (.+) \\|$")

// TestEachRightIsExplained compares docs/rbac.md with the roles, names of single
// objects included.
func TestEachRightIsExplained(t *testing.T) {
	sections := strings.Split(readFile(t, "docs/rbac.md"), "\n### ")
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
			for _, resource := range resourcesOf(rule) {
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

// roles are all in config/rbac.
func roles(t *testing.T) []rbacv1.ClusterRole {
	t.Helper()
	files, err := filepath.Glob("../../config/rbac/*role.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("found the roles %v (%v)", files, err)
	}
	var roles []rbacv1.ClusterRole
	for _, file := range files {
		var role rbacv1.ClusterRole // a Role has the same fields
		if err := yaml.Unmarshal([]byte(readFile(t, strings.TrimPrefix(file, "../../"))), &role); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		roles = append(roles, role)
	}
	return roles
}
