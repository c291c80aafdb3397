// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package manifests

import (
	"path/filepath"
	"strings"

	"github.com/klink-cloud/klink-operator/test/harness/checkout"
	"github.com/klink-cloud/klink-operator/test/harness/installation"
)

// everywhere are the kinds of the cluster that removing a namespace does not remove.
const everywhere = "clusterrole,clusterrolebinding,validatingadmissionpolicy,validatingadmissionpolicybinding"

// removal removes the operator in each way that docs/install.md tells, and installs it
// again in between.
func (c *cluster) removal(api *installation.Remote, running *installation.Process) {
	c.phase("removal: the operator alone", func(c *cluster) {
		groups := c.groups()
		api.ResetRequests()
		way := checkout.Commands(c.T, "docs/install.md", "### The operator alone")
		c.Sh(way[0])
		c.Stop(running) // as its pods are, with the Deployment
		c.Sh(way[1:]...)
		c.wantNothingLeft("deployment,service,poddisruptionbudget,serviceaccount,role,rolebinding," + everywhere)
		c.wantNoWrite(api)
		if now := c.groups(); now != groups || groups == "" {
			c.Errorf("the Groups were\n%s\nand are\n%s", groups, now)
		}
		running = c.again(api)
		c.wantNoWrite(api)
		c.group("after-the-operator", "Archive")
	})
	c.phase("removal: Groups without an operator", func(c *cluster) {
		c.Stop(running)
		api.ResetRequests()
		c.Kubectl("-n", team, "delete", "kgrp", "plaza-hotel", "--wait=false")
		if gone := c.field("kgrp/plaza-hotel", "{.metadata.deletionTimestamp}"); gone == "" {
			c.Error("the Group is not held")
		}
		c.Sh(checkout.Commands(c.T, "docs/install.md", "### Groups that are left without an operator")...)
		c.Kubectl("-n", team, "wait", "--for=delete", "--timeout=1m", "kgrp/plaza-hotel")
		c.wantNoWrite(api)
	})
	c.phase("removal: everything", func(c *cluster) {
		running = c.again(api)
		api.ResetRequests()
		way := checkout.Commands(c.T, "docs/install.md", "### Everything, and the remote groups stay")
		c.Sh(way[0])
		c.Stop(running)
		c.Sh(way[1:]...)
		c.wantNothingLeft("namespace,crd," + everywhere)
		c.wantNoWrite(api)
	})
	c.phase("overlay", func(c *cluster) { c.overlay(api) })
}

// overlay installs as docs/install.md tells with kustomize: into another namespace,
// with another image, and with a NetworkPolicy.
func (c *cluster) overlay(api *installation.Remote) {
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
	c.checkPods()
	c.checkNetworkPolicy()
	p := c.Launch(api)
	c.AwaitLeader(p)
	c.Kubectl("-n", c.Namespace, "create", "secret", "generic", "klink-token", "--from-file=token="+filepath.Join(c.Dir, "token"))
	c.Kubectl("apply", "-f", c.Source("config/samples/clusterconnection.yaml"))
	c.awaitReady("kcconn/default")
	c.Stop(p)
}

// again installs the operator, where its Secrets still are, and waits until all goes on.
func (c *cluster) again(api *installation.Remote) *installation.Process {
	c.Helper()
	_, way := c.way()
	c.Sh(way[0])
	p := c.Launch(api)
	c.AwaitLeader(p)
	c.awaitReady("kcconn/default", "kgrp")
	return p
}

// groups are the Groups and what they are bound to.
func (c *cluster) groups() string {
	c.Helper()
	return c.Kubectl("get", "kgrp", "-A", "-o", `jsonpath={range .items[*]}{.metadata.uid} {.metadata.name} {.status.id}{"\n"}{end}`)
}

func (c *cluster) wantNothingLeft(kinds string) {
	c.Helper()
	if left := c.Kubectl("get", kinds, "-A", "-l", "app.kubernetes.io/name=klink-operator", "-o", "name"); left != "" {
		c.Errorf("there are still\n%s", left)
	}
}

// wantNoWrite checks that nothing was written remotely since the last reset.
func (c *cluster) wantNoWrite(api *installation.Remote) {
	c.Helper()
	for kind, n := range api.Counts() {
		if !strings.HasPrefix(kind, "GET") && n > 0 {
			c.Errorf("%d × %s, want no remote write", n, kind)
		}
	}
}
