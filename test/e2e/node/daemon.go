// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

const (
	pollInterval = 200 * time.Millisecond
	// patience is generous: a busy machine is slow, not broken.
	patience = 3 * time.Minute
	// quoted is how much of a log an error shows, in bytes.
	quoted = 2048
)

// daemon is a program that runs as long as the node does.
type daemon struct {
	name string
	log  string
	cmd  *exec.Cmd
	done chan struct{}
}

// startDaemon starts the program and waits until it is ready.
func startDaemon(ctx context.Context, folder, path string, args []string, ready func(context.Context) error) (*daemon, error) {
	d := &daemon{name: filepath.Base(path), done: make(chan struct{})}
	d.log = filepath.Join(folder, d.name+".log")
	log, err := os.Create(d.log)
	if err != nil {
		return nil, err
	}
	// No context: it ends by stop, or with the namespace of processes.
	d.cmd = exec.Command(path, args...) //nolint:noctx // as above
	d.cmd.Stdout, d.cmd.Stderr = log, log
	if err := d.cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("starting %s: %w", d.name, err), log.Close())
	}
	go func() {
		defer close(d.done)
		_ = d.cmd.Wait() // how it ended is in its log
		_ = log.Close()
	}()
	if err := d.wait(ctx, ready); err != nil {
		d.stop()
		return nil, fmt.Errorf("starting %s: %w\n%s", d.name, err, tail(d.log))
	}
	return d, nil
}

// wait waits until the daemon is ready or ends.
func (d *daemon) wait(ctx context.Context, ready func(context.Context) error) error {
	return eventually(ctx, func(ctx context.Context) error {
		select {
		case <-d.done:
			return fmt.Errorf("%w: it has ended", errHopeless)
		default:
			return ready(ctx)
		}
	})
}

// stop kills the daemon and waits for its end.
func (d *daemon) stop() {
	_ = d.cmd.Process.Kill() // it fails when the daemon has ended
	<-d.done
}

// errHopeless ends eventually early.
var errHopeless = errors.New("hopeless")

// eventually tries until it succeeds, and gives up with the last error.
func eventually(ctx context.Context, try func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		err := try(ctx)
		if err == nil || errors.Is(err, errHopeless) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not within %s: %w", patience, err)
		case <-tick.C:
		}
	}
}

// tail is the end of a log.
func tail(file string) string {
	content, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	return string(content[max(0, len(content)-quoted):])
}
