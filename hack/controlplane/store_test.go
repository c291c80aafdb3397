// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

func TestEnsureBuildsWhatIsMissingOnce(t *testing.T) {
	var built []string
	var progress bytes.Buffer
	s := store{dir: filepath.Join(t.TempDir(), "new"), progress: &progress, build: func(_ context.Context, name, out string) error {
		built = append(built, name)
		return os.WriteFile(out, []byte(name), 0o600)
	}}
	for _, names := range [][]string{{"etcd", "kubectl"}, {"etcd", "kubectl", "kubelet"}} {
		if err := s.ensure(t.Context(), names); err != nil {
			t.Fatal(err)
		}
	}
	if want := []string{"etcd", "kubectl", "kubelet"}; !slices.Equal(built, want) {
		t.Errorf("built %v, want %v", built, want)
	}
	if want := "building kubectl (2 of 2) ..."; !strings.Contains(progress.String(), want) {
		t.Errorf("progress %q lacks %q", progress.String(), want)
	}

	progress.Reset()
	if err := s.ensure(t.Context(), []string{"etcd", "kubelet"}); err != nil {
		t.Fatal(err)
	}
	if progress.Len() != 0 {
		t.Errorf("nothing was missing, but it said %q", progress.String())
	}
}

func TestEnsureTwoCheckoutsAtOnce(t *testing.T) {
	dir := t.TempDir()
	var inside, builds atomic.Int32
	build := func(_ context.Context, name, out string) error {
		if inside.Add(1) > 1 {
			t.Error("two builds at once in one directory")
		}
		defer inside.Add(-1)
		builds.Add(1)
		return os.WriteFile(out, []byte(name), 0o600)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			s := store{dir: dir, build: build, progress: io.Discard}
			if err := s.ensure(t.Context(), defaultPrograms); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got, want := int(builds.Load()), len(defaultPrograms); got != want {
		t.Errorf("%d builds, want %d", got, want)
	}
}

func TestEnsureFailureLeavesNothing(t *testing.T) {
	failure := errors.New("compiler says no")
	s := store{dir: t.TempDir(), progress: io.Discard, build: func(_ context.Context, _, out string) error {
		return errors.Join(failure, os.WriteFile(out, []byte("half"), 0o600))
	}}
	if err := s.ensure(t.Context(), []string{"etcd"}); !errors.Is(err, failure) {
		t.Errorf("error %v, want %v", err, failure)
	}
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if entry.Name() != ".lock" {
			t.Errorf("left %s behind", entry.Name())
		}
	}
}

func TestEnsureRefusesUnknownPrograms(t *testing.T) {
	s := store{dir: t.TempDir(), progress: io.Discard}
	if err := s.ensure(t.Context(), []string{"kube-proxy"}); err == nil {
		t.Error("no error")
	}
}
