// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/klink-cloud/klink-operator/internal/manager"
	"github.com/klink-cloud/klink-operator/internal/simulator"
	"github.com/klink-cloud/klink-operator/test/harness/checkout"
	"github.com/klink-cloud/klink-operator/test/harness/worlds/inprocess"
)

var (
	page    = checkout.Path("docs/plugin.md")
	picture = checkout.Path("docs/plugin-diff.svg")
)

var update = flag.Bool("update", false, "write what the commands of docs/plugin.md print into it, and its picture")

var (
	console = regexp.MustCompile("(?:<!-- ([^\n]+) -->\n)?```console\n((?s:.*?))```")
	// passing are the parts of an output that differ from run to run.
	passing = regexp.MustCompile(`\d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT[\d:]+Z|\b\d+(?:s|m(?:\d+s)?) old|127\.0\.0\.1:\d+`)
)

// TestPageIsReal runs the commands of docs/plugin.md in their order, as a person does in
// the first hour, and wants them to print what the page says. A comment above a block says
// what has happened since the one before.
func TestPageIsReal(t *testing.T) {
	w := newPageWorld(t)
	text := readFile(t, page)
	blocks := 0
	got := console.ReplaceAllStringFunc(text, func(block string) string {
		blocks++
		parts := console.FindStringSubmatch(block)
		if happened := w.events()[parts[1]]; happened != nil {
			happened()
		} else if parts[1] != "" {
			t.Errorf("nothing here is called %q", parts[1])
		}
		var b strings.Builder
		for line := range strings.Lines(parts[2]) {
			if command, ok := strings.CutPrefix(line, "$ "); ok {
				b.WriteString(line + w.shell(command))
			}
		}
		return strings.Replace(block, parts[2], b.String(), 1)
	})
	if blocks == 0 {
		t.Error("the page shows no command")
	}
	w.compare(page, text, got)
}

func (w *pageWorld) compare(name, want, got string) {
	w.Helper()
	if passing.ReplaceAllString(want, "…") == passing.ReplaceAllString(got, "…") {
		return
	}
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o600); err != nil {
			w.Fatal(err)
		}
		return
	}
	w.Errorf("%s is not what is printed now; run make plugin-page:\n%s", name, got)
}

// pageWorld is the cluster and the account of the page: a world, and the folder in which the
// person of the page works.
type pageWorld struct {
	*testing.T

	world        *world
	folder, path string
}

// newPageWorld has a team with thirty groups that were made by hand.
func newPageWorld(t *testing.T) *pageWorld {
	t.Helper()
	w := &pageWorld{T: t, world: &world{T: t, namespace: "concierge", groups: groups{t, "concierge"}, sim: simulator.Start(t, simulator.Options{Token: token})}, folder: t.TempDir(), path: t.TempDir()}
	for name, target := range map[string]string{"kubectl": cluster.KubectlPath(), "kubectl-klink": binary} {
		if err := os.Symlink(target, filepath.Join(w.path, name)); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	for _, team := range []string{"Front Desk", "Housekeeping", "Kitchen", "Night Shift", "Concierge"} {
		for _, hotel := range []string{"Plaza", "Ritz", "Savoy", "Adlon", "Sacher", "Bellevue"} {
			n++
			w.world.sim.Seed(simulator.Group{
				ID: fmt.Sprintf("l7cGNIBKZiNJ6w%02d", n), Name: hotel + " " + team, Description: new(team + " of the " + hotel + ".\nAsk before you join."),
				Contacts: simulator.Contacts("Hector", "Cedric"),
			})
		}
	}
	w.world.kubectl(`
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Namespace, metadata: {name: concierge}}
- {apiVersion: v1, kind: Namespace, metadata: {name: klink-operator-system}}
- {apiVersion: v1, kind: Secret, metadata: {name: klink-token, namespace: klink-operator-system}, stringData: {token: `+token+`}}
- {apiVersion: klink.cloud/v1alpha1, kind: ClusterConnection, metadata: {name: default}, spec: {endpoint: `+w.world.sim.URL+`, tokenSecretRef: {name: klink-token}, resyncInterval: 10s}}
`, "apply", "-f", "-")
	inprocess.Start(t, cluster.Config, manager.Options{
		MetricsAddress: "0", ProbeAddress: "0", OperatorNamespace: "klink-operator-system", WatchNamespaces: "concierge", AllowedEndpoints: w.world.sim.URL, Workers: 4,
	})
	// Before the manager stops, which lets them go.
	t.Cleanup(func() {
		w.world.kubectl("", "delete", "kgrp", "--all", "-n", "concierge", "--timeout=2m")
		w.world.kubectl("", "delete", "kcconn", "default")
	})
	return w
}

// shell runs a line of the page, and returns what a terminal would show.
func (w *pageWorld) shell(line string) string {
	w.Helper()
	cmd := exec.CommandContext(w.Context(), "sh", "-c", line)
	cmd.Dir = w.folder
	cmd.Env = append(os.Environ(), "PATH="+w.path+":"+os.Getenv("PATH"), "KUBECONFIG="+cluster.Kubeconfig(), "KUBECACHEDIR="+w.path+"/cache", "KUBERC=off", "TERM=xterm")
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() > 1 {
		w.Fatalf("%s: %v\n%s", line, err, out)
	}
	if strings.Contains(string(out), token) {
		w.Errorf("%s prints the token", line)
	}
	return string(out)
}
