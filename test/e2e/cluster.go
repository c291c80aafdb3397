// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

const (
	pollInterval = 250 * time.Millisecond
	// patience is generous: a busy machine is slow, not broken.
	patience = 3 * time.Minute
)

// cluster is the one that everything is installed on.
type cluster struct {
	client.Client
	typed *kubernetes.Clientset

	kubeconfig string
	programs   string
	// auditLog is the API server's, empty where it cannot be read.
	auditLog string
	// kill ends a container by its id as a crash does, nil where nobody can.
	kill func(ctx context.Context, containerID string) error
}

// currentCluster is the one that kubectl talks to.
func currentCluster(c *config) (*cluster, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	restConfig, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, nil).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("no cluster to work on: %w", err)
	}
	return newCluster(restConfig, os.Getenv("KUBECONFIG"), c.programs)
}

func newCluster(restConfig *rest.Config, kubeconfig, programs string) (*cluster, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, err
		}
	}
	restConfig = rest.CopyConfig(restConfig)
	restConfig.QPS = -1
	typed, err := kubernetes.NewForConfig(restConfig)
	if err != nil {
		return nil, err
	}
	c := &cluster{typed: typed, kubeconfig: kubeconfig, programs: programs}
	// The CRDs come later: the mapper asks for them when it needs them.
	c.Client, err = client.New(restConfig, client.Options{Scheme: scheme})
	return c, err
}

// command prepares a program that finds the pinned ones and the cluster.
func (c *cluster) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "PATH="+c.programs+":"+os.Getenv("PATH"), "KUBERC=off")
	if c.kubeconfig != "" {
		cmd.Env = append(cmd.Env, "KUBECONFIG="+c.kubeconfig)
	}
	return cmd
}

// shell runs a line as a user types it, and returns what it prints.
func (c *cluster) shell(ctx context.Context, line string) (string, error) {
	return output(c.command(ctx, "bash", "-euo", "pipefail", "-c", line), "")
}

// kubectl runs the pinned kubectl, with the input.
func (c *cluster) kubectl(ctx context.Context, input string, args ...string) (string, error) {
	path := "kubectl"
	if c.programs != "" {
		path = c.programs + "/kubectl"
	}
	return output(c.command(ctx, path, args...), input)
}

func output(cmd *exec.Cmd, input string) (string, error) {
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("%s: %w\n%s%s", strings.Join(cmd.Args, " "), err, stdout.String(), stderr.String())
	}
	return stdout.String(), nil
}

// eventually tries until it succeeds, and gives up with the last error.
func eventually(ctx context.Context, try func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		err := try(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not within %s: %w", patience, err)
		case <-tick.C:
		}
	}
}
