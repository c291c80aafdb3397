// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package namespaced

import (
	"slices"
	"strings"
	"testing"

	"github.com/klink-cloud/klink-operator/internal/simulator"
	"github.com/klink-cloud/klink-operator/test/harness/checkout"
	"github.com/klink-cloud/klink-operator/test/harness/installation"
)

const (
	watched = "concierge"
	other   = "lobby" // not watched until docs/install.md has it added

	apiToken = "the-token-of-the-account"
	section  = "## In some namespaces, with Roles alone"
)

// TestLife goes the way of config/namespaced: it is applied, Groups of the watched
// namespace live and go and others are left alone, a namespace is added, and the CRDs
// are removed.
func TestLife(t *testing.T) {
	c := &cluster{installation.New(t)}
	c.Build()
	api := c.NewRemote(apiToken)
	var first, second *installation.Process
	c.phase("rendered", (*cluster).checkRendered)
	c.phase("install", func(c *cluster) {
		c.Kubectl("create", "namespace", watched)
		c.Kubectl("create", "namespace", other)
		// Where the default was before, its rights everywhere are taken away first.
		c.Kubectl("apply", "--server-side", "-k", c.Source("config/default"))
		c.Sh(checkout.Commands(c.T, "docs/install.md", "### From the default to Roles alone")...)
		c.wantNoRightsEverywhere()
		c.Sh(checkout.Unpublished(strings.Join(checkout.Commands(c.T, "docs/install.md", section), "\n"), c.Root))
		first = c.Launch(api)
		c.AwaitLeader(first)
		c.AwaitProbes(first)
		// To the second, the API server streams no lists.
		second = c.Launch(api, "KUBE_FEATURE_WatchListClient=false")
		c.AwaitProbes(second)
		c.wantRightsIn(watched)
	})
	var untouched string
	c.phase("connections", func(c *cluster) {
		c.connect(watched)
		c.connect(other)
		c.declare(other, "front-desk", "Archive")
		untouched = c.version(other, "kgrp/front-desk")
		c.await(watched, "kconn/team", "Ready")
	})
	c.phase("life", func(c *cluster) { c.life(api) })
	c.phase("a ClusterConnection", (*cluster).clusterConnection)
	c.phase("another leader", func(c *cluster) {
		c.Stop(first)
		c.AwaitLeader(second)
		c.group(watched, "after-the-change", "Archive")
	})
	c.phase("a Group that vanishes", func(c *cluster) { c.vanish(api) })
	c.phase("another namespace", func(c *cluster) {
		if now := c.version(other, "kgrp/front-desk"); now != untouched || remote(api, "The front-desk") != nil {
			c.Errorf("the Group of a namespace that is not watched was version %s, and is %s", untouched, now)
		}
		second = c.add(api, second)
	})
	c.phase("removal", func(c *cluster) { c.removal(api, second) })
}

// wantNoRightsEverywhere wants no ClusterRole of the manager to be bound or left.
func (c *cluster) wantNoRightsEverywhere() {
	c.Helper()
	left := c.Kubectl("get", "clusterrole,clusterrolebinding,service", "-A", "-l", "app.kubernetes.io/name=klink-operator", "-o", "name")
	for name := range strings.FieldsSeq(left) {
		if !strings.HasPrefix(name, "clusterrole.rbac.authorization.k8s.io/klink-") || strings.Contains(name, "/klink-operator-") {
			c.Errorf("%s is left of the default", name)
		}
	}
}

// life creates, changes and deletes a Group.
func (c *cluster) life(api *installation.Remote) {
	c.Helper()
	c.group(watched, "plaza", "Archive")
	for _, finest := range []string{"The finest in New York.", "The finest of all."} {
		c.Kubectl("-n", watched, "patch", "kgrp", "plaza", "--type=merge", "-p", `{"spec":{"description":"`+finest+`"}}`)
		c.awaitDescription(api, finest)
	}
	// The second one is told by a patch of the first one's event.
	for _, closed := range []string{"Closed for renovation.", "Closed for good."} {
		api.Mutate(remote(api, "The plaza").ID, func(g *simulator.Group) { g.Description = new(closed) })
		c.awaitDescription(api, "The finest of all.")
	}
	c.Kubectl("-n", watched, "delete", "kgrp", "plaza", "--timeout=2m")
	if g := remote(api, "The plaza"); g == nil || !g.Archived() {
		c.Errorf("the Group is gone, and the remote group not archived: %+v", g)
	}
	for _, event := range []string{"Connection/team Connected", "Group/plaza Created", "Group/plaza Updated", "Group/plaza DriftCorrected", "Group/plaza Archived"} {
		c.Eventually(func() string {
			events := c.Kubectl("-n", watched, "get", "events.events.k8s.io", "-o",
				`jsonpath={range .items[*]}{.regarding.kind}/{.regarding.name} {.reason}{"\n"}{end}`)
			if !slices.Contains(strings.Split(events, "\n"), event) {
				return "there is no event " + event + " among\n" + events
			}
			return ""
		})
	}
}

// clusterConnection declares one, which this manager may not read, and a Group of it.
func (c *cluster) clusterConnection() {
	c.Helper()
	c.Kubectl("apply", "-f", c.Source("config/samples/clusterconnection.yaml"))
	c.Kubectl("apply", "-n", watched, "-f", c.Source("config/samples/minimal.yaml"))
	c.Eventually(func() string {
		ready := c.field(watched, "kgrp/concierge-desk", `{.status.conditions[?(@.type=="Ready")]}`)
		for _, part := range []string{"ConnectionNotFound", "ClusterConnection default", "rights in namespaces alone", "use a Connection"} {
			if !strings.Contains(ready, part) {
				return "want " + part + " in " + ready
			}
		}
		return ""
	})
	c.Kubectl("-n", watched, "delete", "kgrp", "concierge-desk", "--timeout=2m")
	if status := c.Kubectl("get", "kcconn", "default", "-o", "jsonpath={.status.conditions} {.metadata.finalizers}"); status != "" {
		c.Errorf("somebody has looked at the ClusterConnection: %s", status)
	}
}

// vanish takes a Group away for good while its create is under way: to know that it is
// gone, the manager asks the API server itself.
func (c *cluster) vanish(api *installation.Remote) {
	c.Helper()
	release := api.HoldCreates()
	c.declare(watched, "vanished", "Archive")
	c.Eventually(func() string {
		if c.field(watched, "kgrp/vanished", `{.metadata.annotations.klink\.cloud/create-attempt}`) == "" {
			return "the create is not announced"
		}
		return ""
	})
	c.Kubectl("-n", watched, "patch", "kgrp", "vanished", "--type=merge", "-p", `{"metadata":{"finalizers":null}}`)
	c.Kubectl("-n", watched, "delete", "kgrp", "vanished", "--timeout=1m")
	release()
	c.Eventually(func() string {
		if g := remote(api, "The vanished"); g == nil || !g.Archived() {
			return "the remote group of the Group that vanished is not archived"
		}
		return ""
	})
}

// add adds a namespace as docs/install.md tells, and runs the manager as the
// Deployment then says.
func (c *cluster) add(api *installation.Remote, running *installation.Process) *installation.Process {
	c.Helper()
	for _, block := range checkout.YAML(c.T, "docs/install.md", section) {
		first, _, _ := strings.Cut(block, "\n")
		file, found := strings.CutPrefix(first, "# ")
		folder, named := strings.CutSuffix(file, "/kustomization.yaml")
		if !found || !named {
			c.Fatalf("docs/install.md: a block of YAML does not begin with its file: %s", first)
		}
		c.WriteKustomization(folder, block)
	}
	c.Kubectl("apply", "--server-side", "--validate=strict", "-k", c.Dir+"/overlay")
	p := c.Launch(api)
	c.Stop(running)
	c.AwaitLeader(p)
	c.await(other, "kgrp/front-desk", "Ready")
	c.group(watched, "still-here", "Archive")
	return p
}

// removal removes the CRDs, which nobody means to do to the groups of a company, and
// then the Roles.
func (c *cluster) removal(api *installation.Remote, running *installation.Process) {
	c.Helper()
	for _, namespace := range []string{watched, other} {
		c.Kubectl("-n", namespace, "patch", "kconn", "team", "--type=merge", "-p", `{"spec":{"allowDelete":true}}`)
		c.group(namespace, "kept-by-"+namespace, "Archive")
		c.group(namespace, "doomed-by-"+namespace, "Delete")
	}
	before := present(api)
	api.ResetRequests()
	way := checkout.Commands(c.T, "docs/install.md", "### Everything, and the remote groups stay")
	c.Sh(way[0])
	c.Stop(running)
	for kind, n := range api.Counts() {
		if !strings.HasPrefix(kind, "GET") && n > 0 {
			c.Errorf("%d × %s, want no remote write", n, kind)
		}
	}
	if after := present(api); !slices.Equal(after, before) || len(after) < 6 {
		c.Errorf("there were the remote groups %q, and are %q", before, after)
	}
	c.WantExactRights()
	c.Sh(way[1:]...)
	c.Sh(checkout.Commands(c.T, "docs/install.md", "### Removing the Roles")...)
	const kinds = "namespace,crd,role,rolebinding,clusterrole,clusterrolebinding"
	if left := c.Kubectl("get", kinds, "-A", "-l", "app.kubernetes.io/name=klink-operator", "-o", "name"); left != "" {
		c.Errorf("there are still\n%s", left)
	}
}
