// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package namespaced

import (
	"slices"

	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/test/harness/installation"
)

// team is who uses a namespace, with a Connection of its own.
func team(c *installation.Cluster, namespace string) installation.Tenant {
	return c.In(namespace, "{kind: Connection, name: team}")
}

// connect gives a namespace a Connection of the account.
func connect(c *installation.Cluster, namespace string) {
	c.Helper()
	c.WriteFile("token", apiToken)
	team(c, namespace).Kubectl("create", "secret", "generic", "klink-token", "--from-file=token="+c.Dir+"/token")
	team(c, namespace).Apply(`
apiVersion: klink.cloud/v1alpha1
kind: Connection
metadata: {name: team}
spec: {tokenSecretRef: {name: klink-token}, resyncInterval: 10s}
`)
}

// wantRightsIn asks the API server where the manager may do what it does with Groups.
func wantRightsIn(c *installation.Cluster, given string) {
	c.Helper()
	does := []authorizationv1.ResourceAttributes{
		{Verb: "get", Resource: "secrets"},
		{Verb: "list", Group: "klink.cloud", Resource: "groups"},
		{Verb: "patch", Group: "klink.cloud", Resource: "connections"},
	}
	for _, namespace := range []string{given, other, "default", "kube-system", c.Namespace, ""} {
		for _, asked := range does {
			asked.Namespace = namespace
			review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
				User: "system:serviceaccount:" + c.Namespace + ":" + installation.ManagerName, ResourceAttributes: &asked,
			}}
			reply, err := c.Clients.AuthorizationV1().SubjectAccessReviews().Create(c.Context(), review, metav1.CreateOptions{})
			if err != nil {
				c.Fatal(err)
			}
			if want := namespace == given; reply.Status.Allowed != want {
				c.Errorf("the manager may %s %s in namespace %q: %t, want %t", asked.Verb, asked.Resource, namespace, !want, want)
			}
		}
	}
}

// present are the names of the remote groups that are not archived.
func present(api *installation.Remote) []string {
	var names []string
	for _, g := range api.Server.Groups() {
		if !g.Archived() {
			names = append(names, g.Name)
		}
	}
	slices.Sort(names)
	return names
}
