// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controlplane

import (
	"fmt"
	"io"
	"os/exec"
	"syscall"
)

// guardScript waits until its input ends, which is when the program that started
// it stops or dies in whatever way. Then it takes the whole process group and the
// folder $1 away, itself last. The processes get a second to end by themselves,
// so that none of them writes to the folder while it is being removed.
const guardScript = `trap "" TERM; cat >/dev/null; kill -TERM 0; sleep 1; rm -rf "$1"; kill -KILL 0`

// group is a process group that dies with this program. Being another group than
// the terminal's, it is also spared the terminal's Ctrl-C, so that a program can
// wind down its manager before its API server.
type group struct {
	guard *exec.Cmd
	input io.Closer
	done  chan struct{}
}

// startGroup starts a group that owns the folder.
func startGroup(dir string) (*group, error) {
	// No context: the guard must outlive the caller's.
	guard := exec.Command("/bin/sh", "-c", guardScript, "guard", dir) //nolint:noctx // it ends when its input does
	guard.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	input, err := guard.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := guard.Start(); err != nil {
		return nil, fmt.Errorf("starting the guard of the process group: %w", err)
	}
	g := &group{guard: guard, input: input, done: make(chan struct{})}
	go func() {
		defer close(g.done)
		_ = guard.Wait() // it always dies by a signal
	}()
	return g, nil
}

// member makes a process that is yet to start a member of the group.
func (g *group) member() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pgid: g.guard.Process.Pid}
}

// stop kills what is left of the group at once and waits for the guard.
func (g *group) stop() {
	select {
	case <-g.done:
		return // its number may belong to somebody else by now
	default:
	}
	_ = syscall.Kill(-g.guard.Process.Pid, syscall.SIGKILL)
	<-g.done
	_ = g.input.Close()
}
