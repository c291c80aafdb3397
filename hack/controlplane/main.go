// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Command controlplane builds the pinned etcd and Kubernetes programs from
// their Go modules and prints the directory that holds them.
//
//	go -C hack/controlplane run . [program ...]
//
// Without arguments it builds what the tests need. The programs are kept in
// the user's cache directory, outside every checkout, and are built again only
// when the pinned versions or the way of building change. When
// KUBEBUILDER_ASSETS is set, that directory is printed and nothing is built.
//
// Only the directory goes to stdout. Progress goes to stderr, and there is none
// when nothing had to be built.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

// defaultPrograms are what the tests and the demo run.
var defaultPrograms = []string{"etcd", "kubectl", "kube-apiserver", "kube-controller-manager"}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "controlplane:", err)
		os.Exit(1)
	}
}

// run makes sure that the named programs exist and prints their directory.
func run(names []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if dir := os.Getenv("KUBEBUILDER_ASSETS"); dir != "" {
		fmt.Println(dir)
		return nil
	}
	if len(names) == 0 {
		names = defaultPrograms
	}
	dir, err := cacheDir()
	if err != nil {
		return err
	}
	s := store{dir: dir, build: goBuild, progress: os.Stderr}
	if err := s.ensure(ctx, names); err != nil {
		return err
	}
	fmt.Println(dir)
	return nil
}

// cacheDir is the directory of the programs that this go.mod, go.sum and
// recipe make on this platform.
func cacheDir() (string, error) {
	key, err := cacheKey("go.mod", "go.sum")
	if err != nil {
		return "", err
	}
	base := os.Getenv("XDG_CACHE_HOME")
	if base == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", err
		}
		base = filepath.Join(home, ".cache")
	}
	return filepath.Join(base, "klink-operator", "controlplane", key), nil
}
