// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controlplane

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

const (
	pollInterval = 50 * time.Millisecond
	// startTimeout is generous: a busy machine is slow, not broken.
	startTimeout = 2 * time.Minute
	// quoted is how much of a log a failed start quotes, in bytes.
	quoted = 4096
)

// errExited means that a process ended before it was ready.
var errExited = errors.New("exited")

// Process is one program of the control plane. It keeps its arguments, ports and
// data over any number of ends and starts.
type Process struct {
	name    string
	path    string
	args    []string
	logFile string
	log     io.Writer
	ready   func(context.Context) error
	group   *group

	mu   sync.Mutex
	cmd  *exec.Cmd
	done chan struct{} // closed when cmd has ended
}

// Start starts the process, unless it runs, and waits until it is ready. A
// process that does not get ready is killed.
func (p *Process) Start(ctx context.Context) error {
	done, err := p.spawn()
	if err != nil {
		return fmt.Errorf("starting %s: %w", p.name, err)
	}
	if err := p.waitReady(ctx, done); err != nil {
		p.Kill()
		return fmt.Errorf("starting %s: %w\n%s", p.name, err, p.logTail())
	}
	return nil
}

// PID is the process's number, 0 if it does not run.
func (p *Process) PID() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.running() {
		return 0
	}
	return p.cmd.Process.Pid
}

// Kill ends the process at once, as a crash does, and waits for its end.
func (p *Process) Kill() { p.end(syscall.SIGKILL) }

// Terminate asks the process to end and waits for its end.
func (p *Process) Terminate() { p.end(syscall.SIGTERM) }

// Pause stops the process without ending it: connections stay open and nothing
// answers. Kill works on a paused process, Terminate does not.
func (p *Process) Pause() { p.signal(syscall.SIGSTOP) }

// Resume lets a paused process go on.
func (p *Process) Resume() { p.signal(syscall.SIGCONT) }

// Restart kills the process and starts it again.
func (p *Process) Restart(ctx context.Context) error {
	p.Kill()
	return p.Start(ctx)
}

// spawn starts the program, unless it runs, and returns a channel that is closed
// when it ends.
func (p *Process) spawn() (<-chan struct{}, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running() {
		return p.done, nil
	}
	log, err := os.OpenFile(p.logFile, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	// No context: the process outlives the one that bounds its start.
	cmd := exec.Command(p.path, p.args...) //nolint:noctx // ended by Kill, or with the group
	cmd.SysProcAttr = p.group.member()
	cmd.Stdout, cmd.Stderr = log, log
	if p.log != nil {
		out := io.MultiWriter(log, p.log)
		cmd.Stdout, cmd.Stderr = out, out
	}
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, log.Close())
	}
	done := make(chan struct{})
	p.cmd, p.done = cmd, done
	go func() {
		defer close(done)
		_ = cmd.Wait() // how it ended is in its log
		_ = log.Close()
	}()
	return done, nil
}

// waitReady polls until the process is ready, ends, or takes too long.
func (p *Process) waitReady(ctx context.Context, done <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		err := p.ready(ctx)
		if err == nil {
			return p.stillRuns(done)
		}
		select {
		case <-done:
			return errExited
		case <-ctx.Done():
			return fmt.Errorf("not ready: %w", err)
		case <-tick.C:
		}
	}
}

// stillRuns guards against another process that answered on a port that this one
// then failed to bind.
func (p *Process) stillRuns(done <-chan struct{}) error {
	select {
	case <-done:
		return errExited
	default:
		return nil
	}
}

// end sends the signal and waits for the end of the process.
func (p *Process) end(sig syscall.Signal) {
	p.signal(sig)
	p.mu.Lock()
	done := p.done
	p.mu.Unlock()
	if done != nil {
		<-done
	}
}

// signal sends the signal, if the process runs.
func (p *Process) signal(sig syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running() {
		_ = p.cmd.Process.Signal(sig) // it fails when the process has just ended
	}
}

// running says whether the process was started and has not ended.
func (p *Process) running() bool {
	if p.cmd == nil {
		return false
	}
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// logTail returns the end of what the process wrote.
func (p *Process) logTail() string {
	content, err := os.ReadFile(p.logFile)
	if err != nil {
		return err.Error()
	}
	return string(content[max(0, len(content)-quoted):])
}
