// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package manifests

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klink-cloud/klink-operator/internal/simulator"
	"github.com/klink-cloud/klink-operator/test/harness/checkout"
	"github.com/klink-cloud/klink-operator/test/harness/installation"
)

const (
	apiToken = "the-token-of-the-account"
	// sampleToken is what config/samples/connection.yaml has in its place.
	sampleToken = "replace-with-the-token-of-your-account"
	// sampleID is the group that config/samples/adopt.yaml binds to.
	sampleID = "hSIhXBhNe8X1d8Et"

	team = "concierge"
)

// TestInstallation goes the way of an installation: what is published is applied, two
// replicas run as their Deployment says, Groups live and go, and the operator is
// removed in each of the documented ways.
func TestInstallation(t *testing.T) {
	c := &cluster{installation.New(t)}
	c.Build()
	api := c.NewRemote(apiToken)
	api.Seed(simulator.Group{ID: sampleID, Name: "Savoy"})
	api.Seed(simulator.Group{Name: "Carlton Hotel", Description: new("Open all year.")})
	api.AddToken(sampleToken, "team")
	c.WriteFile("token", apiToken)

	verify, way := c.way()
	var first, second *installation.Process
	c.phase("install", func(c *cluster) {
		c.wantVerified(verify)
		c.Sh(way[0])
		c.checkPods()
		first = c.Launch(api)
		c.AwaitLeader(first)
		c.AwaitProbes(first)
		c.mkdir(certificateDir)
		c.WriteCertificate("metrics.example", c.servingFile("tls.crt"), c.servingFile("tls.key"))
		// The second has a certificate, and an API server that streams no lists.
		second = c.Launch(api, "TMPDIR="+c.Dir, "KUBE_FEATURE_WatchListClient=false")
		c.AwaitProbes(second)
	})
	c.phase("first Group", func(c *cluster) {
		if out := c.Sh(way[1:]...); !strings.Contains(out, "Synced") {
			c.Errorf("kubectl get kgrp prints\n%s", out)
		}
	})
	c.phase("samples", func(c *cluster) {
		c.Kubectl("apply", "-n", team, "--server-side", "--force-conflicts", "--validate=strict", "-k", c.Source("config/samples"))
		c.awaitReady("kgrp", "kconn", "kcconn")
	})
	c.phase("life", func(c *cluster) { c.life(api) })
	c.phase("metrics", func(c *cluster) {
		c.metrics(first)
		c.wantCertificate(second, "metrics.example")
	})
	c.phase("another leader", func(c *cluster) {
		before := c.AwaitLeader(first)
		if second.Leads() {
			c.Fatal("both replicas work")
		}
		c.Stop(first)
		if after := c.AwaitLeader(second); after == before {
			c.Errorf("the Lease is still of %s", before)
		}
		c.group("after-the-change", "Archive")
	})
	c.phase("deletion", func(c *cluster) { c.deletion(api) })
	c.phase("rights", func(c *cluster) {
		c.WantExactRights()
		if hosts := api.Hosts(); !slices.Equal(hosts, []string{installation.APIHost + ":443"}) {
			c.Errorf("the managers reached for %q", hosts)
		}
	})
	c.removal(api, second)
}

// way is that of the README: what downloads and verifies the files of a release, and what
// applies them. The files of this checkout take the place of the downloaded ones.
func (c *cluster) way() (verify, apply []string) {
	c.Helper()
	way := checkout.Commands(c.T, "README.md", "## Install")
	applied := slices.IndexFunc(way, func(line string) bool { return strings.HasPrefix(line, "kubectl apply") })
	if applied < 0 {
		c.Fatalf("README.md: the way is %q", way)
	}
	c.WriteFile("install.yaml", checkout.Read(c.T, "dist/install.yaml"))
	for _, sample := range []string{"clusterconnection.yaml", "full.yaml"} {
		c.WriteFile(sample, checkout.Read(c.T, "config/samples/"+sample))
	}
	return way[:applied], way[applied:]
}

// wantVerified wants the signature before the sums, both before anything is applied, which does
// not go on where one of them fails, and each file that is applied to be one that the release has and the sums name.
func (c *cluster) wantVerified(verify []string) {
	c.Helper()
	if len(verify) != 5 || !strings.HasPrefix(verify[2], "for file in ") || !strings.HasPrefix(verify[3], "cosign verify-blob checksums.txt ") ||
		!strings.Contains(verify[3], "--certificate-identity $REPO/.github/workflows/release.yml@refs/tags/$TAG") ||
		!strings.HasSuffix(verify[3], " &&") || verify[4] != "sha256sum --check --ignore-missing checksums.txt &&" {
		c.Errorf("README.md: what is applied is not verified: %q", verify)
	}
	released := checkout.Read(c.T, ".github/workflows/release.yml")
	for _, file := range []string{"install.yaml", "clusterconnection.yaml", "full.yaml"} {
		if !strings.Contains(verify[2], " "+file+" ") || !strings.Contains(released, "/"+file+" ") {
			c.Errorf("%s is not downloaded, or not part of a release", file)
		}
	}
}

// life changes what the samples declare, here and remotely.
func (c *cluster) life(api *installation.Remote) {
	c.Helper()
	c.Kubectl("patch", "kcconn", "default", "--type=merge", "-p", `{"spec":{"resyncInterval":"10s"}}`)
	id := c.field("kgrp/plaza-hotel", "{.status.id}")
	for _, finest := range []string{"The finest in New York.", "The finest of all."} {
		c.Kubectl("-n", team, "patch", "kgrp", "plaza-hotel", "--type=merge", "-p", `{"spec":{"description":"`+finest+`"}}`)
		c.awaitRemote(api, id, "description", func(g simulator.Group) bool { return g.Description != nil && *g.Description == finest })
	}
	// The second one is told by a patch of the first one's event.
	for _, closed := range []string{"Closed for renovation.", "Closed for good."} {
		api.Mutate(id, func(g *simulator.Group) { g.Description = new(closed) })
		c.awaitRemote(api, id, "drift", func(g simulator.Group) bool { return *g.Description == "The finest of all." })
	}
	c.Kubectl("-n", team, "patch", "kgrp", "plaza-hotel", "--type=merge", "-p", `{"spec":{"archived":true}}`)
	c.awaitRemote(api, id, "archiving", simulator.Group.Archived)
}

// deletion deletes Groups of each policy, and then the connections, which nobody needs
// any more.
func (c *cluster) deletion(api *installation.Remote) {
	c.Helper()
	ids := map[string]string{}
	for _, policy := range []string{"Archive", "Delete", "Orphan"} {
		name := strings.ToLower(policy)
		c.group(name, policy)
		ids[policy] = c.field("kgrp/"+name, "{.status.id}")
	}
	c.Kubectl("patch", "kcconn", "default", "--type=merge", "-p", `{"spec":{"allowDelete":true}}`)
	c.Kubectl("-n", team, "delete", "kgrp", "archive", "delete", "orphan", "--timeout=2m")
	if g, _ := api.Group(ids["Archive"]); !g.Archived() {
		c.Error("the Group of policy Archive is gone, and the remote group not archived")
	}
	if _, ok := api.Group(ids["Delete"]); ok {
		c.Error("the Group of policy Delete is gone, and the remote group is not")
	}
	if g, ok := api.Group(ids["Orphan"]); !ok || g.Archived() {
		c.Error("the remote group of policy Orphan was touched")
	}
	c.vanish(api)
	c.Kubectl("-n", team, "patch", "kconn", "team", "--type=merge", "-p", `{"spec":{"allowDelete":true}}`)
	c.Kubectl("-n", team, "delete", "kgrp", "pop-up-event", "--timeout=2m")
	c.Kubectl("-n", team, "delete", "kconn", "team", "--timeout=2m")
	c.Kubectl("apply", "-f", c.Source("config/samples/clusterconnection.yaml"), "--server-side", "--force-conflicts")
}

// vanish takes a Group away for good while its create is under way: to know that it is
// gone, the manager asks the API server itself.
func (c *cluster) vanish(api *installation.Remote) {
	c.Helper()
	release := api.HoldCreates()
	c.declare("vanished", "Archive")
	c.Eventually(func() string {
		if c.field("kgrp/vanished", `{.metadata.annotations.klink\.cloud/create-attempt}`) == "" {
			return "the create is not announced"
		}
		return ""
	})
	c.Kubectl("-n", team, "patch", "kgrp", "vanished", "--type=merge", "-p", `{"metadata":{"finalizers":null}}`)
	c.Kubectl("-n", team, "delete", "kgrp", "vanished", "--timeout=1m")
	release()
	c.Eventually(func() string {
		for _, g := range api.Groups() {
			if g.Name == "The vanished" && g.Archived() {
				return ""
			}
		}
		return "the remote group of the Group that vanished is not archived"
	})
}

// group makes a Group of the team, and waits until it is in order.
func (c *cluster) group(name, policy string) {
	c.Helper()
	c.declare(name, policy)
	c.awaitReady("kgrp/" + name)
}

func (c *cluster) declare(name, policy string) {
	c.Helper()
	c.WriteFile(name+".yaml", fmt.Sprintf(`
apiVersion: klink.cloud/v1alpha1
kind: Group
metadata: {name: %s, namespace: %s}
spec: {name: The %[1]s, deletionPolicy: %[3]s}
`, name, team, policy))
	c.Kubectl("apply", "-f", filepath.Join(c.Dir, name+".yaml"))
}

// awaitReady waits for objects of the team, or all of a kind.
func (c *cluster) awaitReady(what ...string) {
	c.Helper()
	for _, object := range what {
		args := []string{"-n", team, "wait", "--for=condition=Ready", "--timeout=2m", object}
		if !strings.Contains(object, "/") {
			args = append(args, "--all")
		}
		c.Kubectl(args...)
	}
}

func (c *cluster) field(object, path string) string {
	c.Helper()
	return c.Kubectl("-n", team, "get", object, "-o", "jsonpath="+path)
}

func (c *cluster) awaitRemote(api *installation.Remote, id, what string, is func(simulator.Group) bool) {
	c.Helper()
	c.Eventually(func() string {
		if g, ok := api.Group(id); !ok || !is(g) {
			return fmt.Sprintf("%s: the remote group is there: %t, %+v", what, ok, g)
		}
		return ""
	})
}
