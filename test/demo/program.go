// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// stopTimeout is how long a program may take to end when it is asked to.
const stopTimeout = 20 * time.Second

// quotedLines is how much of a program's log an error shows.
const quotedLines = 40

// errEnded means that a program ended before it was told to.
var errEnded = errors.New("ended by itself")

// program is one that runs beside the control plane and logs to a file.
type program struct {
	name     string
	log      string
	secret   string // not to be shown, whatever the log says
	cmd      *exec.Cmd
	stopping atomic.Bool
	done     chan struct{}
}

// launch starts one of the programs that build has built. If it ends before it is
// told to, the demo ends too.
func (s *stage) launch(name string, args ...string) (*program, error) {
	path := filepath.Join(s.cp.Dir(), name)
	p := &program{name: name, log: path + ".log", secret: s.token, done: make(chan struct{})}
	log, err := os.Create(p.log)
	if err != nil {
		return nil, err
	}
	// No context: it is asked to end, and so may take leave of the API server.
	p.cmd = exec.Command(path, args...) //nolint:noctx // ended by stop, or with the control plane
	p.cmd.Stdout, p.cmd.Stderr = log, log
	s.cp.Adopt(p.cmd)
	if err := p.cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("starting %s: %w", p.name, err), log.Close())
	}
	go func() {
		defer close(p.done)
		_ = p.cmd.Wait() // how it ended is in its state
		_ = log.Close()
		if !p.stopping.Load() {
			s.failed(fmt.Errorf("%s %w (%s)%s", p.name, errEnded, p.cmd.ProcessState, p.tail()))
		}
	}()
	return p, nil
}

// stop asks the program to end and waits for that.
func (p *program) stop() error {
	if p == nil {
		return nil
	}
	p.stopping.Store(true)
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it fails when the program has ended
	select {
	case <-p.done:
		return nil
	case <-time.After(stopTimeout):
		_ = p.cmd.Process.Kill()
		<-p.done
		return fmt.Errorf("%s did not end within %s", p.name, stopTimeout)
	}
}

// lines returns what the program has written so far.
func (p *program) lines() ([]string, error) {
	file, err := os.Open(p.log)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	var lines []string
	scanner := bufio.NewScanner(file)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		lines = append(lines, scanner.Text())
	}
	return lines, scanner.Err()
}

// tail is the end of the log, as a part of an error.
func (p *program) tail() string {
	lines, err := p.lines()
	if err != nil {
		return "; its log cannot be read: " + err.Error()
	}
	text := strings.Join(lines[max(0, len(lines)-quotedLines):], "\n")
	return "; the end of its log:\n" + strings.ReplaceAll(text, p.secret, "[token]")
}

// said waits for a line with the prefix and returns the rest of it.
func (p *program) said(ctx context.Context, prefix string) (rest string, err error) {
	err = eventually(ctx, func() error {
		lines, err := p.lines()
		for _, line := range lines {
			if after, ok := strings.CutPrefix(line, prefix); ok {
				rest = after
				return nil
			}
		}
		return errors.Join(err, fmt.Errorf("%s did not say %q", p.name, prefix))
	})
	return rest, err
}

const (
	pollInterval = 200 * time.Millisecond
	// patience is generous: a busy machine is slow, not broken.
	patience = time.Minute
)

// eventually tries until it succeeds, and gives up with the last error.
func eventually(ctx context.Context, try func() error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not within %s: %w", patience, err)
		case <-tick.C:
		}
	}
}
