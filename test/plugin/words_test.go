// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
)

// TestNamespaceThatDoesNotExist: an API server lists what is in it, too. 1 is for
// differences in diff alone.
func TestNamespaceThatDoesNotExist(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sim.Seed(simulator.Group{Name: "Plaza"})
	for _, args := range [][]string{
		{"status"}, {"status", "--watch"}, {"why", "plaza"}, {"orphans"}, {"adopt"}, {"adopt", "plaza"}, {"diff"}, {"diff", "plaza"},
		{"reconcile", "plaza"}, {"suspend", "--all"}, {"resume", "-l", "a=b"}, {"release", "plaza", "--yes"},
	} {
		s := w.want(w.run("", append(args, "-n", "nope", "--kubeconfig", cluster.Kubeconfig())...), 2, "error: namespace nope does not exist\n")
		if s.out != "" {
			t.Errorf("%v: %q", args, s.out)
		}
	}
	// Git may make the namespace too.
	w.want(w.runIn([]string{"KLINK_TOKEN=" + token}, "", "import", "--endpoint", w.sim.URL, "--unclaimed", "-n", "nope", "--kubeconfig", cluster.Kubeconfig()), 1,
		"namespace: nope", "warning: namespace nope does not exist in this cluster")
}

// TestImportOfNothing: a kustomization without resources is refused by kubectl.
func TestImportOfNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	folder := filepath.Join(t.TempDir(), "manifests")
	nothing := func(code int, parts ...string) {
		t.Helper()
		s := w.want(w.klink("import", "--connection", "kconn/sim", "--dir", folder), code, parts...)
		if _, err := os.Stat(filepath.Join(folder, "kustomization.yaml")); err == nil || s.out != "" {
			t.Errorf("%v %q", err, s.out)
		}
	}
	nothing(0, "nothing to declare: the account shows no group")
	if _, err := os.Stat(folder); err == nil {
		t.Error("there is a folder")
	}
	id := w.sim.Seed(simulator.Group{Name: "Plaza"})
	w.groups.create("plaza", func(g *v1alpha1.Group) { g.Spec.GroupID = id })
	nothing(0, "nothing to declare: 1 group in the cluster already")
	w.sim.Seed(simulator.Group{Name: " blank "})
	nothing(1, "1 cannot be declared")
	if _, err := os.Stat(filepath.Join(folder, "not-declared.txt")); err != nil {
		t.Error(err)
	}
	w.want(w.klink("import", "--connection", "kconn/sim", "--name", "Ritz*"), 0, "none that is asked for")
}

// TestWide shows more than the table does.
func TestWide(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.operate()
	w.sim.Seed(simulator.Group{Name: "Stray", Contacts: simulator.Contacts("Hector", "Eve")})
	w.groups.create("plaza")
	w.groups.create("lost", func(g *v1alpha1.Group) { g.Spec.GroupID = "gone0000" })
	g := w.groups.await("plaza", v1alpha1.ReasonSynced)
	w.groups.await("lost", v1alpha1.ReasonRemoteMissing)
	for _, c := range []struct {
		args []string
		code int
		wide []string
	}{
		{[]string{"status"}, 1, []string{"CONNECTION", w.url, g.Status.ConversationID, "the remote group shows the declared fields", " AGE "}},
		{[]string{"orphans", "--connection", "kconn/sim"}, 1, []string{"MEMBERS", "RemoteMissing", "MESSAGE"}},
	} {
		table := w.want(w.klink(c.args...), c.code)
		w.want(w.klink(append(c.args, "-o", "wide")...), c.code, c.wide...)
		for _, part := range c.wide {
			if strings.Contains(table.out, part) {
				t.Errorf("the table, too, shows %q:\n%s", part, table.out)
			}
		}
	}
}

// TestReleaseNamesWhatStays, asked or not.
func TestReleaseNamesWhatStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.operate()
	w.groups.create("plaza")
	w.groups.create("fresh", func(g *v1alpha1.Group) { g.Spec.Suspend = true })
	id := w.groups.await("plaza", v1alpha1.ReasonSynced).Status.ID
	s := w.want(w.run("no", "release", "plaza", "-n", w.namespace, "--kubeconfig", cluster.Kubeconfig()), 2, "remote group "+id, "This Group is deleted")
	if !strings.Contains(s.err, "Type yes to go on: \nerror: nothing was changed") {
		t.Errorf("question and error stand on one line: %q", s.err)
	}
	w.want(w.klink("release", "plaza", "fresh", "--yes"), 0,
		"group.klink.cloud/plaza released by the operator; remote group "+id+" stays\n", "group.klink.cloud/fresh released by the operator; it has no remote group\n")
}

// TestWhySaysThingsOnce, and a way that the person can go.
func TestWhySaysThingsOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.sim.Seed(simulator.Group{Name: "The plaza"})
	w.operate()
	w.groups.create("plaza")
	g := w.groups.await("plaza", v1alpha1.ReasonNameTaken)
	s := w.want(w.klink("why", "plaza"), 1, "How: kubectl klink adopt -n "+w.namespace+" plaza\n")
	if n := strings.Count(s.out, g.Status.Conditions[0].Message); n != 1 {
		t.Errorf("the message stands there %d times:\n%s", n, s.out)
	}
	w.groups.create("first", func(g *v1alpha1.Group) { g.Spec.Name, g.Spec.GroupID = "The plaza", id })
	w.groups.await("first", v1alpha1.ReasonSynced)
	w.klink("reconcile", "plaza")
	worlds.Eventually(t, patience, 100*time.Millisecond, func() string {
		if s := w.klink("why", "plaza"); !strings.Contains(s.out, "by now") || !strings.Contains(s.out, "How: kubectl edit -n "+w.namespace+" kgrp plaza\n") {
			return s.out // its group can be bound to by nobody else
		}
		return ""
	})
	w.groups.create("lost", func(g *v1alpha1.Group) { g.Spec.GroupID = "gone0000" })
	w.groups.await("lost", v1alpha1.ReasonRemoteMissing)
	w.want(w.klink("why", "lost"), 1, "How: kubectl klink orphans -n "+w.namespace+" --connection kconn/sim\n")
}

// TestOneOfAThing is not many.
func TestOneOfAThing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.sim.Seed(simulator.Group{Name: "The plaza"})
	w.groups.create("plaza", func(g *v1alpha1.Group) { g.Spec.Description = new("World-renowned.") })
	w.groups.sayNameTaken("plaza")
	w.want(w.run("no\n", "adopt", "-n", w.namespace, "--kubeconfig", cluster.Kubeconfig()), 2, "would bind to "+id+" (\"The plaza\")\n", "update "+id+"\n  description:\n    + World-renowned.\n", "Set adoptionPolicy ByName on this Group?")
	w.want(w.klink("status"), 1, "2 waiting")
	empty := worlds.CreateNamespace(t, api, "plugin-")
	if s := w.want(w.run("", "status", "-n", empty, "--kubeconfig", w.tenantOf(empty)), 0, "No connections and no Groups here.\n"); s.out != "" {
		t.Errorf("%q", s.out)
	}
	if !strings.HasPrefix(binary, cluster.Dir()) {
		t.Errorf("%s does not go away with the control plane", binary)
	}
}
