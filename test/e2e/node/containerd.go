// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package node

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

const (
	containerdSocket = "/run/containerd/containerd.sock"
	// pauseImage is what the sandbox of a pod is made of.
	pauseImage = "docker.io/library/klink-e2e-pause:local"
)

const containerdConfig = `version = 2
root = "%s"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "` + pauseImage + `"
  # Sandboxes fail without it where this process may not lower oom_score_adj.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "` + pluginFolder + `"
    conf_dir = "%s"
`

// startContainerd starts containerd and gives it the images of the archives.
func startContainerd(ctx context.Context, folder string, archives []string) (*daemon, error) {
	plugins := filepath.Join(folder, "cni")
	if err := os.MkdirAll(plugins, 0o750); err != nil {
		return nil, err
	}
	config := filepath.Join(folder, "containerd.toml")
	for file, content := range map[string]string{
		config:                                   fmt.Sprintf(containerdConfig, filepath.Join(folder, "containerd"), plugins),
		filepath.Join(plugins, "klink.conflist"): network,
	} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			return nil, err
		}
	}
	path, err := exec.LookPath("containerd")
	if err != nil {
		return nil, err
	}
	d, err := startDaemon(ctx, folder, path, []string{"--config", config}, func(ctx context.Context) error {
		return ctr(ctx, "version")
	})
	if err != nil {
		return nil, err
	}
	for _, archive := range archives {
		if err := ctr(ctx, "--namespace=k8s.io", "images", "import", archive); err != nil {
			d.stop()
			return nil, err
		}
	}
	return d, nil
}

func ctr(ctx context.Context, args ...string) error {
	if out, err := exec.CommandContext(ctx, "ctr", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("ctr %v: %w: %s", args, err, out)
	}
	return nil
}
