// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package namespaced

import (
	"slices"
	"strings"
	"testing"

	"github.com/klink-cloud/klink-operator/test/harness/checkout"
	"github.com/klink-cloud/klink-operator/test/harness/installation"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
)

const (
	watched = "concierge"
	other   = "lobby" // not watched until docs/install.md has it added

	apiToken = "the-token-of-the-account"
	section  = "## In some namespaces, with Roles alone"
	version  = "{.metadata.resourceVersion}"
)

// TestLife goes the way of config/namespaced: it is applied, Groups of the watched
// namespace live and go and others are left alone, a namespace is added, and the CRDs
// are removed.
func TestLife(t *testing.T) {
	c := installation.New(t)
	c.Build()
	api := c.NewRemote(apiToken)
	var first, second *installation.Process
	c.Phase("rendered", checkRendered)
	c.Phase("install", func(c *installation.Cluster) {
		c.Kubectl("create", "namespace", watched)
		c.Kubectl("create", "namespace", other)
		// Where the default was before, its rights everywhere are taken away first.
		c.Kubectl("apply", "--server-side", "-k", c.Source("config/default"))
		c.Sh(checkout.Commands(c.T, "docs/install.md", "### From the default to Roles alone")...)
		wantNoRightsEverywhere(c)
		c.Sh(checkout.Unpublished(strings.Join(checkout.Commands(c.T, "docs/install.md", section), "\n"), c.Root))
		first = c.Launch(api)
		c.AwaitLeader(first)
		c.AwaitProbes(first)
		// To the second, the API server streams no lists.
		second = c.Launch(api, "KUBE_FEATURE_WatchListClient=false")
		c.AwaitProbes(second)
		wantRightsIn(c, watched)
	})
	var untouched string
	c.Phase("connections", func(c *installation.Cluster) {
		connect(c, watched)
		connect(c, other)
		team(c, other).Declare("front-desk", "Archive")
		untouched = team(c, other).Field("kgrp/front-desk", version)
		team(c, watched).AwaitReady("kconn/team")
	})
	c.Phase("life", func(c *installation.Cluster) { life(c, api) })
	c.Phase("a ClusterConnection", clusterConnection)
	c.Phase("another leader", func(c *installation.Cluster) {
		c.Stop(first)
		c.AwaitLeader(second)
		team(c, watched).Group("after-the-change", "Archive")
	})
	c.Phase("a Group that vanishes", func(c *installation.Cluster) { team(c, watched).Vanish(api) })
	c.Phase("another namespace", func(c *installation.Cluster) {
		if now := team(c, other).Field("kgrp/front-desk", version); now != untouched || api.Named("The front-desk") != nil {
			c.Errorf("the Group of a namespace that is not watched was version %s, and is %s", untouched, now)
		}
		second = add(c, api, second)
	})
	c.Phase("removal", func(c *installation.Cluster) { removal(c, api, second) })
}

// wantNoRightsEverywhere wants no ClusterRole of the manager to be bound or left.
func wantNoRightsEverywhere(c *installation.Cluster) {
	c.Helper()
	left := c.Kubectl("get", "clusterrole,clusterrolebinding,service", "-A", "-l", "app.kubernetes.io/name=klink-operator", "-o", "name")
	for name := range strings.FieldsSeq(left) {
		if !strings.HasPrefix(name, "clusterrole.rbac.authorization.k8s.io/klink-") || strings.Contains(name, "/klink-operator-") {
			c.Errorf("%s is left of the default", name)
		}
	}
}

// life creates, changes and deletes a Group.
func life(c *installation.Cluster, api *installation.Remote) {
	c.Helper()
	team(c, watched).Group("plaza", "Archive")
	team(c, watched).Change("plaza", api)
	team(c, watched).Delete("plaza")
	if g := api.Named("The plaza"); g == nil || !g.Archived() {
		c.Errorf("the Group is gone, and the remote group not archived: %+v", g)
	}
	for _, event := range []string{"Connection/team Connected", "Group/plaza Created", "Group/plaza Updated", "Group/plaza DriftCorrected", "Group/plaza Archived"} {
		c.Eventually(func() string {
			events := team(c, watched).Kubectl("get", "events.events.k8s.io", "-o",
				`jsonpath={range .items[*]}{.regarding.kind}/{.regarding.name} {.reason}{"\n"}{end}`)
			if !slices.Contains(strings.Split(events, "\n"), event) {
				return "there is no event " + event + " among\n" + events
			}
			return ""
		})
	}
}

// clusterConnection declares one, which this manager may not read, and a Group of it.
func clusterConnection(c *installation.Cluster) {
	c.Helper()
	c.Kubectl("apply", "-f", c.Source("config/samples/clusterconnection.yaml"))
	team(c, watched).Kubectl("apply", "-f", c.Source("config/samples/minimal.yaml"))
	c.Eventually(func() string {
		ready := team(c, watched).Field("kgrp/concierge-desk", `{.status.conditions[?(@.type=="Ready")]}`)
		for _, part := range []string{"ConnectionNotFound", "ClusterConnection default", "rights in namespaces alone", "use a Connection"} {
			if !strings.Contains(ready, part) {
				return "want " + part + " in " + ready
			}
		}
		return ""
	})
	team(c, watched).Delete("concierge-desk")
	if status := c.Kubectl("get", "kcconn", "default", "-o", "jsonpath={.status.conditions} {.metadata.finalizers}"); status != "" {
		c.Errorf("somebody has looked at the ClusterConnection: %s", status)
	}
}

// add adds a namespace as docs/install.md tells, and runs the manager as the
// Deployment then says.
func add(c *installation.Cluster, api *installation.Remote, running *installation.Process) *installation.Process {
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
	team(c, other).AwaitReady("kgrp/front-desk")
	team(c, watched).Group("still-here", "Archive")
	return p
}

// removal removes the CRDs, which nobody means to do to the groups of a company, and
// then the Roles.
func removal(c *installation.Cluster, api *installation.Remote, running *installation.Process) {
	c.Helper()
	for _, namespace := range []string{watched, other} {
		team(c, namespace).Patch("kconn/team", `{"allowDelete":true}`)
		team(c, namespace).Group("kept-by-"+namespace, "Archive")
		team(c, namespace).Group("doomed-by-"+namespace, "Delete")
	}
	before := present(api)
	api.Server.ResetRequests()
	way := checkout.Commands(c.T, "docs/install.md", "### Everything, and the remote groups stay")
	c.Sh(way[0])
	c.Stop(running)
	worlds.WantNoWrite(c, api.Server)
	if after := present(api); !slices.Equal(after, before) || len(after) < 6 {
		c.Errorf("there were the remote groups %q, and are %q", before, after)
	}
	c.WantExactRights()
	c.Sh(way[1:]...)
	c.Sh(checkout.Commands(c.T, "docs/install.md", "### Removing the Roles")...)
	c.WantNothingLeft("namespace,crd,role,rolebinding,clusterrole,clusterrolebinding")
}
