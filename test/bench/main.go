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
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"
)

// options are what is asked for.
type options struct {
	groups, limited, contacts, large int
	latency                          time.Duration
	limits                           bool
	only, report                     string
}

// figure is one line of the table. A goal is what the design promises, where it does.
type figure struct {
	Scenario string  `json:"scenario"`
	Figure   string  `json:"figure"`
	Value    float64 `json:"value"`
	Unit     string  `json:"unit"`
	Goal     string  `json:"goal,omitempty"`
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
	short := false
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.BoolVar(&short, "short", false, "300 Groups and no limits: for CI, which has no quiet machine")
	flags.IntVar(&o.groups, "groups", 1000, "how many Groups are declared")
	flags.IntVar(&o.contacts, "contacts", 20, "how many contacts each has")
	flags.IntVar(&o.large, "large", 5000, "how many contacts the large Group has")
	flags.DurationVar(&o.latency, "latency", 20*time.Millisecond, "how long the API takes")
	flags.IntVar(&o.limited, "seconds", 60, "how many seconds' calls are made under a limit that the operator is not told")
	flags.StringVar(&o.only, "run", "", "the scenarios to run, separated by commas; all when empty")
	flags.StringVar(&o.report, "report", "", "a file that gets the figures as JSON")
	if err := flags.Parse(args); err != nil {
		return err
	}
	o.limits = !short
	if short {
		o.groups, o.large = min(o.groups, 300), min(o.large, 1000)
	}
	b, err := start(ctx, o, out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.cp.Stop()) }()
	for _, s := range scenarios {
		if o.only != "" && !slices.Contains(strings.Split(o.only, ","), s.name) || s.limited && !o.limits {
			continue
		}
		b.say("%s", s.name)
		if err := b.play(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	b.print()
	return b.write(o.report)
}

// print prints the table.
func (b *bench) print() {
	w := tabwriter.NewWriter(b.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "\nSCENARIO\tFIGURE\tVALUE\tUNIT\tGOAL")
	for _, f := range b.figures {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%.3g\t%s\t%s\n", f.Scenario, f.Figure, f.Value, f.Unit, f.Goal)
	}
	_ = w.Flush()
}

func (b *bench) write(name string) error {
	if name == "" {
		return nil
	}
	text, err := json.MarshalIndent(b.figures, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return os.WriteFile(name, append(text, '\n'), 0o600)
}
