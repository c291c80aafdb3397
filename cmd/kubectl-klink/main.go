// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Command kubectl-klink is a kubectl plugin: kubectl klink. docs/plugin.md describes it.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"k8s.io/cli-runtime/pkg/genericiooptions"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/klink-cloud/klink-operator/internal/plugin"
)

// grace is how long an interrupted command has to clean up.
const grace = 500 * time.Millisecond

func main() {
	ctrllog.SetLogger(ctrllog.Log.WithSink(nil)) // a client must not complain that nobody set it
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// What waits without a context, such as for a terminal's input, is not waited for.
	context.AfterFunc(ctx, func() {
		time.Sleep(grace)
		os.Exit(plugin.ExitInterrupted)
	})
	code := plugin.Run(ctx, os.Args[1:], genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr}, os.Getenv)
	stop()
	os.Exit(code)
}
