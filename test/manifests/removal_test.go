// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package manifests

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// removal removes the operator in each way that docs/install.md tells, and installs it
// again in between.
func (c *cluster) removal(api *remote, running *process) {
	c.phase("removal: the operator alone", func(c *cluster) {
		groups := c.groups()
		api.ResetRequests()
		way := commands(c.T, "docs/install.md", "### The operator alone")
		c.sh(way[0])
		c.stop(running) // as its pods are, with the Deployment
		c.sh(way[1:]...)
		c.wantNothingLeft("deployment,service,poddisruptionbudget,serviceaccount,role,rolebinding,clusterrole,clusterrolebinding")
		c.wantNoWrite(api)
		if now := c.groups(); now != groups || groups == "" {
			c.Errorf("the Groups were\n%s\nand are\n%s", groups, now)
		}
		running = c.again(api)
		c.wantNoWrite(api)
		c.group("after-the-operator", "Archive")
	})
	c.phase("removal: Groups without an operator", func(c *cluster) {
		c.stop(running)
		api.ResetRequests()
		c.kubectl("-n", team, "delete", "kgrp", "plaza-hotel", "--wait=false")
		if gone := c.field("kgrp/plaza-hotel", "{.metadata.deletionTimestamp}"); gone == "" {
			c.Error("the Group is not held")
		}
		c.sh(commands(c.T, "docs/install.md", "### Groups that are left without an operator")...)
		c.kubectl("-n", team, "wait", "--for=delete", "--timeout=1m", "kgrp/plaza-hotel")
		c.wantNoWrite(api)
	})
	c.phase("removal: everything", func(c *cluster) {
		running = c.again(api)
		api.ResetRequests()
		way := commands(c.T, "docs/install.md", "### Everything, and the remote groups stay")
		c.sh(way[0])
		c.stop(running)
		c.sh(way[1:]...)
		c.wantNothingLeft("namespace,crd,clusterrole,clusterrolebinding")
		c.wantNoWrite(api)
	})
	c.phase("overlay", func(c *cluster) { c.overlay(api) })
}

// overlay installs as docs/install.md tells with kustomize: into another namespace,
// with another image, and with a NetworkPolicy.
func (c *cluster) overlay(api *remote) {
	c.Helper()
	c.namespace = "platform"
	c.writeOverlay()
	rendered := c.kubectl("kustomize", filepath.Join(c.dir, "overlay"))
	for _, old := range []string{operatorNamespace, "ghcr.io"} {
		if strings.Contains(rendered, old) {
			c.Errorf("the overlay still has %q", old)
		}
	}
	if !strings.Contains(rendered, "--max-concurrent-reconciles=16") {
		c.Error("the overlay lacks the flag that it adds")
	}
	c.kubectl("apply", "--server-side", "--validate=strict", "-k", filepath.Join(c.dir, "overlay"))
	c.checkPods()
	c.checkNetworkPolicy()
	p := c.launch(api)
	c.awaitLeader(p)
	c.kubectl("-n", c.namespace, "create", "secret", "generic", "klink-token", "--from-file=token="+filepath.Join(c.dir, "token"))
	c.kubectl("apply", "-f", c.source("config/samples/clusterconnection.yaml"))
	c.awaitReady("kcconn/default")
	c.stop(p)
}

// writeOverlay writes the first kustomization of docs/install.md, with this checkout
// in the place of the published one.
func (c *cluster) writeOverlay() {
	c.Helper()
	_, block, found := strings.Cut(readFile(c.T, "docs/install.md"), "```yaml\n")
	block, _, closed := strings.Cut(block, "```")
	if !found || !closed {
		c.Fatal("docs/install.md has no overlay")
	}
	folder := filepath.Join(c.dir, "overlay")
	if err := os.Mkdir(folder, 0o750); err != nil {
		c.Fatal(err)
	}
	up, err := filepath.Rel(folder, c.root)
	if err != nil {
		c.Fatal(err)
	}
	block = strings.ReplaceAll(block, "https://github.com/klink-cloud/klink-operator//", up+"/")
	c.writeFile("overlay/kustomization.yaml", regexp.MustCompile(`\?ref=\S+`).ReplaceAllString(block, ""))
}

// again installs the operator, where its Secrets still are, and waits until all goes on.
func (c *cluster) again(api *remote) *process {
	c.Helper()
	c.sh(commands(c.T, "README.md", "## Install")[1])
	p := c.launch(api)
	c.awaitLeader(p)
	c.awaitReady("kcconn/default", "kgrp")
	return p
}

// groups are the Groups and what they are bound to.
func (c *cluster) groups() string {
	c.Helper()
	return c.kubectl("get", "kgrp", "-A", "-o", `jsonpath={range .items[*]}{.metadata.uid} {.metadata.name} {.status.id}{"\n"}{end}`)
}

func (c *cluster) wantNothingLeft(kinds string) {
	c.Helper()
	if left := c.kubectl("get", kinds, "-A", "-l", "app.kubernetes.io/name=klink-operator", "-o", "name"); left != "" {
		c.Errorf("there are still\n%s", left)
	}
}

// wantNoWrite checks that nothing was written remotely since the last reset.
func (c *cluster) wantNoWrite(api *remote) {
	c.Helper()
	for kind, n := range api.Counts() {
		if !strings.HasPrefix(kind, "GET") && n > 0 {
			c.Errorf("%d × %s, want no remote write", n, kind)
		}
	}
}
