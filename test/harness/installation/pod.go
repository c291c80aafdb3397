// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package installation

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/test/harness/worlds"
)

// pod is what a pod of the Deployment would run: its container's arguments and
// environment as the kubelet makes them.
type pod struct {
	serviceAccount string
	args, env      []string
	// Address is where each named port is in place of all addresses of a pod.
	Address map[string]string
}

// Deployment reads the installed Deployment of the manager.
func (c *Cluster) Deployment() *appsv1.Deployment {
	c.Helper()
	d, err := c.Clients.AppsV1().Deployments(c.Namespace).Get(c.Context(), ManagerName, metav1.GetOptions{})
	if err != nil {
		c.Fatal(err)
	}
	return d
}

// newPod reads the installed Deployment. Nothing is added to what it says, and only
// the ports differ: they are free ones on loopback, as several pods share a machine.
func (c *Cluster) newPod() *pod {
	c.Helper()
	template := c.Deployment().Spec.Template.Spec
	container := template.Containers[0]
	p := &pod{serviceAccount: template.ServiceAccountName, Address: map[string]string{}}
	variables := map[string]string{}
	for _, e := range container.Env {
		variables[e.Name] = valueOf(c, e, c.Namespace)
		p.env = append(p.env, e.Name+"="+variables[e.Name])
	}
	for _, arg := range container.Args {
		p.args = append(p.args, expand(arg, variables))
	}
	for _, port := range container.Ports {
		p.Address[port.Name] = worlds.FreeAddress(c)
		if !p.rebind(fmt.Sprintf(":%d", port.ContainerPort), p.Address[port.Name]) {
			c.Fatalf("no argument has the manager listen on port %s", port.Name)
		}
	}
	if all := strings.Join(p.args, " "); strings.Contains(all, "address=:") {
		c.Fatalf("a port that the manager listens on has no name: %s", all)
	}
	return p
}

// valueOf is what the kubelet sets a variable of a namespace's pod to.
func valueOf(t testing.TB, e corev1.EnvVar, namespace string) string {
	t.Helper()
	switch {
	case e.ValueFrom == nil:
		return e.Value
	case e.ValueFrom.FieldRef != nil && e.ValueFrom.FieldRef.FieldPath == "metadata.namespace":
		return namespace
	}
	t.Fatalf("no kubelet here knows the value of %s", e.Name)
	return ""
}

var reference = regexp.MustCompile(`\$\(([A-Za-z_][A-Za-z0-9_]*)\)`)

// expand puts variables into an argument; one that is not set stays as it is written.
func expand(arg string, variables map[string]string) string {
	return reference.ReplaceAllStringFunc(arg, func(ref string) string {
		if value, set := variables[ref[2:len(ref)-1]]; set {
			return value
		}
		return ref
	})
}

// rebind changes the one argument that names the address.
func (p *pod) rebind(from, to string) bool {
	for i, arg := range p.args {
		if name, address, found := strings.Cut(arg, "="); found && address == from {
			p.args[i] = name + "=" + to
			return true
		}
	}
	return false
}
