// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package namespaced

import (
	"fmt"
	"slices"

	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/internal/simulator"
	"github.com/klink-cloud/klink-operator/test/harness/installation"
)

// cluster is where the operator is installed.
type cluster struct{ *installation.Cluster }

// phase is a part of a test that later ones build on: they do not run if it fails.
func (c *cluster) phase(name string, do func(*cluster)) {
	c.Helper()
	c.Phase(name, func(inner *installation.Cluster) { do(&cluster{inner}) })
}

// connect gives a namespace a Connection of the account.
func (c *cluster) connect(namespace string) {
	c.Helper()
	c.WriteFile("token", apiToken)
	c.Kubectl("-n", namespace, "create", "secret", "generic", "klink-token", "--from-file=token="+c.Dir+"/token")
	c.apply(namespace, `
apiVersion: klink.cloud/v1alpha1
kind: Connection
metadata: {name: team}
spec: {tokenSecretRef: {name: klink-token}, resyncInterval: 10s}
`)
}

// group makes a Group, and waits until it is in order.
func (c *cluster) group(namespace, name, policy string) {
	c.Helper()
	c.declare(namespace, name, policy)
	c.await(namespace, "kgrp/"+name, "Ready")
}

func (c *cluster) declare(namespace, name, policy string) {
	c.Helper()
	c.apply(namespace, fmt.Sprintf(`
apiVersion: klink.cloud/v1alpha1
kind: Group
metadata: {name: %s}
spec: {name: The %[1]s, deletionPolicy: %s, connectionRef: {kind: Connection, name: team}}
`, name, policy))
}

func (c *cluster) apply(namespace, object string) {
	c.Helper()
	c.WriteFile("object.yaml", object)
	c.Kubectl("-n", namespace, "apply", "--validate=strict", "-f", c.Dir+"/object.yaml")
}

func (c *cluster) await(namespace, object, condition string) {
	c.Helper()
	c.Kubectl("-n", namespace, "wait", "--for=condition="+condition, "--timeout=2m", object)
}

func (c *cluster) field(namespace, object, path string) string {
	c.Helper()
	return c.Kubectl("-n", namespace, "get", object, "-o", "jsonpath="+path)
}

func (c *cluster) version(namespace, object string) string {
	c.Helper()
	return c.field(namespace, object, "{.metadata.resourceVersion}")
}

func (c *cluster) awaitDescription(api *installation.Remote, want string) {
	c.Helper()
	c.Eventually(func() string {
		if g := remote(api, "The plaza"); g == nil || g.Description == nil || *g.Description != want {
			return fmt.Sprintf("want the description %q in %+v", want, g)
		}
		return ""
	})
}

// wantRightsIn asks the API server where the manager may do what it does with Groups.
func (c *cluster) wantRightsIn(given string) {
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

// remote is the remote group of a name, nil if there is none.
func remote(api *installation.Remote, name string) *simulator.Group {
	for _, g := range api.Groups() {
		if g.Name == name {
			return &g
		}
	}
	return nil
}

// present are the names of the remote groups that are not archived.
func present(api *installation.Remote) []string {
	var names []string
	for _, g := range api.Groups() {
		if !g.Archived() {
			names = append(names, g.Name)
		}
	}
	slices.Sort(names)
	return names
}
