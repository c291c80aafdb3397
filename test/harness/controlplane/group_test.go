// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controlplane

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// alive says whether a process of that number exists.
func alive(pid int) bool {
	return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}

// childEnv makes a run of this test program start a group with a process in it
// and wait to be killed.
const childEnv = "KLINK_CONTROLPLANE_TEST_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childEnv); dir != "" {
		if err := beParent(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// beParent starts a group and a process that refuses to end politely, prints
// their numbers and waits for ever.
func beParent(dir string) error {
	g, err := startGroup(dir)
	if err != nil {
		return err
	}
	p := &Process{
		name: "stubborn", path: "/bin/sh", args: []string{"-c", `trap "" TERM; while :; do sleep 1; done`},
		logFile: dir + "/log", group: g, ready: func(context.Context) error { return nil },
	}
	if err := p.Start(context.Background()); err != nil {
		return err
	}
	fmt.Println(g.guard.Process.Pid, p.PID())
	time.Sleep(time.Hour)
	return errors.New("nobody killed this process")
}

func TestGroupDiesWithItsProgram(t *testing.T) {
	dir := t.TempDir()
	program := exec.CommandContext(t.Context(), os.Args[0])
	program.Env = append(os.Environ(), childEnv+"="+dir)
	program.Stderr = os.Stderr
	out, err := program.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	line, readErr := bufio.NewReader(out).ReadString('\n')
	if err := program.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := program.Wait(); err == nil || readErr != nil {
		t.Fatalf("the program ended with %v, its output with %v", err, readErr)
	}

	for _, field := range strings.Fields(line) {
		pid, err := strconv.Atoi(field)
		if err != nil {
			t.Fatal(err)
		}
		eventually(t, "the end of process "+field, func(context.Context) (bool, error) { return !alive(pid), nil })
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the folder is still there: %v", err)
	}
}

func TestProcessThatEndsIsNotReady(t *testing.T) {
	dir := t.TempDir()
	g, err := startGroup(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer g.stop()
	p := &Process{
		name: "short", path: "/bin/sh", args: []string{"-c", "echo cannot bind >&2; exit 3"},
		logFile: dir + "/log", group: g,
		ready: func(context.Context) error { return errors.New("not yet") },
	}
	err = p.Start(t.Context())
	if !errors.Is(err, errExited) || !strings.Contains(err.Error(), "cannot bind") {
		t.Errorf("error %v, want that it exited, with the end of its log", err)
	}
	if p.PID() != 0 {
		t.Error("an ended process has a pid")
	}
}
