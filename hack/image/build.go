// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// versionVariable is where the version is written to.
const versionVariable = "github.com/klink-cloud/klink-operator/internal/version.Version"

// compile builds the program in the folder source for the platform and returns
// its bytes.
func compile(ctx context.Context, source, version string, platform v1.Platform) (_ []byte, err error) {
	dir, err := os.MkdirTemp("", "klink-image-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	out := filepath.Join(dir, "program")
	cmd := exec.CommandContext(ctx, "go", "build",
		"-trimpath", "-buildvcs=false", // neither the folder nor the state of the checkout
		"-ldflags", "-s -w -X "+versionVariable+"="+version, "-o", out, ".")
	cmd.Dir = source
	cmd.Env = append(os.Environ(), environment(platform)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("building %s for %s: %w\n%s", source, platform, err, stderr.String())
	}
	return os.ReadFile(out)
}

// environment is that of a static build for the platform.
func environment(platform v1.Platform) []string {
	env := []string{"CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=", "GOOS=" + platform.OS, "GOARCH=" + platform.Architecture}
	if platform.Architecture == "arm" {
		env = append(env, "GOARM="+strings.TrimPrefix(platform.Variant, "v"))
	}
	return env
}
