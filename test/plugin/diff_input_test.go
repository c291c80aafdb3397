// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"fmt"
	"strings"
	"testing"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
)

// diffOf runs diff on manifests from stdin.
func (w *world) diffOf(text string, more ...string) said {
	w.Helper()
	return w.run(text, append([]string{"diff", "-f", "-", "--kubeconfig", cluster.Kubeconfig()}, more...)...)
}

// TestDiffOfWhatNobodyCanApply is an error, and no promise.
func TestDiffOfWhatNobodyCanApply(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := manifest("plaza", "v1alpha1", w.namespace)
	in := []string{"-n", w.namespace}
	for name, c := range map[string]struct{ text, why string }{
		"empty":          {"", "error:"},
		"comment":        {"# nothing\n", "error:"},
		"another kind":   {"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n", "there is no Group in these manifests"},
		"no version":     {manifest("plaza", "v1", w.namespace), "klink.cloud/v1"},
		"unknown field":  {good + "  title: typo\n", "title"},
		"refused":        {good + "  contactsPolicy: AtLeast\n", "kgrp/plaza"},
		"twice":          {good + good, "kgrp/plaza is there twice"},
		"no such space":  {manifest("plaza", "v1alpha1", "nope"), "nope"},
		"not of this -n": {good + manifest("ritz", "v1alpha1", "default"), "does not match the namespace"},
	} {
		more := in
		if name == "no such space" {
			more = nil
		}
		if s := w.want(w.diffOf(c.text, more...), 2, c.why); s.out != "" {
			t.Errorf("%s: %s", name, s.out)
		}
	}
	// What is no Group is none of this command's business.
	w.want(w.diffOf("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"+good, in...), 1, "kgrp/plaza: create")
	w.wantNoWrites()
}

// TestDiffOfAllNamespaces: of the cluster's Groups, each by its namespace.
func TestDiffOfAllNamespaces(t *testing.T) {
	t.Parallel()
	w, other := newWorld(t), newWorld(t)
	label := func(g *v1alpha1.Group) { g.Labels = map[string]string{"diff": w.namespace} }
	id := w.sim.Seed(simulator.Group{Name: "The plaza"})
	w.groups.create("plaza", label, func(g *v1alpha1.Group) { g.Spec.GroupID = id })
	other.groups.create("plaza", label)
	all := func(code int, args ...string) said {
		t.Helper()
		return w.want(w.run("", append([]string{"diff", "--kubeconfig", cluster.Kubeconfig(), "-l", "diff=" + w.namespace}, args...)...), code)
	}
	s := all(1, "--all-namespaces")
	for _, line := range []string{"kgrp " + w.namespace + "/plaza: adopt " + id + "\n", "kgrp " + other.namespace + "/plaza: create\n"} {
		if !strings.Contains(s.out, line) {
			t.Errorf("%q is not in:\n%s", line, s.out)
		}
	}
	// As kubectl has it, -A overrides -n, and a namespace that is not there.
	if again := all(1, "-A", "-n", "nope"); again.out != s.out {
		t.Errorf("%s\n%s", s.out, again.out)
	}
	w.want(w.klink("diff", "-A", "plaza"), 2, "a name is one of a namespace")
	w.want(w.diffOf(manifest("plaza", "v1alpha1", w.namespace), "-A"), 2, "not both")
	w.want(w.run("", "diff", "-A", "--kubeconfig", w.tenant()), 2, "you may not list the Groups of all namespaces")
	// Files may hold Groups of several namespaces, too.
	worlds.Delete(t, api, w.groups.get("plaza"))
	s = w.want(w.diffOf(manifest("fresh", "v1alpha1", w.namespace)+manifest("fresh", "v1alpha1", other.namespace)), 1)
	if strings.Count(s.out, "/fresh: create\n") != 2 {
		t.Error(s.out)
	}
}

func manifest(name, version, namespace string) string {
	return fmt.Sprintf("---\napiVersion: klink.cloud/%s\nkind: Group\nmetadata: {name: %s, namespace: %s}\nspec:\n  connectionRef: {kind: Connection, name: sim}\n  name: The %[2]s\n",
		version, name, namespace)
}
