// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Command e2e installs the operator on a real cluster, as its users do, and takes
// Groups through their life: once for each way to install it. It works on the
// cluster of the current kubeconfig, or on a node that it brings up itself.
//
// Every step prints a line. The first that fails ends the run, with 1.
//
// What belongs here is what only pods on a node can show: the image, the rights of
// the pods, probes, a leader that dies, a rolling upgrade, the order of removal.
// What the controllers decide is tested in test/integration.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/klink-cloud/klink-operator/test/e2e/node"
)

// config is what the flags say.
type config struct {
	node     string
	programs string
	archives string
	ways     string
	images   images
}

// images are the references of what is installed. Nodes must have them, or be able
// to pull them.
type images struct{ manager, next, simulator string }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "e2e:", err)
		os.Exit(1)
	}
}

func parse(args []string) (*config, error) {
	c := &config{}
	flags := flag.NewFlagSet("e2e", flag.ContinueOnError)
	flags.StringVar(&c.node, "node", "", "local: bring up a node of its own, on Linux as root; otherwise the current kubeconfig's cluster is used")
	flags.StringVar(&c.programs, "programs", "", "folder of the pinned kubectl and, for -node=local, of the programs of a node")
	flags.StringVar(&c.archives, "archives", "", "image archives for -node=local, separated by commas")
	flags.StringVar(&c.ways, "install", "manifest", "ways to install the operator, separated by commas")
	flags.StringVar(&c.images.manager, "image", "", "image of the manager; that of dist/install.yaml")
	flags.StringVar(&c.images.next, "next-image", "", "image of the manager to upgrade to")
	flags.StringVar(&c.images.simulator, "simulator-image", "", "image of klink-simulator")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if c.node != "" && c.node != "local" {
		return nil, fmt.Errorf("-node: %q is not known; only local is", c.node)
	}
	return c, nil
}

func run(ctx context.Context, args []string, out io.Writer) error {
	c, err := parse(args)
	if err != nil {
		return err
	}
	if c.node == "" {
		cluster, err := currentCluster(c)
		if err != nil {
			return err
		}
		return c.prove(ctx, cluster, out)
	}
	if !node.Inside() {
		return node.Enter(ctx)
	}
	return c.onOwnNode(ctx, out)
}

// onOwnNode brings up a node and proves everything there.
func (c *config) onOwnNode(ctx context.Context, out io.Writer) (err error) {
	start := time.Now()
	n, err := node.Start(ctx, c.programs, strings.Split(c.archives, ","))
	if err != nil {
		return err
	}
	defer func() {
		if err != nil && ctx.Err() == nil {
			err = fmt.Errorf("%w\n%s", err, n.Logs())
		}
		err = errors.Join(err, n.Stop())
	}()
	_, _ = fmt.Fprintf(out, "ok    a node is ready (%s)\n", time.Since(start).Round(time.Second/10))
	cluster, err := newCluster(n.Config, n.Kubeconfig, c.programs)
	if err != nil {
		return err
	}
	cluster.auditLog, cluster.kill = n.AuditLog, n.Kill
	return c.prove(ctx, cluster, out)
}

// prove runs all steps for each way to install.
func (c *config) prove(ctx context.Context, cluster *cluster, out io.Writer) error {
	for way := range strings.SplitSeq(c.ways, ",") {
		s, err := newShow(cluster, c.images, way, out)
		if err != nil {
			return err
		}
		if err := s.perform(ctx); err != nil {
			return fmt.Errorf("installed as %s: %w", way, err)
		}
	}
	return nil
}
