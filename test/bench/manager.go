// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/klink-cloud/klink-operator/test/harness/controlplane"
)

// profiled is a manager that also serves its profile. The one that is shipped does not.
const profiled = `package main

import (
	"net/http"
	_ "net/http/pprof"
	"os"
)

func init() { go func() { _ = http.ListenAndServe(os.Getenv("PROFILE_ADDRESS"), nil) }() }
`

// build builds the manager. With a folder for profiles it serves them.
func build(ctx context.Context, root, to string, profile bool) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-o", to, "./cmd/manager")
	cmd.Dir = root
	if profile {
		source := filepath.Join(filepath.Dir(to), "profile.go")
		overlay := filepath.Join(filepath.Dir(to), "overlay.json")
		text := fmt.Sprintf(`{"Replace": {%q: %q}}`, filepath.Join(root, "cmd", "manager", "profile.go"), source)
		if err := errors.Join(os.WriteFile(source, []byte(profiled), 0o600), os.WriteFile(overlay, []byte(text), 0o600)); err != nil {
			return fmt.Errorf("adding the profile to the manager: %w", err)
		}
		cmd.Args = append(cmd.Args[:2], append([]string{"-overlay", overlay}, cmd.Args[2:]...)...)
	}
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, text)
	}
	return nil
}

// process is a manager while it runs. It is stopped and looked at, from outside.
type process struct {
	cmd       *exec.Cmd
	profileAt string
}

// start starts the manager, a process of its own.
func (w *world) start(ctx context.Context) error {
	cmd := exec.Command(w.program, "--kubeconfig="+w.cp.Kubeconfig(), "--operator-namespace="+w.other, //nolint:noctx // stopped below
		"--watch-namespaces="+w.mass+","+w.other, "--metrics-bind-address=0", "--health-probe-bind-address=0")
	if w.profile != "" {
		ports, err := controlplane.FreePorts(ctx, 1)
		if err != nil {
			return fmt.Errorf("finding a free port: %w", err)
		}
		address := fmt.Sprintf("127.0.0.1:%d", ports[0])
		w.manager.profileAt = address
		cmd.Env = append(os.Environ(), "PROFILE_ADDRESS="+address)
	}
	w.cp.Adopt(cmd)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting the manager: %w", err)
	}
	w.manager.cmd = cmd
	return nil
}

func (p *process) stop() {
	if p.cmd != nil {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
		p.cmd = nil
	}
}

// pause stops the manager where it is, while something else is measured or made ready.
func (p *process) pause() error { return p.cmd.Process.Signal(syscall.SIGSTOP) }

func (p *process) resume() error { return p.cmd.Process.Signal(syscall.SIGCONT) }

// keepProfile fetches a profile of the manager's ("heap", or "profile?seconds=10"), where
// -profile names a folder for it.
func (w *world) keepProfile(ctx context.Context, what, name string) error {
	if w.profile == "" {
		return nil
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+w.manager.profileAt+"/debug/pprof/"+what, nil)
	if err != nil {
		return fmt.Errorf("asking for a profile: %w", err)
	}
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("asking for a profile: %w", err)
	}
	defer func() { _ = reply.Body.Close() }()
	file, err := os.Create(filepath.Join(w.profile, w.scenario+"-"+name+".pprof"))
	if err != nil {
		return fmt.Errorf("keeping a profile: %w", err)
	}
	_, err = io.Copy(file, reply.Body)
	return errors.Join(err, file.Close())
}

// memory reads a figure of the manager's from /proc, in MB.
func (p *process) memory(name string) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("reading the manager's memory: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == name+":" {
			kb, err := strconv.ParseFloat(fields[1], 64)
			return kb / 1024, err
		}
	}
	return 0, fmt.Errorf("the manager's status has no %s", name)
}

// stat is what /proc tells of a process: the group that it is of, and what it has used of
// the processor so far.
type stat struct {
	group   string
	seconds float64
}

func statOf(pid string) (s stat, _ error) {
	text, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return s, fmt.Errorf("reading a process's processor time: %w", err)
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	for _, field := range fields[11:13] { // in user and in system mode, in hundredths
		n, err := strconv.ParseFloat(field, 64)
		if err != nil {
			return s, fmt.Errorf("reading a process's processor time: %w", err)
		}
		s.seconds += n / 100
	}
	s.group = fields[2]
	return s, nil
}

// used is what the manager and the control plane have used of the processor, in seconds.
// That tells more than time where other programs run too.
type used struct{ manager, controlPlane float64 }

func (u used) since(before used) used {
	return used{u.manager - before.manager, u.controlPlane - before.controlPlane}
}

func (u used) plus(more used) used {
	return used{u.manager + more.manager, u.controlPlane + more.controlPlane}
}

func (p *process) used() (u used, _ error) {
	own := strconv.Itoa(p.cmd.Process.Pid)
	manager, err := statOf(own)
	if err != nil {
		return u, err
	}
	processes, err := filepath.Glob("/proc/[0-9]*")
	for _, other := range processes {
		pid := filepath.Base(other)
		s, err := statOf(pid)
		if err == nil && pid != own && s.group == manager.group { // all others end with the control plane
			u.controlPlane += s.seconds
		}
	}
	u.manager = manager.seconds
	return u, err
}

// load is the machine's load average of the last minute: whatever else it does makes
// figures worse.
func load() float64 {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0 // where there is none, none is told
	}
	one, _, _ := strings.Cut(string(text), " ")
	value, _ := strconv.ParseFloat(one, 64)
	return value
}

// sleep waits, unless it is over before.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
