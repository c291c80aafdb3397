// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package node

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
)

// replaced are folders of the machine in whose place the node has its own, and
// overlaid those that it sees, but writes to a copy of: what is in them may be
// needed, a checkout for example.
var (
	replaced = []string{"/run", "/var/log"}
	overlaid = []string{"/var/lib"}
)

// beInit is what the first process of the namespaces does: it prepares them, starts
// the tests, passes signals on to them and reaps what is orphaned, which a program
// that starts others by os/exec cannot do beside. It returns the tests' exit code.
func beInit() int {
	if err := prepareNamespaces(os.Getenv(folderVariable)); err != nil {
		fmt.Fprintln(os.Stderr, "preparing the node's namespaces:", err)
		return 1
	}
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	tests := exec.Command("/proc/self/exe", os.Args[1:]...) //nolint:noctx // signals are passed on to it
	// Whatever is put into a temporary folder goes with the node.
	tests.Env = append(os.Environ(), roleVariable+"=tests", "TMPDIR="+os.Getenv(folderVariable))
	tests.Stdout, tests.Stderr = os.Stdout, os.Stderr
	if err := tests.Start(); err != nil {
		fmt.Fprintln(os.Stderr, "starting the tests:", err)
		return 1
	}
	go func() {
		for range signals {
			_ = tests.Process.Signal(syscall.SIGTERM) // it fails when they have just ended
		}
	}()
	return reapUntil(tests.Process.Pid)
}

// reapUntil waits for every child until the given one ends.
func reapUntil(pid int) int {
	for {
		var status syscall.WaitStatus
		ended, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
		case err != nil:
			fmt.Fprintln(os.Stderr, "waiting for the tests:", err)
			return 1
		case ended == pid && status.Exited():
			return status.ExitStatus()
		case ended == pid:
			return 128 + int(status.Signal())
		}
	}
}

// prepareNamespaces parts the mounts from the machine's and puts folders of the
// node in the place of the machine's own.
func prepareNamespaces(folder string) error {
	// Private first, so that nothing is seen outside; then shared again, which a
	// kubelet asks of its root.
	for _, how := range []uintptr{syscall.MS_PRIVATE, syscall.MS_SHARED} {
		if err := syscall.Mount("", "/", "", how|syscall.MS_REC, ""); err != nil {
			return fmt.Errorf("mount propagation: %w", err)
		}
	}
	if err := syscall.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("mounting /proc: %w", err)
	}
	for _, target := range replaced {
		source := filepath.Join(folder, "root", target)
		if err := os.MkdirAll(source, 0o755); err != nil { //nolint:gosec // as the folder it stands for
			return err
		}
		if err := syscall.Mount(source, target, "", syscall.MS_BIND, ""); err != nil {
			return fmt.Errorf("mounting over %s: %w", target, err)
		}
	}
	for _, target := range overlaid {
		if err := mountOverlay(folder, target); err != nil {
			return fmt.Errorf("mounting over %s: %w", target, err)
		}
	}
	return syscall.Sethostname([]byte(Name))
}

// mountOverlay lets what is written to the target go to the folder instead.
func mountOverlay(folder, target string) error {
	upper, work := filepath.Join(folder, "root", target), filepath.Join(folder, "work", target)
	for _, dir := range []string{upper, work} {
		if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // as the folder it stands for
			return err
		}
	}
	return syscall.Mount("overlay", target, "overlay", 0, "lowerdir="+target+",upperdir="+upper+",workdir="+work)
}
