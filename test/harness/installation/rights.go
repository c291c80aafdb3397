// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package installation

import (
	"maps"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// WantExactRights compares what the roles of the manager's ServiceAccount give with
// what the managers have asked for so far: all of it was used, and nothing refused.
func (c *Cluster) WantExactRights() {
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
		used := r.used()
		delete(unused, used)
		if used.verb == "patch" && used.resource == "klink.cloud/groups" {
			used.verb = "restore" // the admission policy asks for it, and no request has this verb
			delete(unused, used)
		}
	}
	for r := range unused {
		c.Errorf("%s gives %s on %s, which was not used in %d requests", r.role, r.verb, r.resource, len(requests))
	}
}

// granted are the rights of the manager's ServiceAccount by its own roles.
func (c *Cluster) granted() map[right]bool {
	c.Helper()
	granted := map[right]bool{}
	cluster, err := c.Clients.RbacV1().ClusterRoleBindings().List(c.Context(), metav1.ListOptions{})
	if err != nil {
		c.Fatal(err)
	}
	for _, b := range cluster.Items {
		if c.bindsManager(b.Subjects) {
			maps.Copy(granted, c.gives("", b.RoleRef))
		}
	}
	local, err := c.Clients.RbacV1().RoleBindings("").List(c.Context(), metav1.ListOptions{})
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

func (c *Cluster) bindsManager(subjects []rbacv1.Subject) bool {
	account := c.Deployment().Spec.Template.Spec.ServiceAccountName
	return slices.Contains(subjects, rbacv1.Subject{Kind: "ServiceAccount", Name: account, Namespace: c.Namespace})
}

// gives spells out the rules of a role.
func (c *Cluster) gives(namespace string, ref rbacv1.RoleRef) map[right]bool {
	c.Helper()
	var rules []rbacv1.PolicyRule
	if ref.Kind == "ClusterRole" {
		role, err := c.Clients.RbacV1().ClusterRoles().Get(c.Context(), ref.Name, metav1.GetOptions{})
		if err != nil {
			c.Fatal(err)
		}
		rules = role.Rules
	} else {
		role, err := c.Clients.RbacV1().Roles(namespace).Get(c.Context(), ref.Name, metav1.GetOptions{})
		if err != nil {
			c.Fatal(err)
		}
		rules = role.Rules
	}
	rights := map[right]bool{}
	for _, rule := range rules {
		for _, verb := range rule.Verbs {
			for _, resource := range ResourcesOf(rule) {
				rights[right{role: ref.Kind + "/" + ref.Name, verb: verb, resource: resource}] = true
			}
		}
	}
	return rights
}

// ResourcesOf names what a rule is about, as in "klink.cloud/groups/status"; the
// core group has no name.
func ResourcesOf(rule rbacv1.PolicyRule) []string {
	resources := slices.Clone(rule.NonResourceURLs)
	for _, group := range rule.APIGroups {
		for _, resource := range rule.Resources {
			resources = append(resources, strings.TrimPrefix(group+"/"+resource, "/"))
		}
	}
	return resources
}
