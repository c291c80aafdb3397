// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
	"github.com/klink-cloud/klink-operator/test/harness/checkout"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
)

// TestHostileAccount: who may name a group commands neither a terminal nor a manifest.
func TestHostileAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	hostile := "\x1b[2J\x1b]0;owned\x07\n---\nkind: Secret\n# \r\x9b31m"
	id := w.sim.Seed(simulator.Group{Name: "Plaza", Description: &hostile, AvatarURL: &hostile})
	w.sim.Seed(simulator.Group{Name: hostile, Contacts: simulator.Contacts(hostile)})
	w.groups.create("plaza", func(g *v1alpha1.Group) { g.Spec.Name, g.Spec.GroupID, g.Spec.Description = "Plaza", id, new("mine") })
	worlds.Create(t, api, &corev1.Event{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "hostile"}, Reason: "Hostile\x1b[2J", Message: hostile, LastTimestamp: metav1.Now(),
		InvolvedObject: corev1.ObjectReference{Kind: "Group", Namespace: w.namespace, Name: "plaza", UID: w.groups.get("plaza").UID},
	})
	for _, args := range [][]string{
		{"import", "--connection", "kconn/sim"},
		{"import", "--connection", "kconn/sim", "-o", "wide", "--contacts=Exact", "--unclaimed=false"},
		{"orphans", "--connection", "kconn/sim"}, {"diff", "plaza"}, {"why", "plaza"}, {"status", "-o", "wide"},
	} {
		s := w.klink(args...)
		if text := s.out + s.err; strings.ContainsAny(text, "\x1b\x07\u009b\r") || strings.Contains("\n"+text, "\nkind: Secret") {
			t.Errorf("%v: %q", args, text)
		}
	}
}

// TestWhatDoesNotShow: marks that turn the direction of writing around, breaks of lines that
// are none in a shell, and controls that YAML cannot say.
func TestWhatDoesNotShow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const marks = "\u202e\u2066\u2028\U000e0041"
	w.sim.Seed(simulator.Group{Name: "rtl" + marks + "gnp.exe", Description: new(marks), Contacts: simulator.Contacts("a" + marks)})
	w.sim.Seed(simulator.Group{Name: "\U0001f469\u200d\U0001f467 del\u007f\u009b\u0085"})
	for _, args := range [][]string{
		{"import", "--connection", "kconn/sim", "--contacts=Exact"}, {"import", "--connection", "kconn/sim", "-o", "json"},
		{"orphans", "--connection", "kconn/sim"}, {"orphans", "--connection", "kconn/sim", "-o", "json"}, {"orphans", "--connection", "kconn/sim", "-o", "yaml"},
	} {
		s := w.want(w.klink(args...), 1, "gnp.exe")
		if strings.ContainsAny(s.out+s.err, marks+"\u007f\u009b\u0085") {
			t.Errorf("%v: %q %q", args, s.out, s.err)
		}
	}
	// Nor does a manifest write lines of its own.
	for _, manifest := range []string{
		`{"apiVersion":"klink.cloud/v1alpha1","kind":"Group","metadata":{"name":"x\nkgrp/spa: nothing"},"spec":{"name":"x"}}`,
		`{"apiVersion":"klink.cloud/v1\nkgrp/spa: nothing","kind":"Group","metadata":{"name":"x"},"spec":{"name":"x"}}`,
		`{"apiVersion":"klink.cloud/v1alpha1","kind":"Group","metadata":{"name":"x"},"spec":{"name":"x","a\nkgrp/spa: nothing":1}}`,
	} {
		if s := w.diffOf(manifest, "-n", w.namespace); s.code != 2 || strings.Contains("\n"+s.out+s.err, "\nkgrp/spa") {
			t.Errorf("%d: %q %q", s.code, s.out, s.err)
		}
	}
}

// TestHugeAccount: ten thousand groups, at an API that bears only so many calls.
func TestHugeAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 10_000 {
		w.sim.Seed(simulator.Group{Name: "Plaza", Description: new("World-renowned.")})
	}
	w.sim.Configure(func(s *simulator.Settings) {
		s.RateLimit = simulator.RateLimit{RequestsPerSecond: 8, Burst: 4, RetryAfter: simulator.RetryAfterSeconds}
	})
	s := w.want(w.klink("import", "--connection", "kconn/sim", "-o", "name"), 0)
	names := map[string]bool{}
	for name := range strings.Lines(s.out) {
		names[name] = true
	}
	refused := 0
	for _, r := range w.sim.Requests() {
		if r.Status == http.StatusTooManyRequests {
			refused++
		}
	}
	if len(names) != 10_000 || refused > 20 || strings.Count(s.err, "\n") != 1 {
		t.Errorf("%d names, %d refused calls, on stderr: %q", len(names), refused, s.err)
	}
}

// TestFirstLook: Groups that only observe, members that are added to, and a folder for diff -k.
func TestFirstLook(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sim.Seed(simulator.Group{Name: "Plaza", Contacts: simulator.Contacts("Hector", "Cedric")})
	w.sim.Seed(simulator.Group{Name: "Ritz", ArchivedAt: time.Unix(9, 0)})
	folder := filepath.Join(t.TempDir(), "manifests")
	w.want(w.klink("import", "--connection", "kconn/sim", "--dir", folder, "--observe", "--contacts=AtLeast"), 0)
	w.want(w.klink("diff", "-k", folder), 1, "kgrp/plaza: adopt", "kgrp/ritz: adopt")
	w.operate()
	w.apply("-k", folder)
	w.groups.await("plaza", v1alpha1.ReasonObserved)
	w.groups.await("ritz", v1alpha1.ReasonObserved)
	g := w.groups.get("plaza")
	if g.Spec.ContactsPolicy != v1alpha1.ContactsAtLeast || len(g.Spec.Contacts) != 2 || g.Spec.ManagementPolicy != v1alpha1.ManagementObserve {
		t.Errorf("%+v", g.Spec)
	}
	w.sim.Mutate(g.Status.ID, func(g *simulator.Group) { g.Contacts = simulator.Contacts("Eve") })
	w.groups.await("plaza", v1alpha1.ReasonDrifted)
	w.want(w.klink("diff", "-k", folder), 0, "kgrp/plaza: nothing (Drifted", "Hector")
	w.wantNoWrites()
	for _, name := range []string{"savoy", "adlon"} {
		w.groups.create(name)
		w.groups.await(name, v1alpha1.ReasonSynced)
	}
	w.want(w.klink("diff"), 0, "kgrp/plaza: nothing (Drifted", "3 Groups: nothing\n")
	w.want(w.klink("status"), 0, "these fields differ remotely: contacts: missing: Hector")
	id := g.Status.ID
	worlds.Delete(t, api, g)
	worlds.Eventually(t, patience, 50*time.Millisecond, func() string {
		if worlds.Find(t, api, g) {
			return "plaza is there still"
		}
		return ""
	})
	w.want(w.klink("diff", "-k", folder), 1, "kgrp/plaza: adopt "+id, "kgrp/plaza: then (Drifted: ")
}

// TestCompletionThroughKubectl: kubectl asks kubectl_complete-klink, as make install-plugin
// installs it.
func TestCompletionThroughKubectl(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.groups.create("plaza")
	bin := t.TempDir()
	makefile := checkout.Read(t, "Makefile")
	_, script, _ := strings.Cut(makefile, `@printf '`)
	script, _, found := strings.Cut(script, `' >`)
	if !found {
		t.Fatal("install-plugin of the Makefile prints no script")
	}
	script = strings.NewReplacer(`\n`, "\n", "$$", "$").Replace(script)
	for name, target := range map[string]string{"kubectl": cluster.KubectlPath(), "kubectl-klink": binary} {
		if err := os.Symlink(target, filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(bin, "kubectl_complete-klink"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"klink", ""}, "import\t"},
		{[]string{"klink", "why", "-n", w.namespace, ""}, "plaza\n"},
		{[]string{"klink", "import", "--contacts", ""}, "AtLeast\n"},
		{[]string{"klink", "status", "-o", "y"}, "yaml\n"},
		{[]string{"klink", "status", "-n", "kube-s"}, "kube-system\n"},
		{[]string{"klink", "status", "--context", ""}, contextOf(t) + "\n"},
		{[]string{"klink", "orphans", "-n", w.namespace, "--connection", ""}, "kconn/sim\n"},
	} {
		cmd := exec.CommandContext(t.Context(), filepath.Join(bin, "kubectl"), append([]string{"__complete"}, c.args...)...)
		cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "KUBECONFIG="+cluster.Kubeconfig(), "KUBERC=off")
		if out, err := cmd.Output(); err != nil || !strings.Contains(string(out), c.want) {
			t.Errorf("%v: %v: %q lacks %q", c.args, err, out, c.want)
		}
	}
}

// contextOf is the context of the cluster's kubeconfig.
func contextOf(t *testing.T) string {
	t.Helper()
	config, err := clientcmd.LoadFromFile(cluster.Kubeconfig())
	if err != nil {
		t.Fatal(err)
	}
	return config.CurrentContext
}
