// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// packages are the programs this module can build. Every one of them stands in
// go.mod as a tool too, so that go mod tidy keeps what it needs.
var packages = map[string]string{
	"etcd":                    "go.etcd.io/etcd/server/v3",
	"kube-apiserver":          "k8s.io/kubernetes/cmd/kube-apiserver",
	"kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
	"kube-scheduler":          "k8s.io/kubernetes/cmd/kube-scheduler",
	"kubectl":                 "k8s.io/kubernetes/cmd/kubectl",
	"kubelet":                 "k8s.io/kubernetes/cmd/kubelet",
}

// Kubernetes takes its version from the linker. Without it the API server calls
// itself v0.0.0-master, and clients that compare versions are led astray.
var versionVars = []string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"}

// buildFlags and buildEnv are a part of the cache key: changing them rebuilds.
var (
	buildFlags = []string{"build", "-trimpath", "-buildvcs=false"}
	buildEnv   = []string{"CGO_ENABLED=0", "GOWORK=off"}
)

// cacheKey digests the named files, the recipe and the platform.
func cacheKey(files ...string) (string, error) {
	h := sha256.New()
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			return "", fmt.Errorf("run this in its own module's folder: %w", err)
		}
		fmt.Fprintf(h, "%s %d\n%s", name, len(content), content)
	}
	fmt.Fprintln(h, buildFlags, buildEnv, ldflags("v0.0.0"), runtime.GOOS, runtime.GOARCH)
	return hex.EncodeToString(h.Sum(nil))[:16], nil
}

// goBuild builds the named program into the file out.
func goBuild(ctx context.Context, name, out string) error {
	version, err := goCommand(ctx, "list", "-m", "-f", "{{.Version}}", "k8s.io/kubernetes")
	if err != nil {
		return err
	}
	args := append([]string{}, buildFlags...)
	args = append(args, "-ldflags", ldflags(strings.TrimSpace(version)), "-o", out, packages[name])
	_, err = goCommand(ctx, args...)
	return err
}

// ldflags strips the program and stamps it with a Kubernetes version such as
// v1.37.2. etcd knows its own version and ignores the stamp.
func ldflags(version string) string {
	flags := []string{"-s", "-w"}
	major, rest, _ := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	minor, _, _ := strings.Cut(rest, ".")
	for _, pkg := range versionVars {
		flags = append(flags,
			"-X", pkg+".gitVersion="+version,
			"-X", pkg+".gitMajor="+major,
			"-X", pkg+".gitMinor="+minor)
	}
	return strings.Join(flags, " ")
}

// goCommand runs the go command in the current folder and returns its output.
func goCommand(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Env = append(os.Environ(), buildEnv...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("go %s: %w\n%s", args[0], err, stderr.String())
	}
	return stdout.String(), nil
}
