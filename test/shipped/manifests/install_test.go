// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package manifests

import (
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

	concierge = "concierge"
)

// team is who uses what is installed.
func team(c *installation.Cluster) installation.Tenant {
	return c.In(concierge, "{kind: ClusterConnection, name: default}")
}

// TestInstallation goes the way of an installation: what is published is applied, two
// replicas run as their Deployment says, Groups live and go, and the operator is
// removed in each of the documented ways.
func TestInstallation(t *testing.T) {
	c := installation.New(t)
	c.Build()
	api := c.NewRemote(apiToken)
	api.Server.Seed(simulator.Group{ID: sampleID, Name: "Savoy"})
	api.Server.Seed(simulator.Group{Name: "Carlton Hotel", Description: new("Open all year.")})
	api.Server.AddToken(sampleToken, "team")
	c.WriteFile("token", apiToken)

	verify, apply := way(c)
	var first, second *installation.Process
	c.Phase("install", func(c *installation.Cluster) {
		wantVerified(c, verify)
		c.Sh(apply[0])
		checkPods(c)
		first = c.Launch(api)
		c.AwaitLeader(first)
		c.AwaitProbes(first)
		mkdir(c, certificateDir)
		installation.WriteCertificate(c, "metrics.example", servingFile(c, "tls.crt"), servingFile(c, "tls.key"))
		// The second has a certificate, and an API server that streams no lists.
		second = c.Launch(api, "TMPDIR="+c.Dir, "KUBE_FEATURE_WatchListClient=false")
		c.AwaitProbes(second)
	})
	c.Phase("first Group", func(c *installation.Cluster) {
		if out := c.Sh(apply[1:]...); !strings.Contains(out, "Synced") {
			c.Errorf("kubectl get kgrp prints\n%s", out)
		}
	})
	c.Phase("samples", func(c *installation.Cluster) {
		c.Kubectl("apply", "-n", concierge, "--server-side", "--force-conflicts", "--validate=strict", "-k", c.Source("config/samples"))
		team(c).AwaitReady("kgrp", "kconn", "kcconn")
	})
	c.Phase("life", func(c *installation.Cluster) { life(c, api) })
	c.Phase("metrics", func(c *installation.Cluster) {
		metrics(c, first)
		wantCertificate(c, second, "metrics.example")
	})
	c.Phase("another leader", func(c *installation.Cluster) {
		before := c.AwaitLeader(first)
		if second.Leads() {
			c.Fatal("both replicas work")
		}
		c.Stop(first)
		if after := c.AwaitLeader(second); after == before {
			c.Errorf("the Lease is still of %s", before)
		}
		team(c).Group("after-the-change", "Archive")
	})
	c.Phase("deletion", func(c *installation.Cluster) { deletion(c, api) })
	c.Phase("rights", func(c *installation.Cluster) {
		c.WantExactRights()
		if hosts := api.Hosts(); !slices.Equal(hosts, []string{installation.APIHost + ":443"}) {
			c.Errorf("the managers reached for %q", hosts)
		}
	})
	removal(c, api, second)
}

// way is that of the README: what downloads and verifies the files of a release, and what
// applies them. The files of this checkout take the place of the downloaded ones.
func way(c *installation.Cluster) (verify, apply []string) {
	c.Helper()
	verify, apply = checkout.Commands(c.T, "README.md", "### Download and verify"), checkout.Commands(c.T, "README.md", "### Apply")
	if len(apply) == 0 || !strings.HasPrefix(apply[0], "kubectl apply") {
		c.Fatalf("README.md: the way is %q", apply)
	}
	c.WriteFile("install.yaml", checkout.Read(c.T, "dist/install.yaml"))
	for _, sample := range []string{"clusterconnection.yaml", "full.yaml"} {
		c.WriteFile(sample, checkout.Read(c.T, "config/samples/"+sample))
	}
	return verify, apply
}

// wantVerified wants the signature before the sums, nothing applied in the same block, which a
// person pastes as a whole, and each file that is applied to be one that the release has and the sums name.
func wantVerified(c *installation.Cluster, verify []string) {
	c.Helper()
	if len(verify) != 5 || !strings.HasPrefix(verify[2], "for file in ") || !strings.HasPrefix(verify[3], "cosign verify-blob checksums.txt ") ||
		!strings.Contains(verify[3], "--certificate-identity $REPO/.github/workflows/release.yml@refs/tags/$TAG") ||
		!strings.HasSuffix(verify[3], " &&") || verify[4] != "sha256sum --check --ignore-missing checksums.txt" ||
		strings.Contains(strings.Join(verify, "\n"), "kubectl") {
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
func life(c *installation.Cluster, api *installation.Remote) {
	c.Helper()
	c.Kubectl("patch", "kcconn", "default", "--type=merge", "-p", `{"spec":{"resyncInterval":"10s"}}`)
	id := team(c).Field("kgrp/plaza-hotel", "{.status.id}")
	team(c).Change("plaza-hotel", api)
	team(c).Patch("kgrp/plaza-hotel", `{"archived":true}`)
	api.Await(c, id, "archiving", simulator.Group.Archived)
}

// deletion deletes Groups of each policy, and then the connections, which nobody needs
// any more.
func deletion(c *installation.Cluster, api *installation.Remote) {
	c.Helper()
	ids := map[string]string{}
	for _, policy := range []string{"Archive", "Delete", "Orphan"} {
		name := strings.ToLower(policy)
		ids[policy] = team(c).Group(name, policy)
	}
	c.Kubectl("patch", "kcconn", "default", "--type=merge", "-p", `{"spec":{"allowDelete":true}}`)
	team(c).Delete("archive", "delete", "orphan")
	if g, _ := api.Server.Group(ids["Archive"]); !g.Archived() {
		c.Error("the Group of policy Archive is gone, and the remote group not archived")
	}
	if _, ok := api.Server.Group(ids["Delete"]); ok {
		c.Error("the Group of policy Delete is gone, and the remote group is not")
	}
	if g, ok := api.Server.Group(ids["Orphan"]); !ok || g.Archived() {
		c.Error("the remote group of policy Orphan was touched")
	}
	team(c).Vanish(api)
	team(c).Patch("kconn/team", `{"allowDelete":true}`)
	team(c).Delete("pop-up-event")
	team(c).Kubectl("delete", "kconn", "team", "--timeout=2m")
	c.Kubectl("apply", "-f", c.Source("config/samples/clusterconnection.yaml"), "--server-side", "--force-conflicts")
}
