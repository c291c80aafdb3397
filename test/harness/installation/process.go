// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package installation

import (
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/test/harness/checkout"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
)

// lease is the one that the leader has.
const lease = "klink-operator.klink.cloud"

// Process is the manager's program, run as a pod would run it.
type Process struct {
	*pod

	cmd   *exec.Cmd
	done  chan struct{} // closed when it has ended
	token string
	log   worlds.Journal
}

// Build builds the manager.
func (c *Cluster) Build() {
	c.Helper()
	if err := checkout.Build(c.Context(), c.program(), "./cmd/manager"); err != nil {
		c.Fatal(err)
	}
}

func (c *Cluster) program() string { return filepath.Join(c.Dir, "manager") }

// Launch starts the manager with the arguments, the environment and the
// ServiceAccount of the Deployment. What a cluster gives by other means is added:
// the way to the API server, and that to the groups API.
func (c *Cluster) Launch(r *Remote, more ...string) *Process {
	c.Helper()
	p := &Process{pod: c.newPod(), done: make(chan struct{}), token: r.token}
	kubeconfig, err := c.CP.KubeconfigFor(c.Context(), c.Namespace, p.serviceAccount)
	if err != nil {
		c.Fatal(err)
	}
	p.cmd = exec.Command(c.program(), p.args...) //nolint:noctx // it is ended by a signal, as a pod is
	p.cmd.Env = slices.Concat(p.env, more)
	p.cmd.Env = append(p.cmd.Env, "KUBECONFIG="+kubeconfig, "HTTPS_PROXY="+r.proxy, "SSL_CERT_FILE="+r.caFile)
	p.cmd.Dir = c.Dir
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	c.CP.Adopt(p.cmd)
	if err := p.cmd.Start(); err != nil {
		c.Fatal(err)
	}
	c.top.Cleanup(func() { p.explain(c.top) })
	go func() {
		defer close(p.done)
		_ = p.cmd.Wait() // how it ended is in its state
	}()
	return p
}

// Leads tells whether the process does a leader's work.
func (p *Process) Leads() bool { return strings.Contains(p.log.String(), "Starting workers") }

// Stop ends the process as the kubelet does, and reads its log.
func (c *Cluster) Stop(p *Process) {
	c.Helper()
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it fails when the process has ended
	select {
	case <-p.done:
	case <-time.After(patience):
		_ = p.cmd.Process.Kill()
		<-p.done
		c.Error("the manager does not end")
	}
	p.judge(c)
}

// judge wants no refusal, no panic and no token in the log.
func (p *Process) judge(t testing.TB) {
	t.Helper()
	log := p.log.String()
	for line := range strings.SplitSeq(log, "\n") {
		lower := strings.ToLower(line)
		for _, bad := range []string{"forbidden", "unauthorized", "panic", "data race"} {
			if strings.Contains(lower, bad) {
				t.Errorf("the manager's log: %s", strings.ReplaceAll(line, p.token, "[token]"))
			}
		}
	}
	if strings.Contains(log, p.token) {
		t.Error("the token is in the manager's log")
	}
}

// explain shows the end of the log if the test has failed.
func (p *Process) explain(t *testing.T) {
	if t.Failed() {
		lines := strings.Split(strings.ReplaceAll(p.log.String(), p.token, "[token]"), "\n")
		t.Logf("%s %s\n%s", p.cmd.Path, strings.Join(p.args, " "), strings.Join(lines[max(0, len(lines)-30):], "\n"))
	}
}

// AwaitProbes waits until each probe of the Deployment succeeds.
func (c *Cluster) AwaitProbes(p *Process) {
	c.Helper()
	container := c.Deployment().Spec.Template.Spec.Containers[0]
	for _, path := range []string{container.StartupProbe.HTTPGet.Path, container.LivenessProbe.HTTPGet.Path, container.ReadinessProbe.HTTPGet.Path} {
		c.Eventually(func() string {
			p.wantRunning(c)
			if status, body := Get(c, "http://"+p.Address["health"]+path, ""); status != http.StatusOK {
				return path + ": " + body
			}
			return ""
		})
	}
}

// wantRunning ends the test if the process has ended by itself.
func (p *Process) wantRunning(t testing.TB) {
	t.Helper()
	select {
	case <-p.done:
		t.Fatalf("the manager has ended: %s", p.cmd.ProcessState)
	default:
	}
}

// AwaitLeader waits until the process leads and has the Lease, and returns its holder.
func (c *Cluster) AwaitLeader(p *Process) (holder string) {
	c.Helper()
	c.Eventually(func() string {
		p.wantRunning(c)
		l, err := c.Clients.CoordinationV1().Leases(c.Namespace).Get(c.Context(), lease, metav1.GetOptions{})
		switch {
		case err != nil:
			return err.Error()
		case l.Spec.HolderIdentity == nil || *l.Spec.HolderIdentity == "":
			return "nobody has the Lease"
		case !p.Leads():
			return *l.Spec.HolderIdentity + " has the Lease"
		}
		holder = *l.Spec.HolderIdentity
		return ""
	})
	return holder
}
