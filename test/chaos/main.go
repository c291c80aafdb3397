// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Command chaos proves the operator's first promise the hard way: it kills the
// real manager again and again while people create, change and delete Groups, the
// network loses replies, and the API server and etcd go down. At the end it counts
// what it finds at the stand-in API: one remote group for each Group, and nothing
// left behind. It exits with 1 where that is not so.
//
// What happens, and when, depends on -seed as far as real processes let it: the
// choices repeat, the moments do not. Schedules that repeat exactly, in virtual
// time, are those of test/simulation.
//
// What belongs here is what needs real processes to die; a fault that a test can
// set up by itself belongs into test/integration.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// options are what is asked for.
type options struct {
	kills, groups int
	seed          uint64
	timeout       time.Duration
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	var o options
	flags := flag.NewFlagSet("chaos", flag.ContinueOnError)
	flags.IntVar(&o.kills, "kills", 300, "how many working managers are killed")
	flags.IntVar(&o.groups, "groups", 300, "how many Groups are created meanwhile")
	flags.Uint64Var(&o.seed, "seed", 0, "what the choices depend on; 0 picks one")
	flags.DurationVar(&o.timeout, "timeout", 20*time.Minute, "how long all of it may take")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%q is no flag", flags.Arg(0))
	}
	if o.kills < 1 || o.groups < 1 {
		return errors.New("-kills and -groups: at least one is needed")
	}
	if o.seed == 0 {
		o.seed = rand.Uint64() //nolint:gosec // it is no secret
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go watchParent(ctx, cancel)
	ctx, expire := context.WithTimeoutCause(ctx, o.timeout, fmt.Errorf("%w of %s is over (-timeout)", errTimeout, o.timeout))
	defer expire()
	err := perform(ctx, cancel, o, out)
	if err != nil && ctx.Err() != nil {
		return errors.Join(context.Cause(ctx), err)
	}
	return err
}

// errTimeout means that there was not enough time, as opposed to a Ctrl-C.
var errTimeout = errors.New("the time")

// perform starts everything, runs the chaos, waits until all is settled, and judges. It ends
// everything that it has started, whatever fails.
func perform(ctx context.Context, failed context.CancelCauseFunc, o options, out io.Writer) (err error) {
	s, err := setStage(ctx, failed, o, out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.clear()) }()
	c := newChaos(s)
	if err := c.run(ctx); err != nil {
		return err
	}
	took, err := c.settle(ctx)
	if err != nil {
		return err
	}
	return c.judge.judge(context.WithoutCancel(ctx), took)
}

// watchParent ends the program with the one that started it: go run dies of a
// SIGTERM and does not pass it on.
func watchParent(ctx context.Context, cancel context.CancelCauseFunc) {
	for parent := os.Getppid(); pause(ctx, time.Second) == nil; {
		if os.Getppid() != parent {
			cancel(errors.New("the program that started this one has ended"))
		}
	}
}

// pause waits, and fails when the context ends first.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
