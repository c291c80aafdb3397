// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// stopTimeout is how long the tests may take to end when they are asked to.
const stopTimeout = 2 * time.Minute

// guardScript waits until its input ends, which is when the program that started
// it ends in whatever way; the namespaces are dying then. It removes the folder $1
// and the control groups called $2, which can be removed once they are empty.
const guardScript = `trap "" INT TERM; cat >/dev/null
for i in $(seq 100); do
  rm -rf "$1" 2>/dev/null
  for top in /sys/fs/cgroup /sys/fs/cgroup/*; do
    [ -d "$top/$2" ] && find "$top/$2" -depth -type d -exec rmdir {} + 2>/dev/null
  done
  [ -e "$1" ] || [ -n "$(find /sys/fs/cgroup -maxdepth 2 -name "$2")" ] || exit 0
  sleep 0.1
done
echo "left behind: $1, control groups $2" >&2; exit 1`

// Enter runs this program with its arguments in namespaces of its own and returns
// how it ended. When ctx ends it is asked to end, and is killed when it does not.
// In the namespaces Enter does not return for the process that is their first one,
// which only starts the program and reaps orphans.
func Enter(ctx context.Context) error {
	if os.Getenv(roleVariable) == "init" {
		os.Exit(beInit())
	}
	if err := checkMachine(); err != nil {
		return err
	}
	// When the process that started this is killed, the node is asked to end too.
	if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_PDEATHSIG, uintptr(syscall.SIGTERM), 0); errno != 0 {
		return fmt.Errorf("following the parent: %w", errno)
	}
	folder, err := os.MkdirTemp("", "klink-node-")
	if err != nil {
		return err
	}
	guard, err := startGuard(folder)
	if err != nil {
		return errors.Join(err, os.RemoveAll(folder))
	}
	return errors.Join(runInside(ctx, folder), guard.release())
}

// checkMachine says what this machine lacks, all at once.
func checkMachine() error {
	var lacks []string
	if os.Geteuid() != 0 {
		lacks = append(lacks, "the user root")
	}
	for program, debian := range map[string]string{
		"containerd": "containerd", "ctr": "containerd", "runc": "runc", "ip": "iproute2", "mount": "mount",
	} {
		if _, err := exec.LookPath(program); err != nil {
			lacks = append(lacks, program+" (Debian package "+debian+")")
		}
	}
	if _, err := os.Stat(filepath.Join(pluginFolder, "bridge")); err != nil {
		lacks = append(lacks, pluginFolder+"/bridge (Debian package containernetworking-plugins)")
	}
	if len(lacks) > 0 {
		return fmt.Errorf("a node cannot be brought up here: it needs %s", strings.Join(lacks, ", "))
	}
	return nil
}

type guard struct {
	cmd   *exec.Cmd
	input io.Closer
}

func startGuard(folder string) (*guard, error) {
	// No context: the guard outlives everything else.
	cmd := exec.Command("/bin/sh", "-c", guardScript, "guard", folder, filepath.Base(folder)) //nolint:noctx // it ends when its input does
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Stderr = os.Stderr
	input, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the guard: %w", err)
	}
	return &guard{cmd: cmd, input: input}, nil
}

// release lets the guard clean up and waits for that.
func (g *guard) release() error {
	_ = g.input.Close()
	if err := g.cmd.Wait(); err != nil {
		return fmt.Errorf("taking the node down: %w", err)
	}
	return nil
}

// runInside starts this program as the first process of new namespaces and waits
// for its end.
func runInside(ctx context.Context, folder string) error {
	// The kernel kills the child when the thread that started it ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := exec.CommandContext(ctx, "/proc/self/exe", os.Args[1:]...)
	cmd.Env = append(os.Environ(), roleVariable+"=init", folderVariable+"="+folder)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS | syscall.CLONE_NEWNET | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC,
		Pdeathsig:  syscall.SIGKILL,
		Setpgid:    true, // the terminal's Ctrl-C comes by way of ctx
	}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = stopTimeout
	err := cmd.Run()
	if ended := new(exec.ExitError); errors.As(err, &ended) {
		return fmt.Errorf("in the node's namespaces: %w", err)
	}
	return err
}
