// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controlplane

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// attempts is how often a start is tried when a process ends early. Ports are
// chosen before they are bound, so that another process may take one in between.
const attempts = 3

// ControlPlane is a running control plane. Its processes may be killed, paused
// and started again; Stop ends them all.
type ControlPlane struct {
	// Config is for the cluster's administrator, with no client-side rate limit.
	Config *rest.Config

	Etcd      *Process
	APIServer *Process
	// ControllerManager is nil unless Options asked for it.
	ControllerManager *Process

	assets string
	dir    string
	group  *group
	creds  *credentials
}

// Start starts a control plane and returns when it serves and, with a
// controller manager, when its controllers run. The context bounds the start
// alone. The programs are built first if this machine does not have them, which
// takes minutes.
func Start(ctx context.Context, opts Options) (*ControlPlane, error) {
	assets, err := findAssets(ctx, opts)
	if err != nil {
		return nil, err
	}
	var failures []error
	for range attempts {
		cp, err := startOnce(ctx, assets, opts)
		if err == nil {
			return cp, nil
		}
		failures = append(failures, err)
		if !errors.Is(err, errExited) {
			break // another port would not help
		}
	}
	return nil, fmt.Errorf("starting the control plane: %w", errors.Join(failures...))
}

// Stop kills every process of the control plane, waits for them and removes
// their files. Stopping twice is harmless.
func (cp *ControlPlane) Stop() error {
	for _, p := range cp.processes() {
		p.Kill()
	}
	cp.group.stop()
	return os.RemoveAll(cp.dir)
}

// processes returns the processes, those that use others first.
func (cp *ControlPlane) processes() []*Process {
	all := []*Process{cp.APIServer, cp.Etcd}
	if cp.ControllerManager != nil {
		all = append([]*Process{cp.ControllerManager}, all...)
	}
	return all
}

// startOnce starts a control plane on newly chosen ports. It leaves nothing
// behind when it fails.
func startOnce(ctx context.Context, assets string, opts Options) (_ *ControlPlane, err error) {
	cp, err := prepare(ctx, assets, opts)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, cp.Stop())
		}
	}()
	for _, p := range []*Process{cp.Etcd, cp.APIServer} {
		if err := p.Start(ctx); err != nil {
			return nil, err
		}
	}
	if err := cp.waitForNamespaces(ctx); err != nil {
		return nil, err
	}
	if cp.ControllerManager != nil {
		if err := cp.ControllerManager.Start(ctx); err != nil {
			return nil, err
		}
	}
	if err := cp.installCRDs(opts.CRDPaths); err != nil {
		return nil, err
	}
	return cp, nil
}

// prepare lays out the files of a control plane and the process group that its
// processes are to live in.
func prepare(ctx context.Context, assets string, opts Options) (_ *ControlPlane, err error) {
	dir, err := os.MkdirTemp("", "klink-controlplane-")
	if err != nil {
		return nil, err
	}
	cp := &ControlPlane{assets: assets, dir: dir}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	ports, err := FreePorts(ctx, 3)
	if err != nil {
		return nil, err
	}
	cp.Config = &rest.Config{Host: fmt.Sprintf("https://127.0.0.1:%d", ports[1]), QPS: -1}
	if cp.creds, err = writeCredentials(dir); err != nil {
		return nil, err
	}
	cp.Config.BearerToken = cp.creds.adminToken
	cp.Config.CAData = cp.creds.caPEM
	if err := writeKubeconfig(cp.Kubeconfig(), cp.Config, "default"); err != nil {
		return nil, err
	}
	if cp.group, err = startGroup(dir); err != nil {
		return nil, err
	}
	cp.Etcd = cp.newEtcd(ports[0], opts)
	cp.APIServer = cp.newAPIServer(ports[1], ports[0], opts)
	if opts.ControllerManager {
		cp.ControllerManager = cp.newControllerManager(ports[2], opts)
	}
	return cp, nil
}

// newProcess describes one of the pinned programs.
func (cp *ControlPlane) newProcess(name string, args []string, ready func(context.Context) error, log io.Writer) *Process {
	return &Process{
		name:    name,
		path:    filepath.Join(cp.assets, name),
		args:    args,
		logFile: filepath.Join(cp.dir, name+".log"),
		log:     log,
		ready:   ready,
		group:   cp.group,
	}
}

// waitForNamespaces waits for the namespaces that the API server makes a moment
// after it says that it is ready.
func (cp *ControlPlane) waitForNamespaces(ctx context.Context) error {
	client, err := kubernetes.NewForConfig(cp.Config)
	if err != nil {
		return err
	}
	for _, name := range []string{corev1.NamespaceDefault, metav1.NamespaceSystem} {
		err := wait.PollUntilContextTimeout(ctx, pollInterval, startTimeout, true, func(ctx context.Context) (bool, error) {
			_, err := client.CoreV1().Namespaces().Get(ctx, name, metav1.GetOptions{})
			if apierrors.IsNotFound(err) {
				return false, nil
			}
			return err == nil, err
		})
		if err != nil {
			return fmt.Errorf("waiting for namespace %s: %w", name, err)
		}
	}
	return nil
}

// installCRDs installs the CRDs and waits until the API server serves them.
func (cp *ControlPlane) installCRDs(paths []string) error {
	if len(paths) == 0 {
		return nil
	}
	_, err := envtest.InstallCRDs(cp.Config, envtest.CRDInstallOptions{
		Paths:              paths,
		ErrorIfPathMissing: true,
		PollInterval:       pollInterval,
		MaxTime:            time.Minute,
	})
	if err != nil {
		return fmt.Errorf("installing CRDs: %w", err)
	}
	return nil
}
