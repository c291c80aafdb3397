// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package apiserver

import (
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
)

// An admin of a namespace may bind roles there, and try every other way to write the
// operator's notes.
func TestAnAdminGetsRoundThePolicyByNoRole(t *testing.T) {
	awaitPolicy(t)
	admin := person("team-admin")
	if denied := eventuallyAllowed(t, "team-admin", rights{"create", "rolebindings.rbac.authorization.k8s.io", team}); denied != "" {
		t.Fatal("the admin never got the right to bind roles")
	}
	in := metav1.ObjectMeta{Namespace: team, Name: "round"}
	to := []rbacv1.Subject{{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: "team-admin"}}
	group := worlds.Group(team, "round", "api")
	worlds.Create(t, admin, group)
	plain := group.DeepCopy()
	notes["group-id"](group, "stolen")
	applied := worlds.Group(team, "round-applied", "api", func(g *v1alpha1.Group) { notes["group-id"](g, "stolen") })
	applied.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("Group"))
	operator := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: operatorNamespace, Name: managerName}}
	for what, try := range map[string]func() error{
		"the role for backup tools": func() error {
			return admin.Create(t.Context(), &rbacv1.RoleBinding{ObjectMeta: in, Subjects: to, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "klink-restore"}})
		},
		"the manager's role": func() error {
			return admin.Create(t.Context(), &rbacv1.RoleBinding{ObjectMeta: in, Subjects: to, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "klink-operator-manager"}})
		},
		"a role of one's own": func() error {
			return admin.Create(t.Context(), &rbacv1.Role{ObjectMeta: in, Rules: []rbacv1.PolicyRule{{APIGroups: []string{"klink.cloud"}, Resources: []string{"groups"}, Verbs: []string{"restore"}}}})
		},
		"a role of all verbs": func() error {
			return admin.Create(t.Context(), &rbacv1.Role{ObjectMeta: in, Rules: []rbacv1.PolicyRule{{APIGroups: []string{"*"}, Resources: []string{"*"}, Verbs: []string{"*"}}}})
		},
		"server-side apply": func() error {
			return admin.Patch(t.Context(), applied, client.Apply, client.FieldOwner("klink-operator"), client.ForceOwnership) //nolint:staticcheck // as any tool may
		},
		"a JSON patch": func() error {
			return admin.Patch(t.Context(), plain.DeepCopy(), client.RawPatch(types.JSONPatchType, []byte(`[{"op":"add","path":"/metadata/annotations","value":{"klink.cloud/group-id":"stolen"}}]`)))
		},
		"the status": func() error { return admin.Status().Patch(t.Context(), group.DeepCopy(), client.MergeFrom(plain)) },
		"a token of the operator": func() error {
			return admin.SubResource("token").Create(t.Context(), operator, &authenticationv1.TokenRequest{})
		},
	} {
		if err := try(); !apierrors.IsForbidden(err) {
			t.Errorf("%s: %v, want it forbidden", what, err)
		}
	}
	var now v1alpha1.Group
	if err := admin.Get(t.Context(), client.ObjectKeyFromObject(plain), &now); err != nil || len(now.Annotations) > 0 {
		t.Errorf("the Group has %v, %v", now.Annotations, err)
	}
}
