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
)

// platform is what the image's programs are built for.
func platform(arch string) []string {
	return []string{"CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=-trimpath", "GOOS=linux", "GOARCH=" + arch}
}

// generate runs the pinned tool. Serial number and time are left out, so that one
// commit has one bill.
func generate(ctx context.Context, root string) ([]byte, error) {
	pinned, err := filepath.Abs(filepath.Join(root, "hack", "tools", "cyclonedx", "go.mod"))
	if err != nil {
		return nil, err
	}
	// Built for this machine, then told of the platform. Without paths, as the bill
	// has the tool's own sums.
	tool, err := output(ctx, root, []string{"GOFLAGS=-trimpath"}, "go", "tool", "-modfile="+pinned, "-n", "cyclonedx-gomod")
	if err != nil {
		return nil, err
	}
	return output(ctx, root, platform("amd64"), strings.TrimSpace(string(tool)),
		"app", "-json", "-noserial", "-notimestamp", "-std", "-output-version=1.6", "-main=cmd/manager", ".")
}

// modules are those that the manager is linked from, and their versions.
func modules(ctx context.Context, root, arch string) (map[string]string, error) {
	const format = `{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}{{end}}{{end}}`
	list, err := output(ctx, root, platform(arch), "go", "list", "-deps", "-f", format, "./cmd/manager")
	if err != nil {
		return nil, err
	}
	linked := map[string]string{}
	for line := range strings.Lines(string(list)) {
		if path, version, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			linked[path] = version
		}
	}
	return linked, nil
}

// output runs a program and returns what it prints.
func output(ctx context.Context, dir string, env []string, name string, args ...string) ([]byte, error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, append(os.Environ(), env...), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, stderr.String())
	}
	return stdout.Bytes(), nil
}
