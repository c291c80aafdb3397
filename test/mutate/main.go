// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Command mutate tests the tests: it breaks the operator in one place at a time, leaves a
// statement out, negates a condition, exchanges an operator, and counts which breaks no test
// notices. All breaks of a package are compiled at once, and a switch chooses one, so that
// each costs no more than the tests that reach it. A package's own tests come first; what
// survives these is played against the schedules of test/simulation. It prints the score of each package and the survivors by
// line, and exits with 1 below the scores of scores.json.
//
// It goes on where it was stopped: verdicts are kept in -state for as long as the broken
// file stays the same. -again tries the survivors once more, after tests were written.
//
// Why a program of our own: the mutation tools that can be had exchange operators, and
// leave no statement out, which is what most of the breaks did that slipped through.
//
// What belongs here is breaking and counting. A break that has to be noticed for good gets a
// test that says what it protects.
package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"
)

// scores are the least share of noticed breaks, in percent, by package.
//
//go:embed scores.json
var scores []byte

// equivalent are breaks that change nothing that can be noticed: the name of a mutant, then
// " -- " and the reason.
//
//go:embed equivalent.txt
var equivalent string

type options struct {
	packages []string
	files    []string // all of a package when empty
	state    string
	every    int
	workers  int
	again    bool
	quick    bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	var wanted map[string]float64
	if err := json.Unmarshal(scores, &wanted); err != nil {
		return fmt.Errorf("reading scores.json: %w", err)
	}
	reasons, err := parseEquivalent(equivalent)
	if err != nil {
		return err
	}
	var o options
	flags := flag.NewFlagSet("mutate", flag.ContinueOnError)
	names := flags.String("packages", strings.Join(slices.Sorted(maps.Keys(wanted)), ","), "the packages of internal/ to break")
	files := flags.String("files", "", "the files to break, by their base names; all when empty")
	flags.StringVar(&o.state, "state", "bin/mutated", "the folder that keeps the verdicts")
	flags.IntVar(&o.every, "every", 1, "try one in so many breaks")
	flags.IntVar(&o.workers, "workers", runtime.NumCPU(), "how many are tried at once")
	flags.BoolVar(&o.again, "again", false, "try those once more that survived")
	flags.BoolVar(&o.quick, "quick", false, "leave out the schedules: the packages' own tests alone")
	if err := flags.Parse(args); err != nil {
		return err //nolint:wrapcheck // it is for the user as it is
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%q is no flag", flags.Arg(0))
	}
	if o.every < 1 || o.workers < 1 {
		return errors.New("-every and -workers are at least 1")
	}
	o.packages = strings.Split(*names, ",")
	if *files != "" {
		o.files = strings.Split(*files, ",")
	}
	var low []string
	for _, name := range o.packages {
		score, err := o.breakPackage(ctx, name, reasons, out)
		if err != nil {
			return err
		}
		if score < wanted[name] {
			low = append(low, fmt.Sprintf("%s: %.1f %%, want %.0f %%", name, score, wanted[name]))
		}
	}
	if len(low) > 0 {
		return fmt.Errorf("too many breaks are not noticed: %s", strings.Join(low, "; "))
	}
	return nil
}

// parseEquivalent reads equivalent.txt.
func parseEquivalent(text string) (map[string]string, error) {
	reasons := map[string]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, reason, found := strings.Cut(line, " -- ")
		if !found || reason == "" {
			return nil, fmt.Errorf("equivalent.txt: %q gives no reason", line)
		}
		reasons[name] = reason
	}
	return reasons, nil
}
