// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package installation

import (
	"maps"
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	rbacclient "k8s.io/client-go/kubernetes/typed/rbac/v1"
)

// WantExactRights compares what the roles of the manager's ServiceAccount give with
// what the managers have asked for so far: all of it was used, and nothing refused.
func (c *Cluster) WantExactRights() {
	c.Helper()
	manager := rbacv1.Subject{Kind: "ServiceAccount", Name: c.Deployment().Spec.Template.Spec.ServiceAccountName, Namespace: c.Namespace}
	unused := roles{c.T, c.Clients.RbacV1()}.granted(manager)
	if len(unused) == 0 {
		c.Fatal("the ServiceAccount has no rights")
	}
	requests := requestsOf(c, c.auditLog())
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

// roles reads what the roles of a cluster give, and to whom.
type roles struct {
	*testing.T

	api rbacclient.RbacV1Interface
}

// granted are the rights of a subject by its own roles.
func (rs roles) granted(to rbacv1.Subject) map[right]bool {
	rs.Helper()
	granted := map[right]bool{}
	cluster, err := rs.api.ClusterRoleBindings().List(rs.Context(), metav1.ListOptions{})
	if err != nil {
		rs.Fatal(err)
	}
	for _, b := range cluster.Items {
		if slices.Contains(b.Subjects, to) {
			maps.Copy(granted, rs.gives("", b.RoleRef))
		}
	}
	local, err := rs.api.RoleBindings("").List(rs.Context(), metav1.ListOptions{})
	if err != nil {
		rs.Fatal(err)
	}
	for _, b := range local.Items {
		if slices.Contains(b.Subjects, to) {
			maps.Copy(granted, rs.gives(b.Namespace, b.RoleRef))
		}
	}
	return granted
}

// gives spells out the rules of a role.
func (rs roles) gives(namespace string, ref rbacv1.RoleRef) map[right]bool {
	rs.Helper()
	var rules []rbacv1.PolicyRule
	if ref.Kind == "ClusterRole" {
		role, err := rs.api.ClusterRoles().Get(rs.Context(), ref.Name, metav1.GetOptions{})
		if err != nil {
			rs.Fatal(err)
		}
		rules = role.Rules
	} else {
		role, err := rs.api.Roles(namespace).Get(rs.Context(), ref.Name, metav1.GetOptions{})
		if err != nil {
			rs.Fatal(err)
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
