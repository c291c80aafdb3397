// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controlplane

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/klink-cloud/klink-operator/test/harness/checkout"
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
	root, err := checkout.Root()
	if err != nil {
		return "", fmt.Errorf("hack/controlplane not found: %w, or set KUBEBUILDER_ASSETS", err)
	}
	var stdout bytes.Buffer
	cmd := exec.CommandContext(ctx, "go", append([]string{"-C", filepath.Join(root, "hack", "controlplane"), "run", "."}, programs...)...)
	cmd.Stdout, cmd.Stderr = &stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("building the control plane: %w", err)
	}
	return strings.TrimSpace(stdout.String()), nil
}
