// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Command kubectl-klink is a kubectl plugin: kubectl klink. docs/plugin.md describes it.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"k8s.io/cli-runtime/pkg/genericiooptions"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/klink-cloud/klink-operator/internal/plugin"
)

func main() {
	ctrllog.SetLogger(ctrllog.Log.WithSink(nil)) // a client must not complain that nobody set it
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := plugin.Run(ctx, os.Args[1:], genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr}, os.Getenv)
	stop()
	os.Exit(code)
}
