// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package installation

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/kubernetes"

	"github.com/klink-cloud/klink-operator/test/harness/checkout"
	"github.com/klink-cloud/klink-operator/test/harness/controlplane"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
)

const (
	// OperatorNamespace is where the operator is installed.
	OperatorNamespace = "klink-operator-system"
	// ManagerName is the name of the Deployment and of the ServiceAccount.
	ManagerName = "klink-operator-controller-manager"

	// patience is how long a test waits for what has to happen; it is no measure
	// of how long that should take.
	patience = 4 * time.Minute
)

// Cluster is a control plane that keeps an audit log of the manager, and the test
// that it is for. It touches the control plane, the test's folder and the managers that
// run as the Deployment says; what a team does in its namespace, a Tenant does.
type Cluster struct {
	*testing.T

	CP        *controlplane.ControlPlane
	Clients   kubernetes.Interface
	Root      string // of the repository
	Dir       string // of this test
	Namespace string // of the operator

	top *testing.T // of all phases
}

// New starts a control plane; it ends with the test.
func New(t *testing.T) *Cluster {
	t.Helper()
	root, err := checkout.Root()
	if err != nil {
		t.Fatal(err)
	}
	readInputs(t, root)
	c := &Cluster{T: t, top: t, Root: root, Dir: t.TempDir(), Namespace: OperatorNamespace}
	options := controlplane.Options{ControllerManager: true, APIServerArgs: []string{
		"--audit-policy-file=" + c.Source("test/harness/installation/testdata/audit-policy.yaml"),
		"--audit-log-path=" + c.auditLog(),
	}}
	if c.CP, err = controlplane.Start(t.Context(), options); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.CP.Stop(); err != nil {
			t.Error(err)
		}
	})
	c.Clients = kubernetes.NewForConfigOrDie(c.CP.Config)
	return c
}

// readInputs lets the go command see what kubectl and the build read: otherwise it would
// answer from its cache after they have changed.
func readInputs(t *testing.T, root string) {
	t.Helper()
	for _, input := range []string{"go.mod", "api", "cmd", "internal", "config", "dist/install.yaml", "test/harness/installation/testdata"} {
		err := filepath.WalkDir(filepath.Join(root, input), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			_, err = os.ReadFile(path) //nolint:gosec // the checkout is the tester's own
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func (c *Cluster) auditLog() string { return filepath.Join(c.Dir, "audit.log") }

// Source is the path of a file of the repository.
func (c *Cluster) Source(name string) string { return filepath.Join(c.Root, filepath.FromSlash(name)) }

// Phase is a part of a test that later ones build on: they do not run if it fails.
func (c *Cluster) Phase(name string, do func(*Cluster)) {
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

// Kubectl runs kubectl, which must succeed, and returns what it prints.
func (c *Cluster) Kubectl(args ...string) string {
	c.Helper()
	out, err := c.CP.Kubectl(c.Context(), args...)
	if err != nil {
		c.Fatal(err)
	}
	return strings.TrimSpace(out)
}

// Sh runs lines of a page in the test's folder, with the pinned kubectl.
func (c *Cluster) Sh(lines ...string) string {
	c.Helper()
	cmd := exec.CommandContext(c.Context(), "bash", "-euo", "pipefail", "-c", strings.Join(lines, "\n"))
	admin := c.CP.KubectlCommand(c.Context())
	cmd.Env = admin.Env
	cmd.Env = append(cmd.Env, "PATH="+filepath.Dir(c.CP.KubectlPath())+":"+os.Getenv("PATH"))
	cmd.Dir = c.Dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		c.Fatalf("%s\n%v\n%s", strings.Join(lines, "\n"), err, out)
	}
	return string(out)
}

// Eventually waits until what returns "".
func (c *Cluster) Eventually(what func() string) {
	c.Helper()
	worlds.Eventually(c, patience, 50*time.Millisecond, what)
}

// WriteFile writes a file of the test's folder that only its user reads.
func (c *Cluster) WriteFile(name, content string) {
	c.Helper()
	if err := os.WriteFile(filepath.Join(c.Dir, name), []byte(content), 0o600); err != nil {
		c.Fatal(err)
	}
}

// WriteKustomization writes a kustomization of a page into a folder of the test's, with
// this checkout in the place of the published one.
func (c *Cluster) WriteKustomization(folder, content string) {
	c.Helper()
	path := filepath.Join(c.Dir, folder)
	if err := os.MkdirAll(path, 0o750); err != nil {
		c.Fatal(err)
	}
	up, err := filepath.Rel(path, c.Root)
	if err != nil {
		c.Fatal(err)
	}
	c.WriteFile(filepath.Join(folder, "kustomization.yaml"), checkout.Unpublished(content, up))
}

// WantNothingLeft wants no object of these kinds to be the operator's.
func (c *Cluster) WantNothingLeft(kinds string) {
	c.Helper()
	if left := c.Kubectl("get", kinds, "-A", "-l", "app.kubernetes.io/name=klink-operator", "-o", "name"); left != "" {
		c.Errorf("there are still\n%s", left)
	}
}
