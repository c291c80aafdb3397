// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package manifests

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/kubernetes"

	"github.com/klink-cloud/klink-operator/test/controlplane"
)

const (
	operatorNamespace = "klink-operator-system"
	managerName       = "klink-operator-controller-manager"

	// patience is how long a test waits for what has to happen; it is no measure
	// of how long that should take.
	patience = 2 * time.Minute
)

// cluster is a control plane that keeps an audit log of the manager.
type cluster struct {
	*testing.T

	cp      *controlplane.ControlPlane
	clients kubernetes.Interface
	root    string // of the repository
	dir     string // of this test

	namespace string     // of the operator
	top       *testing.T // of all phases
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	readInputs(t, root)
	c := &cluster{T: t, top: t, root: root, dir: t.TempDir(), namespace: operatorNamespace}
	options := controlplane.Options{ControllerManager: true, APIServerArgs: []string{
		"--audit-policy-file=" + filepath.Join(root, "test", "manifests", "testdata", "audit-policy.yaml"),
		"--audit-log-path=" + c.auditLog(),
	}}
	if c.cp, err = controlplane.Start(t.Context(), options); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.cp.Stop(); err != nil {
			t.Error(err)
		}
	})
	c.clients = kubernetes.NewForConfigOrDie(c.cp.Config)
	return c
}

// readInputs lets the go command see what kubectl and the build read: otherwise it would
// answer from its cache after they have changed.
func readInputs(t *testing.T, root string) {
	t.Helper()
	for _, input := range []string{"go.mod", "api", "cmd", "internal", "config", "dist/install.yaml"} {
		err := filepath.WalkDir(filepath.Join(root, input), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			_, err = os.ReadFile(path)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func (c *cluster) auditLog() string { return filepath.Join(c.dir, "audit.log") }

// source is the path of a file of the repository.
func (c *cluster) source(name string) string { return filepath.Join(c.root, filepath.FromSlash(name)) }

// phase is a part of a test that later ones build on: they do not run if it fails.
func (c *cluster) phase(name string, do func(*cluster)) {
	c.Helper()
	passed := c.Run(name, func(t *testing.T) {
		inner := *c
		inner.T = t
		do(&inner)
	})
	if !passed {
		c.FailNow()
	}
}

// kubectl runs kubectl, which must succeed, and returns what it prints.
func (c *cluster) kubectl(args ...string) string {
	c.Helper()
	out, err := c.cp.Kubectl(c.Context(), args...)
	if err != nil {
		c.Fatal(err)
	}
	return strings.TrimSpace(out)
}

// sh runs lines of a page in the test's folder, with the pinned kubectl and the
// files of this checkout in the place of the published ones.
func (c *cluster) sh(lines ...string) string {
	c.Helper()
	cmd := exec.CommandContext(c.Context(), "bash", "-euo", "pipefail", "-c", strings.Join(lines, "\n"))
	admin := c.cp.KubectlCommand(c.Context())
	cmd.Env = admin.Env
	cmd.Env = append(cmd.Env, "RELEASE="+c.root, "PATH="+filepath.Dir(c.cp.KubectlPath())+":"+os.Getenv("PATH"))
	cmd.Dir = c.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		c.Fatalf("%s\n%v\n%s", strings.Join(lines, "\n"), err, out)
	}
	return string(out)
}

// eventually waits until what returns "".
func (c *cluster) eventually(what func() string) {
	c.Helper()
	deadline := time.Now().Add(patience)
	for {
		problem := what()
		if problem == "" {
			return
		}
		if time.Now().After(deadline) {
			c.Fatalf("it did not come to pass: %s", problem)
		}
		time.Sleep(50 * time.Millisecond)
	}
}
