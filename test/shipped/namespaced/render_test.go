// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package namespaced

import (
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/klink-cloud/klink-operator/test/harness/installation"
)

// checkRendered wants config/namespaced to be config/default but for what the pages
// say: its roles, and metrics.
func checkRendered(c *installation.Cluster) {
	c.Helper()
	metrics := []string{
		"ClusterRole /klink-operator-metrics-auth", "ClusterRole /klink-operator-metrics-reader",
		"ClusterRoleBinding /klink-operator-metrics-auth", "Service klink-operator-system/klink-operator-metrics",
	}
	everywhere := []string{"ClusterRole /klink-operator-manager", "ClusterRoleBinding /klink-operator-manager"}
	named := []string{
		"Role concierge/klink-operator-manager", "RoleBinding concierge/klink-operator-manager",
		"Role kube-system/klink-operator-cluster-uid", "RoleBinding kube-system/klink-operator-cluster-uid",
	}
	whole := render(c, "config/default")
	operator := render(c, "config/namespaced/operator")
	wantObjects(c, "operator", operator, whole, everywhere, nil)
	if diff := cmp.Diff(whole[deployment], operator[deployment]); diff != "" {
		c.Errorf("operator: the Deployment is another (-default +operator):\n%s", diff)
	}
	all := render(c, "config/namespaced")
	wantObjects(c, "namespaced", all, operator, metrics, named)
	for id := range all {
		if strings.HasPrefix(id, "ClusterRoleBinding ") {
			c.Errorf("there are not Roles alone: %s", id)
		}
	}
	wantDeployment(c, whole[deployment], all[deployment])
}

const deployment = "Deployment " + installation.OperatorNamespace + "/" + installation.ManagerName

// wantObjects wants the objects of another rendering, less some and with some more.
func wantObjects(c *installation.Cluster, what string, got, of map[string]string, less, more []string) {
	c.Helper()
	want := slices.Clone(more)
	for id := range of {
		want = append(want, id)
	}
	for _, id := range less {
		if of[id] == "" {
			c.Errorf("%s: there is no %s that is left out", what, id)
		}
		want = slices.DeleteFunc(want, func(other string) bool { return other == id })
	}
	var have []string
	for id := range got {
		have = append(have, id)
	}
	slices.Sort(want)
	slices.Sort(have)
	if diff := cmp.Diff(want, have); diff != "" {
		c.Errorf("%s has other objects (-want +have):\n%s", what, diff)
	}
}

// wantDeployment wants the Deployment without metrics, with a namespace to watch.
func wantDeployment(c *installation.Cluster, whole, got string) {
	c.Helper()
	var want, have appsv1.Deployment
	for text, into := range map[string]*appsv1.Deployment{whole: &want, got: &have} {
		if err := yaml.UnmarshalStrict([]byte(text), into); err != nil {
			c.Fatal(err)
		}
	}
	container := &want.Spec.Template.Spec.Containers[0]
	for i, arg := range container.Args {
		if strings.HasPrefix(arg, "--metrics-bind-address=") {
			container.Args[i] = "--metrics-bind-address=0"
		}
	}
	container.Args = append(container.Args, "--watch-namespaces="+watched)
	container.Ports = slices.DeleteFunc(container.Ports, func(p corev1.ContainerPort) bool { return p.Name == "metrics" })
	if diff := cmp.Diff(want, have); diff != "" {
		c.Errorf("the Deployment differs in more than it should (-want +have):\n%s", diff)
	}
}

// render returns the objects of a kustomization by kind, namespace and name.
func render(c *installation.Cluster, folder string) map[string]string {
	c.Helper()
	objects := map[string]string{}
	for text := range strings.SplitSeq(c.Kubectl("kustomize", c.Source(folder)), "\n---\n") {
		var object metav1.PartialObjectMetadata
		if err := yaml.Unmarshal([]byte(text), &object); err != nil {
			c.Fatal(err)
		}
		objects[object.Kind+" "+object.Namespace+"/"+object.Name] = text
	}
	return objects
}
