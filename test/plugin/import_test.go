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
)

// TestImportSaysWhatItCannotDeclare: a group that silently misses from the manifests
// would be taken for managed.
func TestImportSaysWhatItCannotDeclare(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sim.Seed(simulator.Group{Name: " blank ", CreatedAt: time.Unix(1, 0)})
	w.sim.Seed(simulator.Group{Name: strings.Repeat("n", 300)})
	w.sim.Seed(simulator.Group{Name: "Avatar", AvatarURL: new("no url")})
	w.sim.Seed(simulator.Group{Name: "Fine"})
	s := w.want(w.klink("import", "--connection", "kconn/sim"), 1, "begins or ends with white space", "name has 300 characters",
		`# Not declared: avatarURL "no url" is no absolute http or https URL.`, "2 of 4 groups declared, 1 of them in part; 2 cannot be declared")
	path := filepath.Join(t.TempDir(), "all.yaml")
	if err := os.WriteFile(path, []byte(s.out), 0o600); err != nil {
		t.Fatal(err)
	}
	w.apply("-f", path)
	w.groups.get("fine")
	w.groups.get("avatar")
}

// TestImportWithoutACluster: an endpoint and a token are enough, and the token is never a flag.
func TestImportWithoutACluster(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sim.Seed(simulator.Group{Name: "Fine"})
	w.want(w.run("", "import", "--endpoint", w.sim.URL), 2, "--endpoint needs a token")
	w.want(w.runIn([]string{"KLINK_TOKEN=" + token}, "", "import", "--endpoint", w.sim.URL), 0, "name: fine")
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.want(w.run("", "import", "--endpoint", w.sim.URL, "--token-file", file, "-o", "name"), 0, "group.klink.cloud/fine")
}

// TestImportKeepsWhatAFolderNames: a Group dropped from the kustomization would be
// pruned by GitOps, and its remote group archived.
func TestImportKeepsWhatAFolderNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sim.Seed(simulator.Group{Name: "Plaza Hotel"})
	folder := t.TempDir()
	w.want(w.klink("import", "--connection", "kconn/sim", "--dir", folder), 0)
	w.apply("-k", folder)
	w.sim.Seed(simulator.Group{Name: "Ritz"})
	w.want(w.klink("import", "--connection", "kconn/sim", "--dir", folder), 0, "1 in the cluster already")
	if text := readFile(t, filepath.Join(folder, "kustomization.yaml")); !strings.Contains(text, "plaza-hotel.yaml") || !strings.Contains(text, "ritz.yaml") {
		t.Error(text)
	}
	if err := os.WriteFile(filepath.Join(folder, "ritz.yaml"), []byte("mine\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.want(w.klink("import", "--connection", "kconn/sim", "--dir", folder), 2, "nothing was written")
}

// TestImportWritesNowhereElse: neither over what a person has written, nor through a link.
func TestImportWritesNowhereElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sim.Seed(simulator.Group{Name: "../outside"})
	w.sim.Seed(simulator.Group{Name: " blank"})
	parent := t.TempDir()
	folder, outside := filepath.Join(parent, "manifests"), filepath.Join(parent, "outside.yaml")
	if err := os.Mkdir(folder, 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(folder, "outside.yaml")); err != nil {
		t.Fatal(err)
	}
	w.want(w.klink("import", "--connection", "kconn/sim", "--dir", folder), 2, "is no regular file: nothing was written")
	if err := os.Remove(filepath.Join(folder, "outside.yaml")); err != nil {
		t.Fatal(err)
	}
	mine := "# ours\nresources: # all\n- base.yaml\n"
	for name, text := range map[string]string{"kustomization.yml": mine, "base.yaml": "kind: List\n"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w.want(w.klink("import", "--connection", "kconn/sim", "--dir", folder), 1, "1 cannot be declared")
	entries, err := os.ReadDir(folder)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if got, want := strings.Join(names, " "), "base.yaml kustomization.yml not-declared.txt outside.yaml"; err != nil || got != want {
		t.Errorf("%v: %s, want %s", err, got, want)
	}
	if text := readFile(t, filepath.Join(folder, "kustomization.yml")); text != mine+"- outside.yaml\n" {
		t.Error(text)
	}
	if text := readFile(t, filepath.Join(folder, "not-declared.txt")); !strings.Contains(text, "begins or ends with white space") {
		t.Error(text)
	}
	if entries, _ := os.ReadDir(parent); len(entries) != 1 {
		t.Errorf("beside the folder: %v", entries)
	}
}

// TestOrphans: each side that misses the other is named, and the exit code says so.
func TestOrphans(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.sim.Seed(simulator.Group{Name: "The plaza"})
	w.groups.create("plaza", func(g *v1alpha1.Group) { g.Spec.GroupID = id })
	w.want(w.klink("orphans", "--connection", "kconn/sim"), 0, "No orphans")
	stray := w.sim.Seed(simulator.Group{Name: "Stray"})
	w.groups.create("lost", func(g *v1alpha1.Group) { g.Spec.GroupID = "gone0000" })
	w.want(w.klink("orphans", "--connection", "kconn/sim"), 1, "Unclaimed", stray, "Missing", "gone0000", w.namespace+"/lost")
	if s := w.klink("orphans", "--connection", "kconn/sim", "-o", "name"); s.out != stray+"\ngone0000\n" {
		t.Errorf("%q", s.out)
	}
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
