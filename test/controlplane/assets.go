// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controlplane

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// findAssets returns the folder of the programs that opts ask for:
// KUBEBUILDER_ASSETS if set, otherwise the cache, which hack/controlplane fills
// first if need be.
func findAssets(ctx context.Context, opts Options) (string, error) {
	programs := []string{"etcd", "kube-apiserver", "kubectl"}
	if opts.ControllerManager {
		programs = append(programs, "kube-controller-manager")
	}
	if dir := os.Getenv("KUBEBUILDER_ASSETS"); dir != "" {
		for _, name := range programs {
			if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
				return "", fmt.Errorf("KUBEBUILDER_ASSETS lacks a program: %w; unset it to have all of them built", err)
			}
		}
		return filepath.Abs(dir)
	}
	module, err := buildModule()
	if err != nil {
		return "", err
	}
	var stdout bytes.Buffer
	cmd := exec.CommandContext(ctx, "go", append([]string{"-C", module, "run", "."}, programs...)...)
	cmd.Stdout, cmd.Stderr = &stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("building the control plane: %w", err)
	}
	return strings.TrimSpace(stdout.String()), nil
}

// buildModule finds hack/controlplane in the current folder or one above it.
func buildModule() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		module := filepath.Join(dir, "hack", "controlplane")
		if _, err := os.Stat(filepath.Join(module, "go.mod")); err == nil {
			return module, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("hack/controlplane not found: run this inside the repository, or set KUBEBUILDER_ASSETS")
		}
		dir = parent
	}
}
