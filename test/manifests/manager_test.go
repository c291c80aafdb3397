// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package manifests

import (
	"bytes"
	"crypto/tls"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is the manager's program, run as a pod would run it.
type process struct {
	*pod

	cmd   *exec.Cmd
	done  chan struct{} // closed when it has ended
	token string

	mu  sync.Mutex
	log bytes.Buffer
}

// Write implements io.Writer for the log.
func (p *process) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.Write(text)
}

func (p *process) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// build builds the manager.
func (c *cluster) build() {
	c.Helper()
	cmd := exec.CommandContext(c.Context(), "go", "build", "-o", c.program(), "./cmd/manager")
	cmd.Dir = c.root
	if out, err := cmd.CombinedOutput(); err != nil {
		c.Fatalf("go build: %v\n%s", err, out)
	}
}

func (c *cluster) program() string { return filepath.Join(c.dir, "manager") }

// launch starts the manager with the arguments, the environment and the
// ServiceAccount of the Deployment. What a cluster gives by other means is added:
// the way to the API server, and that to the groups API.
func (c *cluster) launch(r *remote, more ...string) *process {
	c.Helper()
	p := &process{pod: c.newPod(), done: make(chan struct{}), token: apiToken}
	kubeconfig, err := c.cp.KubeconfigFor(c.Context(), c.namespace, p.serviceAccount)
	if err != nil {
		c.Fatal(err)
	}
	p.cmd = exec.Command(c.program(), p.args...)
	p.cmd.Env = slices.Concat(p.env, more)
	p.cmd.Env = append(p.cmd.Env, "KUBECONFIG="+kubeconfig, "HTTPS_PROXY="+r.proxy, "SSL_CERT_FILE="+r.caFile)
	p.cmd.Dir = c.dir
	p.cmd.Stdout, p.cmd.Stderr = p, p
	c.cp.Adopt(p.cmd)
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

// leads tells whether the process does a leader's work.
func (p *process) leads() bool { return strings.Contains(p.text(), "Starting workers") }

// stop ends the process as the kubelet does, and reads its log.
func (c *cluster) stop(p *process) {
	c.Helper()
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it fails when the process has ended
	select {
	case <-p.done:
	case <-time.After(patience):
		_ = p.cmd.Process.Kill()
		<-p.done
		c.Error("the manager does not end")
	}
	c.judge(p)
}

// judge wants no refusal, no panic and no token in the log.
func (c *cluster) judge(p *process) {
	c.Helper()
	log := p.text()
	for line := range strings.SplitSeq(log, "\n") {
		lower := strings.ToLower(line)
		for _, bad := range []string{"forbidden", "unauthorized", "panic", "data race"} {
			if strings.Contains(lower, bad) {
				c.Errorf("the manager's log: %s", strings.ReplaceAll(line, p.token, "[token]"))
			}
		}
	}
	if strings.Contains(log, p.token) {
		c.Error("the token is in the manager's log")
	}
}

// explain shows the end of the log if the test has failed.
func (p *process) explain(t *testing.T) {
	if t.Failed() {
		lines := strings.Split(strings.ReplaceAll(p.text(), p.token, "[token]"), "\n")
		t.Logf("%s %s\n%s", p.cmd.Path, strings.Join(p.args, " "), strings.Join(lines[max(0, len(lines)-30):], "\n"))
	}
}

// awaitProbes waits until each probe of the Deployment succeeds.
func (c *cluster) awaitProbes(p *process) {
	c.Helper()
	container := c.deployment().Spec.Template.Spec.Containers[0]
	for _, path := range []string{container.StartupProbe.HTTPGet.Path, container.LivenessProbe.HTTPGet.Path, container.ReadinessProbe.HTTPGet.Path} {
		c.eventually(func() string {
			c.wantRunning(p)
			if status, body := c.get("http://"+p.address["health"]+path, ""); status != http.StatusOK {
				return path + ": " + body
			}
			return ""
		})
	}
}

// wantRunning ends the test if the process has ended by itself.
func (c *cluster) wantRunning(p *process) {
	c.Helper()
	select {
	case <-p.done:
		c.Fatalf("the manager has ended: %s", p.cmd.ProcessState)
	default:
	}
}

// get reads a URL, whatever its certificate; an error is the text of a status 0.
func (c *cluster) get(url, token string) (status int, body string) {
	c.Helper()
	req, err := http.NewRequestWithContext(c.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		c.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	transport := &http.Transport{
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true},
		DisableKeepAlives: true,
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err.Error()
	}
	return resp.StatusCode, string(text)
}

// writeFile writes a file of the test's folder that only its user reads.
func (c *cluster) writeFile(name, content string) {
	c.Helper()
	if err := os.WriteFile(filepath.Join(c.dir, name), []byte(content), 0o600); err != nil {
		c.Fatal(err)
	}
}

func (c *cluster) mkdir(name string) {
	c.Helper()
	if err := os.MkdirAll(filepath.Join(c.dir, name), 0o750); err != nil {
		c.Fatal(err)
	}
}
