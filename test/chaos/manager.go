// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// keptLog is how much of a manager's log is kept, in bytes.
const keptLog = 16 << 10

// errEnded means that a manager ended by itself: it could not reach the API
// server, or lost the lease. Kubernetes would start it again, and so it is here.
var errEnded = errors.New("the manager has ended")

// manager is one process of the operator. Its log goes through Write.
type manager struct {
	cmd   *exec.Cmd
	token string
	done  chan struct{} // closed when it has ended
	works chan struct{} // closed when its workers have started: with an election, when it leads

	mu        sync.Mutex
	tail      []byte
	working   bool
	forbidden []string
}

// launch starts a manager.
func (s *stage) launch(flags ...string) (*manager, error) {
	m := &manager{token: s.token, done: make(chan struct{}), works: make(chan struct{})}
	args := append([]string{
		"--kubeconfig=" + s.kubeconfig, "--operator-namespace=" + operatorNamespace, "--health-probe-bind-address=0",
	}, flags...)
	m.cmd = exec.Command(filepath.Join(s.cp.Dir(), "manager"), args...) //nolint:noctx // killed by clear, or with the control plane
	m.cmd.Stdout, m.cmd.Stderr = m, m
	s.cp.Adopt(m.cmd)
	if err := m.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting a manager: %w", err)
	}
	s.managers = append(s.managers, m)
	go func() {
		defer close(m.done)
		_ = m.cmd.Wait() // how it ended is of no interest: it is killed most of the time
	}()
	return m, nil
}

// Write takes a part of the log: whole lines, as the manager writes them.
func (m *manager) Write(p []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tail = append(m.tail, p...)
	m.tail = m.tail[max(0, len(m.tail)-keptLog):]
	if !m.working && bytes.Contains(m.tail, []byte("Starting workers")) {
		m.working = true
		close(m.works)
	}
	for _, text := range []string{m.token, "panic:", "goroutine 1 ["} {
		if bytes.Contains(p, []byte(text)) {
			m.forbidden = append(m.forbidden, strings.ReplaceAll(string(p), m.token, "[token]"))
			break
		}
	}
	return len(p), nil
}

// awaitWork waits until the manager works.
func (m *manager) awaitWork(ctx context.Context, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case <-m.works:
		return nil
	case <-m.done:
		return errEnded
	case <-ctx.Done():
		return fmt.Errorf("the manager does not work: %w", context.Cause(ctx))
	}
}

func (m *manager) isWorking() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.working
}

func (m *manager) hasEnded() bool {
	select {
	case <-m.done:
		return true
	default:
		return false
	}
}

// kill ends the process as a crash would, and tells whether it was still there.
func (m *manager) kill() bool {
	alive := !m.hasEnded()
	_ = m.cmd.Process.Kill() // it may have ended
	<-m.done
	return alive
}

func (m *manager) signal(sig syscall.Signal) { _ = m.cmd.Process.Signal(sig) } // it may have ended

// end waits for the manager to end by itself, and kills it if it does not.
func (m *manager) end(patience time.Duration) {
	select {
	case <-m.done:
	case <-time.After(patience):
		m.kill()
	}
}

// forbiddenLogLines returns what must never stand in a log, and does.
func (m *manager) forbiddenLogLines() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.forbidden
}

// logTail is the end of the log.
func (m *manager) logTail() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return strings.ReplaceAll(string(m.tail), m.token, "[token]")
}
