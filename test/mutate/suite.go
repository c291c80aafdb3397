// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// suite is a compiled test program and what each of its tests reaches.
type suite struct {
	binary, folder string
	args           []string // beside those that choose tests
	without        string   // the tests that do not take part, as a pattern
	tests          []test   // the fastest first
}

// test is one test function without a break.
type test struct {
	name    string
	took    time.Duration
	reached map[int]bool // the numbers of mutants
}

// slow is what a test takes that runs alone, and only where the faster ones notice nothing.
const slow = 300 * time.Millisecond

// memory is what a test program may take, in KiB: a loop without an end may fill memory.
const memory = 12 << 20

// measure runs each test alone, without a break, and notes what it reaches. Tests that do
// not pass so prove nothing.
func (s *suite) measure(ctx context.Context, names []string, workers int) error {
	var mu sync.Mutex
	var failures error
	queue := make(chan string)
	var wait sync.WaitGroup
	for range workers {
		wait.Go(func() {
			for name := range queue {
				t, err := s.measureOne(ctx, name)
				mu.Lock()
				s.tests, failures = append(s.tests, t), errors.Join(failures, err)
				mu.Unlock()
			}
		})
	}
	for _, name := range names {
		queue <- name
	}
	close(queue)
	wait.Wait()
	slices.SortFunc(s.tests, func(a, b test) int { return int(a.took - b.took) })
	return failures
}

func (s *suite) measureOne(ctx context.Context, name string) (t test, err error) {
	told, err := os.CreateTemp(filepath.Dir(s.binary), "reached-")
	if err != nil {
		return t, fmt.Errorf("making room: %w", err)
	}
	defer func() { err = errors.Join(err, told.Close(), os.Remove(told.Name())) }()
	began := time.Now()
	passed, said, err := s.run(ctx, []string{name}, 10*time.Minute, "MUTANTS_REACHED="+told.Name())
	if err != nil {
		return t, err
	}
	if !passed {
		return t, fmt.Errorf("%s fails in %s with nothing broken:\n%s", name, s.folder, said)
	}
	t = test{name, time.Since(began), map[int]bool{}}
	text, err := os.ReadFile(told.Name())
	for line := range strings.FieldsSeq(string(text)) {
		number, _ := strconv.Atoi(line)
		t.reached[number] = true
	}
	return t, err //nolint:wrapcheck // it names its file
}

// notices tells whether a test that reaches a mutant fails with it.
func (s *suite) notices(ctx context.Context, number int) (bool, error) {
	for _, b := range s.batches(number) {
		passed, _, err := s.run(ctx, b.names, 10*b.took+10*time.Second, "MUTANT="+strconv.Itoa(number))
		if err != nil || !passed {
			return err == nil, err
		}
	}
	return false, nil
}

// batch is what one run of the program tests.
type batch struct {
	names []string
	took  time.Duration
}

// batches are the tests that reach a mutant: the fast ones together, then each slow one.
func (s *suite) batches(number int) []batch {
	var all []batch
	for _, t := range s.tests {
		if !t.reached[number] {
			continue
		}
		if len(all) == 0 || t.took > slow {
			all = append(all, batch{})
		}
		last := &all[len(all)-1]
		last.names, last.took = append(last.names, t.name), last.took+t.took
	}
	return all
}

// run runs some tests, and returns whether they passed and what they said.
func (s *suite) run(ctx context.Context, names []string, atMost time.Duration, environment string) (bool, []byte, error) {
	args := append([]string{
		"-c", fmt.Sprintf(`ulimit -v %d; exec "$0" "$@"`, memory), s.binary,
		"-test.run=^(" + strings.Join(names, "|") + ")$", "-test.failfast", "-test.timeout=" + atMost.String(),
	}, s.args...)
	cmd := exec.CommandContext(ctx, "/bin/sh", args...)
	cmd.Dir = s.folder
	cmd.Env = append(os.Environ(), environment)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // what a test starts has to go with it
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	err := cmd.Run()
	var failed *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return false, nil, context.Cause(ctx) //nolint:wrapcheck // it was interrupted
	case err == nil:
		return true, said.Bytes(), nil
	case errors.As(err, &failed):
		return false, said.Bytes(), nil
	}
	return false, nil, fmt.Errorf("running %s: %w", s.binary, err)
}

// names lists the tests of a program that take part; benchmarks never do.
func (s *suite) names(ctx context.Context) (names []string, err error) {
	without, err := regexp.Compile(s.without)
	if err != nil {
		return nil, fmt.Errorf("choosing the tests of %s: %w", s.folder, err)
	}
	cmd := exec.CommandContext(ctx, s.binary, "-test.list=.")
	cmd.Dir = s.folder
	text, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("listing the tests of %s: %w", s.folder, err)
	}
	for name := range strings.FieldsSeq(string(text)) {
		if !strings.HasPrefix(name, "Benchmark") && (s.without == "" || !without.MatchString(name)) {
			names = append(names, name)
		}
	}
	return names, nil
}
