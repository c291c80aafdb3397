// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package namespaced

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"

	"github.com/klink-cloud/klink-operator/test/harness/checkout"
	"github.com/klink-cloud/klink-operator/test/harness/installation"
)

// ofNoNamespace is what no Role can give. Of namespaces only kube-system is read, by a
// Role of its own; of the CRD the manager learns from discovery.
var ofNoNamespace = []string{
	"klink.cloud/clusterconnections",
	"klink.cloud/clusterconnections/status",
	"namespaces",
	"apiextensions.k8s.io/customresourcedefinitions",
}

// TestWatchedRoleIsTheClusterRole: what the manager comes to need, it needs in both.
func TestWatchedRoleIsTheClusterRole(t *testing.T) {
	var everywhere rbacv1.ClusterRole
	var watched rbacv1.Role
	read(t, "config/rbac/role.yaml", &everywhere)
	read(t, "config/namespaced/watched/role.yaml", &watched)
	want := rights(everywhere.Rules)
	for _, resource := range ofNoNamespace {
		if want[resource] == nil {
			t.Errorf("the ClusterRole gives nothing on %s: take it from the list", resource)
		}
		delete(want, resource)
	}
	if diff := cmp.Diff(want, rights(watched.Rules)); diff != "" {
		t.Errorf("the Role of a watched namespace is not the ClusterRole (-ClusterRole +Role):\n%s", diff)
	}
}

// TestBindingsNameTheManager: all bind the ServiceAccount that config/rbac binds.
func TestBindingsNameTheManager(t *testing.T) {
	var everywhere rbacv1.ClusterRoleBinding
	read(t, "config/rbac/role_binding.yaml", &everywhere)
	for _, folder := range []string{"watched", "kube-system"} {
		var role rbacv1.Role
		var binding rbacv1.RoleBinding
		read(t, "config/namespaced/"+folder+"/role.yaml", &role)
		read(t, "config/namespaced/"+folder+"/role_binding.yaml", &binding)
		if diff := cmp.Diff(everywhere.Subjects, binding.Subjects); diff != "" {
			t.Errorf("%s binds others (-want +got):\n%s", folder, diff)
		}
		if want := (rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: role.Name}); binding.RoleRef != want {
			t.Errorf("%s binds %v, want %v", folder, binding.RoleRef, want)
		}
	}
}

// rights are the verbs, names of single objects included, by resource.
func rights(rules []rbacv1.PolicyRule) map[string][]string {
	given := map[string][]string{}
	for _, rule := range rules {
		for _, resource := range installation.ResourcesOf(rule) {
			given[resource] = append(given[resource], rule.Verbs...)
			for _, name := range rule.ResourceNames {
				given[resource] = append(given[resource], "only "+name)
			}
			slices.Sort(given[resource])
		}
	}
	return given
}

// read reads a file of the repository into an object of its kind.
func read(t *testing.T, name string, into any) {
	t.Helper()
	if err := yaml.UnmarshalStrict([]byte(checkout.Read(t, name)), into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}
