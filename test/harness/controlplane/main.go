// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controlplane

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"
)

// Main is a TestMain: it starts a control plane, hands it to use, runs the
// package's tests and exits with their result, leaving nothing behind. An
// interrupt ends the control plane too.
func Main(m *testing.M, opts Options, use func(*ControlPlane)) {
	os.Exit(run(m, opts, use))
}

// run returns the exit code, so that what it defers happens before the exit.
func run(m *testing.M, opts Options, use func(*ControlPlane)) int {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	cp, err := Start(ctx, opts)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	use(cp)

	code := make(chan int, 1)
	go func() { code <- m.Run() }()
	result := 1
	select {
	case result = <-code:
	case <-ctx.Done():
	}
	if err := cp.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return result
}
