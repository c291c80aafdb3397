// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Command demo shows the life of a group, from its creation to its deletion, on a
// control plane and a stand-in API of its own. It checks everything it shows and
// exits with 1 where something is not so: it is a test as well.
//
// With -playground it starts the same and leaves it running until Ctrl-C.
//
// What belongs here is what a user would do by hand; corner cases belong into
// the tests.
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
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	playground := flags.Bool("playground", false, "start everything and leave it running until Ctrl-C")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%q is no flag", flags.Arg(0))
	}
	// What ends this context says why: a signal, or a program that ended.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go watchParent(ctx, cancel)

	acts := story
	if *playground {
		acts = play
	}
	return perform(ctx, cancel, out, acts)
}

// perform sets the stage, runs the acts in turn and clears everything away,
// however they end.
func perform(ctx context.Context, cancel context.CancelCauseFunc, out io.Writer, acts []act) (err error) {
	s, err := setStage(ctx, cancel, out)
	if err != nil {
		if ctx.Err() != nil {
			return errors.Join(context.Cause(ctx), err)
		}
		return err
	}
	defer func() { err = errors.Join(err, s.clear()) }()
	for _, a := range acts {
		s.narrator.heading(ctx, a.title)
		switch err := a.do(ctx, s); {
		case err == nil:
		case ctx.Err() != nil:
			return context.Cause(ctx)
		default:
			return s.explain(fmt.Errorf("%s: %w", a.title, err))
		}
	}
	return nil
}

// watchParent ends the demo with the program that started it: go run dies of a
// SIGTERM and does not pass it on.
func watchParent(ctx context.Context, cancel context.CancelCauseFunc) {
	parent := os.Getppid()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if os.Getppid() != parent {
				cancel(errors.New("the program that started the demo has ended"))
				return
			}
		}
	}
}
