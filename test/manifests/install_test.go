// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package manifests

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/internal/simulator"
)

const (
	apiToken = "the-token-of-the-account"
	// sampleToken is what config/samples/connection.yaml has in its place.
	sampleToken = "replace-with-the-token-of-your-account"
	// sampleID is the group that config/samples/adopt.yaml binds to.
	sampleID = "hSIhXBhNe8X1d8Et"

	team  = "concierge"
	lease = "klink-operator.klink.cloud"
)

// TestInstallation goes the way of an installation: what is published is applied, two
// replicas run as their Deployment says, Groups live and go, and the operator is
// removed in each of the documented ways.
func TestInstallation(t *testing.T) {
	c := newCluster(t)
	c.build()
	api := newRemote(c, apiToken)
	api.Seed(simulator.Group{ID: sampleID, Name: "Savoy"})
	api.Seed(simulator.Group{Name: "Carlton Hotel", Description: new("Open all year.")})
	api.AddToken(sampleToken, "team")
	c.writeFile("token", apiToken)

	way := commands(t, "README.md", "## Install")
	var first, second *process
	c.phase("install", func(c *cluster) {
		applied := slices.IndexFunc(way, func(line string) bool { return strings.HasPrefix(line, "kubectl apply") })
		if !strings.HasPrefix(way[0], "RELEASE=") || applied != 1 {
			c.Fatalf("README.md: the way is %q", way)
		}
		c.sh(way[applied])
		c.checkPods()
		first = c.launch(api)
		c.awaitLeader(first)
		c.awaitProbes(first)
		c.mkdir(certificateDir)
		writeCertificate(c, "metrics.example", c.servingFile("tls.crt"), c.servingFile("tls.key"))
		// The second has a certificate, and an API server that streams no lists.
		second = c.launch(api, "TMPDIR="+c.dir, "KUBE_FEATURE_WatchListClient=false")
		c.awaitProbes(second)
	})
	c.phase("first Group", func(c *cluster) {
		if out := c.sh(way[2:]...); !strings.Contains(out, "Synced") {
			c.Errorf("kubectl get kgrp prints\n%s", out)
		}
	})
	c.phase("samples", func(c *cluster) {
		c.kubectl("apply", "-n", team, "--server-side", "--force-conflicts", "--validate=strict", "-k", c.source("config/samples"))
		c.awaitReady("kgrp", "kconn", "kcconn")
	})
	c.phase("life", func(c *cluster) { c.life(api) })
	c.phase("metrics", func(c *cluster) {
		c.metrics(first)
		c.wantCertificate(second, "metrics.example")
	})
	c.phase("another leader", func(c *cluster) {
		before := c.awaitLeader(first)
		if second.leads() {
			c.Fatal("both replicas work")
		}
		c.stop(first)
		if after := c.awaitLeader(second); after == before {
			c.Errorf("the Lease is still of %s", before)
		}
		c.group("after-the-change", "Archive")
	})
	c.phase("deletion", func(c *cluster) { c.deletion(api) })
	c.phase("rights", func(c *cluster) {
		c.wantExactRights()
		if hosts := api.hosts(); !slices.Equal(hosts, []string{apiHost + ":443"}) {
			c.Errorf("the managers reached for %q", hosts)
		}
	})
	c.removal(api, second)
}

// life changes what the samples declare, here and remotely.
func (c *cluster) life(api *remote) {
	c.Helper()
	c.kubectl("patch", "kcconn", "default", "--type=merge", "-p", `{"spec":{"resyncInterval":"10s"}}`)
	id := c.field("kgrp/plaza-hotel", "{.status.id}")
	for _, finest := range []string{"The finest in New York.", "The finest of all."} {
		c.kubectl("-n", team, "patch", "kgrp", "plaza-hotel", "--type=merge", "-p", `{"spec":{"description":"`+finest+`"}}`)
		c.awaitRemote(api, id, "description", func(g simulator.Group) bool { return g.Description != nil && *g.Description == finest })
	}
	// The second one is told by a patch of the first one's event.
	for _, closed := range []string{"Closed for renovation.", "Closed for good."} {
		api.Mutate(id, func(g *simulator.Group) { g.Description = new(closed) })
		c.awaitRemote(api, id, "drift", func(g simulator.Group) bool { return *g.Description == "The finest of all." })
	}
	c.kubectl("-n", team, "patch", "kgrp", "plaza-hotel", "--type=merge", "-p", `{"spec":{"archived":true}}`)
	c.awaitRemote(api, id, "archiving", simulator.Group.Archived)
}

// deletion deletes Groups of each policy, and then the connections, which nobody needs
// any more.
func (c *cluster) deletion(api *remote) {
	c.Helper()
	ids := map[string]string{}
	for _, policy := range []string{"Archive", "Delete", "Orphan"} {
		name := strings.ToLower(policy)
		c.group(name, policy)
		ids[policy] = c.field("kgrp/"+name, "{.status.id}")
	}
	c.kubectl("patch", "kcconn", "default", "--type=merge", "-p", `{"spec":{"allowDelete":true}}`)
	c.kubectl("-n", team, "delete", "kgrp", "archive", "delete", "orphan", "--timeout=2m")
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
	c.kubectl("-n", team, "delete", "kgrp", "pop-up-event", "--timeout=2m")
	c.kubectl("-n", team, "delete", "kconn", "team", "--timeout=2m")
	c.kubectl("apply", "-f", c.source("config/samples/clusterconnection.yaml"), "--server-side", "--force-conflicts")
}

// vanish takes a Group away for good while its create is under way: to know that it is
// gone, the manager asks the API server itself.
func (c *cluster) vanish(api *remote) {
	c.Helper()
	api.creating.Lock()
	c.declare("vanished", "Archive")
	c.eventually(func() string {
		if c.field("kgrp/vanished", `{.metadata.annotations.klink\.cloud/create-attempt}`) == "" {
			return "the create is not announced"
		}
		return ""
	})
	c.kubectl("-n", team, "patch", "kgrp", "vanished", "--type=merge", "-p", `{"metadata":{"finalizers":null}}`)
	c.kubectl("-n", team, "delete", "kgrp", "vanished", "--timeout=1m")
	api.creating.Unlock()
	c.eventually(func() string {
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
	c.writeFile(name+".yaml", fmt.Sprintf(`
apiVersion: klink.cloud/v1alpha1
kind: Group
metadata: {name: %s, namespace: %s}
spec: {name: The %[1]s, deletionPolicy: %[3]s}
`, name, team, policy))
	c.kubectl("apply", "-f", filepath.Join(c.dir, name+".yaml"))
}

// awaitReady waits for objects of the team, or all of a kind.
func (c *cluster) awaitReady(what ...string) {
	c.Helper()
	for _, object := range what {
		args := []string{"-n", team, "wait", "--for=condition=Ready", "--timeout=2m", object}
		if !strings.Contains(object, "/") {
			args = append(args, "--all")
		}
		c.kubectl(args...)
	}
}

func (c *cluster) field(object, path string) string {
	c.Helper()
	return c.kubectl("-n", team, "get", object, "-o", "jsonpath="+path)
}

func (c *cluster) awaitRemote(api *remote, id, what string, is func(simulator.Group) bool) {
	c.Helper()
	c.eventually(func() string {
		if g, ok := api.Group(id); !ok || !is(g) {
			return fmt.Sprintf("%s: the remote group is there: %t, %+v", what, ok, g)
		}
		return ""
	})
}

// awaitLeader waits until the process leads and has the Lease, and returns its holder.
func (c *cluster) awaitLeader(p *process) (holder string) {
	c.Helper()
	c.eventually(func() string {
		c.wantRunning(p)
		l, err := c.clients.CoordinationV1().Leases(c.namespace).Get(c.Context(), lease, metav1.GetOptions{})
		switch {
		case err != nil:
			return err.Error()
		case l.Spec.HolderIdentity == nil || *l.Spec.HolderIdentity == "":
			return "nobody has the Lease"
		case !p.leads():
			return *l.Spec.HolderIdentity + " has the Lease"
		}
		holder = *l.Spec.HolderIdentity
		return ""
	})
	return holder
}
