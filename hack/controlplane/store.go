// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// store is a directory of built programs. Several processes may use one at a
// time: a program appears there whole or not at all, and only one process
// builds.
type store struct {
	dir      string
	build    func(ctx context.Context, name, out string) error
	progress io.Writer
}

// ensure builds those of the named programs that are missing.
func (s store) ensure(ctx context.Context, names []string) error {
	for _, name := range names {
		if _, known := packages[name]; !known {
			return fmt.Errorf("unknown program %q", name)
		}
	}
	if len(s.missing(names)) == 0 {
		return nil
	}
	unlock, err := s.lock()
	if err != nil {
		return err
	}
	defer unlock()

	// The holder of the lock before may have built them.
	missing := s.missing(names)
	for i, name := range missing {
		start := time.Now()
		fmt.Fprintf(s.progress, "building %s (%d of %d) ...\n", name, i+1, len(missing))
		if err := s.install(ctx, name); err != nil {
			return fmt.Errorf("building %s: %w", name, err)
		}
		fmt.Fprintf(s.progress, "built %s in %s\n", name, time.Since(start).Round(time.Second))
	}
	return nil
}

// missing returns those of the named programs that are not built.
func (s store) missing(names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		info, err := os.Stat(filepath.Join(s.dir, name))
		return err == nil && info.Mode().IsRegular()
	})
}

// install builds one program beside its place and moves it there, so that
// nobody ever runs half a program.
func (s store) install(ctx context.Context, name string) error {
	tmp, err := os.MkdirTemp(s.dir, ".building-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(tmp) }()
	out := filepath.Join(tmp, name)
	if err := s.build(ctx, name, out); err != nil {
		return err
	}
	return os.Rename(out, filepath.Join(s.dir, name))
}

// lock makes this the only builder in the directory. The kernel lets go of the
// lock when its holder dies, so a killed build blocks nobody.
func (s store) lock() (unlock func(), err error) {
	if err := os.MkdirAll(s.dir, 0o750); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(filepath.Join(s.dir, ".lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	err = flock(file, syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		fmt.Fprintln(s.progress, "waiting for another build in", s.dir)
		err = flock(file, syscall.LOCK_EX)
	}
	if err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("locking %s: %w", file.Name(), err)
	}
	return func() { _ = file.Close() }, nil
}

// flock locks the file, starting over when a signal interrupts it.
func flock(file *os.File, how int) error {
	for {
		err := syscall.Flock(int(file.Fd()), how)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}
