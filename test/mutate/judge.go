// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// judge runs the tests of a package with the mutant in the place of its file, which an
// overlay puts there: the checkout is not touched.
func judge(ctx context.Context, t trial, pkg string, args ...string) (v verdict, err error) {
	folder, err := os.MkdirTemp("", "mutate-")
	if err != nil {
		return "", fmt.Errorf("making room for a break: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	overlay, err := writeOverlay(folder, t)
	if err != nil {
		return "", err
	}
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, "go", append([]string{"test", "-overlay=" + overlay, "-count=1", "-vet=off", "-failfast", pkg}, args...)...)
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // the test is go's child, and has to go with it
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	err = cmd.Run()
	var failed *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return "", context.Cause(ctx) //nolint:wrapcheck // it was interrupted
	case err == nil:
		return survived, nil
	case !errors.As(err, &failed):
		return "", fmt.Errorf("running the tests of %s: %w", pkg, err)
	case bytes.Contains(said.Bytes(), []byte("[build failed]")):
		return unviable, nil
	}
	return noticed, nil
}

// writeOverlay writes the broken file and what says where it belongs.
func writeOverlay(folder string, t trial) (string, error) {
	original, err := filepath.Abs(t.path)
	if err != nil {
		return "", fmt.Errorf("finding %s: %w", t.path, err)
	}
	broken, overlay := filepath.Join(folder, "broken.go"), filepath.Join(folder, "overlay.json")
	text, err := json.Marshal(map[string]any{"Replace": map[string]string{original: broken}})
	if err == nil {
		err = os.WriteFile(broken, t.broken(t.mutant), 0o600)
	}
	if err == nil {
		err = os.WriteFile(overlay, text, 0o600)
	}
	if err != nil {
		return "", fmt.Errorf("writing a break: %w", err)
	}
	return overlay, nil
}
