// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/klink-cloud/klink-operator/test/harness/controlplane"
)

const (
	operatorNamespace = "klink-operator-system"
	serviceAccount    = "klink-operator-controller-manager"
)

// remoteSeed are groups that the account has before the operator comes.
const remoteSeed = `[
  {"id": "hSIhXBhNe8X1d8Et", "name": "Savoy"},
  {"name": "Carlton Hotel", "description": "Open all year."}
]`

// stage is everything that runs during a demo.
type stage struct {
	narrator *narrator

	root   string // of the repository
	token  string // of the account
	failed context.CancelCauseFunc

	cp        *controlplane.ControlPlane
	simulator *program
	manager   *program
	remote    *remote
}

// setStage builds the programs, and starts the control plane and the stand-in
// API. It leaves nothing behind when it fails.
func setStage(ctx context.Context, failed context.CancelCauseFunc, out io.Writer) (_ *stage, err error) {
	s := &stage{narrator: newNarrator(out, os.Getenv("NO_COLOR") != ""), token: rand.Text(), failed: failed}
	if s.root, err = repository(ctx); err != nil {
		return nil, err
	}
	fmt.Fprintln(s.narrator.out, s.narrator.paint(bold, "== Start a Kubernetes control plane and a stand-in for the klink.cloud API, on this machine alone"))
	err = s.narrator.during("Starting etcd, kube-apiserver and kube-controller-manager ...", func() (err error) {
		s.cp, err = controlplane.Start(ctx, controlplane.Options{ControllerManager: true})
		return err
	})
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.clear())
		}
	}()
	if err := s.narrator.during("Building the manager and the stand-in API ...", func() error { return s.build(ctx) }); err != nil {
		return nil, err
	}
	if err := s.startSimulator(ctx); err != nil {
		return nil, err
	}
	s.narrator.say("The stand-in API listens on %s", s.remote.endpoint)
	return s, nil
}

// repository is the root of the repository, which the commands' paths are
// relative to.
func repository(ctx context.Context) (string, error) {
	mod, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("finding the repository: %w", err)
	}
	root := filepath.Dir(strings.TrimSpace(string(mod)))
	if _, err := os.Stat(filepath.Join(root, "test", "demo", "install")); err != nil {
		return "", fmt.Errorf("run the demo inside the repository: %w", err)
	}
	return root, nil
}

func (s *stage) build(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-o", s.cp.Dir()+"/", "./cmd/manager", "./cmd/klink-simulator")
	cmd.Dir = s.root
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
}

func (s *stage) startSimulator(ctx context.Context) error {
	if err := os.WriteFile(s.tokenFile(), []byte(s.token), 0o600); err != nil {
		return err
	}
	seed := filepath.Join(s.cp.Dir(), "seed.json")
	if err := os.WriteFile(seed, []byte(remoteSeed), 0o600); err != nil {
		return err
	}
	var err error
	s.simulator, err = s.launch("klink-simulator",
		"-address=127.0.0.1:0", "-token-file="+s.tokenFile(), "-seed-file="+seed)
	if err != nil {
		return err
	}
	endpoint, err := s.simulator.said(ctx, "groups API: ")
	if err != nil {
		return err
	}
	admin, err := s.simulator.said(ctx, "admin endpoint: ")
	if err != nil {
		return err
	}
	s.remote = newRemote(endpoint, admin, s.token)
	return nil
}

func (s *stage) tokenFile() string { return filepath.Join(s.cp.Dir(), "token") }

// startManager starts the manager as its own ServiceAccount, with the rights
// that config/rbac gives it.
func (s *stage) startManager(ctx context.Context) error {
	kubeconfig, err := s.cp.KubeconfigFor(ctx, operatorNamespace, serviceAccount)
	if err != nil {
		return err
	}
	s.manager, err = s.launch("manager",
		"--kubeconfig="+kubeconfig, "--operator-namespace="+operatorNamespace, "--allowed-endpoints="+s.remote.endpoint,
		"--leader-elect", "--health-probe-bind-address=0", "--metrics-bind-address=127.0.0.1:0")
	return err
}

// clear ends everything, those that use others first.
func (s *stage) clear() error {
	errs := []error{s.manager.stop(), s.simulator.stop()}
	if s.remote != nil {
		s.remote.http.CloseIdleConnections()
	}
	return errors.Join(append(errs, s.cp.Stop())...)
}

// explain adds the end of the manager's log to an error.
func (s *stage) explain(err error) error {
	if s.manager == nil {
		return err
	}
	return fmt.Errorf("%w\n\nthe manager was running%s", err, s.manager.tail())
}
