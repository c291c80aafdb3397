// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Package checkout finds what tests need of the repository they are in: its files, the
// commands that its pages tell, and its programs, built. Paths are those from the root
// of the repository, so that they hold wherever the test is.
package checkout

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Root is the folder of the repository: the one that holds hack/controlplane, which is
// the working folder or one above it.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "hack", "controlplane", "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("run this inside the repository")
		}
		dir = parent
	}
}

// Path is where a file of the repository is. It panics outside of the repository, where
// no test can run.
func Path(name string) string {
	root, err := Root()
	if err != nil {
		panic(err)
	}
	return filepath.Join(root, filepath.FromSlash(name))
}

// Read reads a file of the repository.
func Read(t testing.TB, name string) string {
	t.Helper()
	content, err := os.ReadFile(Path(name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// Glob are the files of the repository that match a pattern, by the names that Read takes.
// It wants at least one.
func Glob(t testing.TB, pattern string) []string {
	t.Helper()
	names, err := fs.Glob(os.DirFS(Path(".")), pattern)
	if err != nil || len(names) == 0 {
		t.Fatalf("%s matches no file (%v)", pattern, err)
	}
	return names
}

// Build builds programs of the repository, named like "./cmd/manager", into a file or,
// if that ends in a slash, a folder.
func Build(ctx context.Context, to string, programs ...string) error {
	cmd := exec.CommandContext(ctx, "go", append([]string{"build", "-o", to}, programs...)...)
	cmd.Dir = Path(".")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
}
