// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Command klink-simulator is a stand-in for the klink.cloud groups API: to try a GitOps flow without an account, and
// to see what the operator does when the API is slow, limited, wrong or gone. What it can do is in
// internal/simulator; here are only its flags and its listeners. docs/simulator.md describes it for users.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/klink-cloud/klink-operator/internal/version"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		os.Exit(2) // the flag package has said what is wrong
	case err != nil:
		fmt.Fprintln(os.Stderr, "klink-simulator:", err)
		os.Exit(1)
	}
}

// run does all that the program does, until ctx ends. stdout gets the lines that say where it listens, stderr the log.
func run(ctx context.Context, args []string, env func(string) string, stdout, stderr io.Writer) error {
	c, err := parse(args, stderr)
	if err != nil {
		return err
	}
	if c.version {
		_, err := fmt.Fprintln(stdout, "klink-simulator", version.Version)
		return err
	}
	server, err := c.server(env, stderr)
	if err != nil {
		return err
	}
	defer server.Close()
	return c.serve(ctx, server, stdout)
}
