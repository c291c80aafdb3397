// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// TestImportAgainAfterARename: of one remote group a folder has one manifest, whatever the
// group is called by now. Two of them would stand in each other's way.
func TestImportAgainAfterARename(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	plaza := w.sim.Seed(simulator.Group{Name: "Plaza"})
	w.sim.Seed(simulator.Group{Name: "Ritz"})
	blank := w.sim.Seed(simulator.Group{Name: " blank"})
	folder := filepath.Join(t.TempDir(), "manifests")
	imported := func(code int, more ...string) said {
		t.Helper()
		return w.want(w.klink(append([]string{"import", "--connection", "kconn/sim", "--dir", folder}, more...)...), code)
	}
	imported(1)
	w.sim.Mutate(plaza, func(g *simulator.Group) { g.Name = "Savoy" })
	if s := imported(2); !strings.Contains(s.err, "plaza.yaml says something else already: nothing was written") {
		t.Error(s.err)
	}
	w.sim.Mutate(blank, func(g *simulator.Group) { g.Name = "Blank" })
	imported(0, "--overwrite")
	entries, err := os.ReadDir(folder)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	// What is declared by now is not said to be undeclared.
	if got, want := strings.Join(names, " "), "blank.yaml kustomization.yaml plaza.yaml ritz.yaml"; err != nil || got != want {
		t.Errorf("%v: %s, want %s", err, got, want)
	}
	if text := readFile(t, filepath.Join(folder, "plaza.yaml")); !strings.Contains(text, "name: Savoy") {
		t.Error(text)
	}
}

// TestImportLeavesAPersonsNotesAlone, also where they have the name of its own.
func TestImportLeavesAPersonsNotesAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sim.Seed(simulator.Group{Name: " blank"})
	w.sim.Seed(simulator.Group{Name: "Plaza"})
	folder := t.TempDir()
	notes := filepath.Join(folder, "not-declared.txt")
	if err := os.WriteFile(notes, []byte("ours\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.want(w.klink("import", "--connection", "kconn/sim", "--dir", folder), 2, "not-declared.txt says something else already: nothing was written")
	if err := os.Remove(notes); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(folder, "elsewhere"), notes); err != nil {
		t.Fatal(err)
	}
	w.want(w.klink("import", "--connection", "kconn/sim", "--dir", folder), 2, "is no regular file: nothing was written")
	if entries, err := os.ReadDir(folder); err != nil || len(entries) != 1 {
		t.Errorf("%v %v", entries, err)
	}
}
