// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package manifests

import (
	"path/filepath"
	"strings"

	"github.com/klink-cloud/klink-operator/test/harness/checkout"
	"github.com/klink-cloud/klink-operator/test/harness/installation"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
)

// everywhere are the kinds of the cluster that removing a namespace does not remove.
const everywhere = "clusterrole,clusterrolebinding,validatingadmissionpolicy,validatingadmissionpolicybinding"

// removal removes the operator in each way that docs/install.md tells, and installs it
// again in between.
func removal(c *installation.Cluster, api *installation.Remote, running *installation.Process) {
	c.Phase("removal: the operator alone", func(c *installation.Cluster) {
		before := groups(c)
		api.Server.ResetRequests()
		way := checkout.Commands(c.T, "docs/install.md", "### The operator alone")
		c.Sh(way[0])
		c.Stop(running) // as its pods are, with the Deployment
		c.Sh(way[1:]...)
		c.WantNothingLeft("deployment,service,poddisruptionbudget,serviceaccount,role,rolebinding," + everywhere)
		worlds.WantNoWrite(c, api.Server)
		if now := groups(c); now != before || before == "" {
			c.Errorf("the Groups were\n%s\nand are\n%s", before, now)
		}
		running = again(c, api)
		worlds.WantNoWrite(c, api.Server)
		team(c).Group("after-the-operator", "Archive")
	})
	c.Phase("removal: Groups without an operator", func(c *installation.Cluster) {
		c.Stop(running)
		api.Server.ResetRequests()
		team(c).Kubectl("delete", "kgrp", "plaza-hotel", "--wait=false")
		if gone := team(c).Field("kgrp/plaza-hotel", "{.metadata.deletionTimestamp}"); gone == "" {
			c.Error("the Group is not held")
		}
		c.Sh(checkout.Commands(c.T, "docs/install.md", "### Groups that are left without an operator")...)
		team(c).Kubectl("wait", "--for=delete", "--timeout=1m", "kgrp/plaza-hotel")
		worlds.WantNoWrite(c, api.Server)
	})
	c.Phase("removal: everything", func(c *installation.Cluster) {
		running = again(c, api)
		api.Server.ResetRequests()
		way := checkout.Commands(c.T, "docs/install.md", "### Everything, and the remote groups stay")
		c.Sh(way[0])
		c.Stop(running)
		c.Sh(way[1:]...)
		c.WantNothingLeft("namespace,crd," + everywhere)
		worlds.WantNoWrite(c, api.Server)
	})
	c.Phase("overlay", func(c *installation.Cluster) { overlay(c, api) })
}

// overlay installs as docs/install.md tells with kustomize: into another namespace,
// with another image, and with a NetworkPolicy.
func overlay(c *installation.Cluster, api *installation.Remote) {
	c.Helper()
	c.Namespace = "platform"
	c.WriteKustomization("overlay", checkout.YAML(c.T, "docs/install.md", "## With kustomize")[0])
	rendered := c.Kubectl("kustomize", filepath.Join(c.Dir, "overlay"))
	for _, old := range []string{installation.OperatorNamespace, "ghcr.io"} {
		if strings.Contains(rendered, old) {
			c.Errorf("the overlay still has %q", old)
		}
	}
	if !strings.Contains(rendered, "--max-concurrent-reconciles=48") {
		c.Error("the overlay lacks the flag that it adds")
	}
	c.Kubectl("apply", "--server-side", "--validate=strict", "-k", filepath.Join(c.Dir, "overlay"))
	checkPods(c)
	checkNetworkPolicy(c)
	p := c.Launch(api)
	c.AwaitLeader(p)
	c.Kubectl("-n", c.Namespace, "create", "secret", "generic", "klink-token", "--from-file=token="+filepath.Join(c.Dir, "token"))
	c.Kubectl("apply", "-f", c.Source("config/samples/clusterconnection.yaml"))
	team(c).AwaitReady("kcconn/default")
	c.Stop(p)
}

// again installs the operator, where its Secrets still are, and waits until all goes on.
func again(c *installation.Cluster, api *installation.Remote) *installation.Process {
	c.Helper()
	_, apply := way(c)
	c.Sh(apply[0])
	p := c.Launch(api)
	c.AwaitLeader(p)
	team(c).AwaitReady("kcconn/default", "kgrp")
	return p
}

// groups are the Groups and what they are bound to.
func groups(c *installation.Cluster) string {
	c.Helper()
	return c.Kubectl("get", "kgrp", "-A", "-o", `jsonpath={range .items[*]}{.metadata.uid} {.metadata.name} {.status.id}{"\n"}{end}`)
}
