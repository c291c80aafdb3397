// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Command bench measures what the operator costs, on a real control plane and the
// stand-in API, and prints one table. It judges nothing: figures are of one machine,
// and of what else that did meanwhile.
//
// What belongs here is a figure; a promise that can be broken belongs into a test.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"
)

// options are what is asked for.
type options struct {
	groups, many, contacts, largest, seconds, rounds int
	latency                                          time.Duration
	short                                            bool
	sizes, rates                                     []int
	report, profile                                  string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ctrl.SetLogger(logr.Discard())
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) (err error) {
	var o options
	var only, sizes, rates string
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.BoolVar(&o.short, "short", false, "at most 1,000 Groups: for CI, which has no quiet machine")
	flags.IntVar(&o.groups, "groups", 1000, "how many Groups are made in a batch, and at the default ceiling")
	flags.IntVar(&o.many, "many", 10_000, "how many Groups there are where there are many")
	flags.IntVar(&o.contacts, "contacts", 20, "how many contacts each has")
	flags.IntVar(&o.largest, "large", 5000, "how many contacts the large Group has")
	flags.IntVar(&o.rounds, "rounds", 3, "how often the operator and the bare client take turns")
	flags.DurationVar(&o.latency, "latency", 20*time.Millisecond, "how long the API takes")
	flags.IntVar(&o.seconds, "seconds", 100, "how many seconds' calls are made in -run limits")
	flags.StringVar(&sizes, "sizes", "1000,2500,5000,10000,20000", "the numbers of Groups of -run growth")
	flags.StringVar(&rates, "rates", "20,50", "the limits of -run limits, in requests a second, that the operator is not told")
	flags.StringVar(&only, "run", "", "the scenarios to run, separated by commas: "+names()+"; those without a * when empty")
	flags.StringVar(&o.report, "report", "", "a file that gets the figures as JSON; those of other scenarios in it stay")
	flags.StringVar(&o.profile, "profile", "", "a folder that gets profiles of the manager's processor time and memory")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%q is no flag", flags.Arg(0))
	}
	if o.short {
		o.groups, o.many, o.largest, o.rounds = min(o.groups, 300), min(o.many, 1000), min(o.largest, 1000), 1
	}
	if o.sizes, err = numbers("sizes", sizes); err != nil {
		return err
	}
	if o.rates, err = numbers("rates", rates); err != nil {
		return err
	}
	chosen, err := o.choose(only)
	if err != nil {
		return err
	}
	b, err := start(ctx, o, out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.cp.Stop()) }()
	for _, s := range chosen {
		for _, size := range s.sizes(&o) {
			if err := b.play(ctx, s, size); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
		}
	}
	b.print()
	return b.write()
}

// names lists the scenarios; those with a * are run only when they are named.
func names() string {
	var all []string
	for _, s := range scenarios {
		if s.named {
			s.name += "*"
		}
		all = append(all, s.name)
	}
	return strings.Join(all, ", ")
}

func (o *options) choose(only string) (chosen []scenario, _ error) {
	if only == "" {
		return slices.DeleteFunc(slices.Clone(scenarios), func(s scenario) bool { return s.named }), nil
	}
	for name := range strings.SplitSeq(only, ",") {
		i := slices.IndexFunc(scenarios, func(s scenario) bool { return s.name == name })
		if i < 0 {
			return nil, fmt.Errorf("-run: there is no scenario %q, but %s", name, names())
		}
		if name == "limits" {
			for _, rate := range o.rates {
				chosen = append(chosen, underLimitOf(rate))
			}
			continue
		}
		chosen = append(chosen, scenarios[i])
	}
	return chosen, nil
}

func numbers(name, list string) (numbers []int, _ error) {
	for text := range strings.SplitSeq(list, ",") {
		var n int
		if _, err := fmt.Sscan(text, &n); err != nil || n < 1 {
			return nil, fmt.Errorf("-%s: %q is no number above zero", name, text)
		}
		numbers = append(numbers, n)
	}
	return numbers, nil
}
