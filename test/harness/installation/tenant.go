// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package installation

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// Tenant is a namespace in which people declare Groups. It touches that namespace alone,
// as they do, with kubectl; and where it says so, the account.
type Tenant struct {
	c *Cluster

	namespace     string
	connectionRef string // of its Groups, as YAML
}

// In is a namespace whose Groups have this connectionRef.
func (c *Cluster) In(namespace, connectionRef string) Tenant {
	return Tenant{c: c, namespace: namespace, connectionRef: connectionRef}
}

// Kubectl runs kubectl in the namespace.
func (n Tenant) Kubectl(args ...string) string {
	n.c.Helper()
	return n.c.Kubectl(append([]string{"-n", n.namespace}, args...)...)
}

// Apply applies a manifest.
func (n Tenant) Apply(object string) {
	n.c.Helper()
	n.c.WriteFile("object.yaml", object)
	n.Kubectl("apply", "--validate=strict", "-f", filepath.Join(n.c.Dir, "object.yaml"))
}

// Declare makes a Group.
func (n Tenant) Declare(name, policy string) {
	n.c.Helper()
	n.Apply(fmt.Sprintf(`
apiVersion: klink.cloud/v1alpha1
kind: Group
metadata: {name: %s}
spec: {name: The %[1]s, deletionPolicy: %s, connectionRef: %s}
`, name, policy, n.connectionRef))
}

// Group makes a Group, waits until it is in order, and returns the id of its remote group.
func (n Tenant) Group(name, policy string) (id string) {
	n.c.Helper()
	n.Declare(name, policy)
	n.AwaitReady("kgrp/" + name)
	return n.Field("kgrp/"+name, "{.status.id}")
}

// AwaitReady waits for objects, or all of a kind.
func (n Tenant) AwaitReady(what ...string) {
	n.c.Helper()
	for _, object := range what {
		args := []string{"wait", "--for=condition=Ready", "--timeout=2m", object}
		if !strings.Contains(object, "/") {
			args = append(args, "--all")
		}
		n.Kubectl(args...)
	}
}

// Field reads a field of an object.
func (n Tenant) Field(object, path string) string {
	n.c.Helper()
	return n.Kubectl("get", object, "-o", "jsonpath="+path)
}

// Patch changes a spec.
func (n Tenant) Patch(object, spec string) {
	n.c.Helper()
	n.Kubectl("patch", object, "--type=merge", "-p", `{"spec":`+spec+`}`)
}

// Delete deletes Groups, and waits until they are gone.
func (n Tenant) Delete(names ...string) {
	n.c.Helper()
	n.Kubectl(slices.Concat([]string{"delete", "kgrp", "--timeout=2m"}, names)...)
}

// Change changes what a Group declares, and then the remote group behind its back.
func (n Tenant) Change(name string, api *Remote) {
	n.c.Helper()
	id := n.Field("kgrp/"+name, "{.status.id}")
	await := func(description string) {
		api.Await(n.c, id, description, func(g simulator.Group) bool { return g.Description != nil && *g.Description == description })
	}
	for _, finest := range []string{"The finest in New York.", "The finest of all."} {
		n.Patch("kgrp/"+name, `{"description":"`+finest+`"}`)
		await(finest)
	}
	// The second one is told by a patch of the first one's event.
	for _, closed := range []string{"Closed for renovation.", "Closed for good."} {
		api.Server.Mutate(id, func(g *simulator.Group) { g.Description = new(closed) })
		await("The finest of all.")
	}
}

// Vanish takes a Group away for good while its create is under way: to know that it is
// gone, the manager asks the API server itself.
func (n Tenant) Vanish(api *Remote) {
	n.c.Helper()
	release := api.HoldCreates()
	n.Declare("vanished", "Archive")
	n.c.Eventually(func() string {
		if n.Field("kgrp/vanished", `{.metadata.annotations.klink\.cloud/create-attempt}`) == "" {
			return "the create is not announced"
		}
		return ""
	})
	n.Kubectl("patch", "kgrp", "vanished", "--type=merge", "-p", `{"metadata":{"finalizers":null}}`)
	n.Delete("vanished")
	release()
	n.c.Eventually(func() string {
		if g := api.Named("The vanished"); g == nil || !g.Archived() {
			return "the remote group of the Group that vanished is not archived"
		}
		return ""
	})
}
