// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// request asks something of Groups that the operator then does.
type request struct {
	*plugin

	selector string
	all      bool
	wait     bool
	timeout  time.Duration
	// done is what is printed of a Group that was served.
	done string
	// change asks, and served reports whether the operator has answered.
	change func(g *v1alpha1.Group)
	served func(g *v1alpha1.Group) bool
}

func (r *request) command(use, short string) *cobra.Command {
	c := &cobra.Command{
		Use: use + " NAME...", Short: short,
		RunE:              func(c *cobra.Command, names []string) error { return r.run(c.Context(), names) },
		ValidArgsFunction: completer{r.plugin}.groups,
	}
	c.Flags().StringVarP(&r.selector, "selector", "l", "", "Groups with these labels, in the place of names.")
	c.Flags().BoolVar(&r.all, "all", false, "All Groups of the namespace.")
	c.Flags().BoolVar(&r.wait, "wait", true, "Wait until the operator has answered.")
	c.Flags().DurationVar(&r.timeout, "timeout", 2*time.Minute, "How long to wait.")
	return c
}

func reconcileCommand(p *plugin) *cobra.Command {
	at := time.Now().UTC().Format(time.RFC3339Nano)
	r := &request{
		plugin: p, done: "looked at",
		change: func(g *v1alpha1.Group) {
			if g.Annotations == nil {
				g.Annotations = map[string]string{}
			}
			g.Annotations[v1alpha1.AnnotationReconcileRequestedAt] = at
		},
		served: func(g *v1alpha1.Group) bool { return answers(g.Status.LastHandledReconcileAt, at) },
	}
	return r.command("reconcile", "Ask for a fresh look at Groups, and wait for it")
}

// answers reports whether the request that was handled is this one, or a later one: a second
// request takes the place of the first, and is answered for both.
func answers(handled, asked string) bool {
	h, err := time.Parse(time.RFC3339Nano, handled)
	if err != nil {
		return false
	}
	a, err := time.Parse(time.RFC3339Nano, asked)
	return err == nil && !h.Before(a)
}

func suspendCommand(p *plugin) *cobra.Command {
	r := &request{plugin: p, done: "suspended", change: func(g *v1alpha1.Group) { g.Spec.Suspend = true }, served: observed}
	return r.command("suspend", "Hold back every remote write of Groups")
}

func resumeCommand(p *plugin) *cobra.Command {
	r := &request{plugin: p, done: "resumed", change: func(g *v1alpha1.Group) { g.Spec.Suspend = false }, served: observed}
	return r.command("resume", "Let suspended Groups go on")
}

// observed: the operator has acted on what the spec says now.
func observed(g *v1alpha1.Group) bool { return g.Status.ObservedGeneration == g.Generation }

func (r *request) run(ctx context.Context, names []string) error {
	c, err := r.namespaced(ctx)
	if err != nil {
		return err
	}
	groups, lost, err := r.meant(ctx, c, names)
	if err != nil {
		return err
	}
	failed := make([]error, len(groups))
	for i := range groups {
		failed[i] = c.change(ctx, &groups[i], theSame, r.change)
	}
	if len(groups)+lost == 0 {
		fmt.Fprintln(r.ErrOut, "No Group is meant by this.")
	}
	limited, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	unasked, unserved := lost, 0
	for i := range groups {
		err := failed[i]
		switch {
		case err != nil:
			unasked++
		case !r.wait:
			fmt.Fprintf(r.Out, "group.klink.cloud/%s patched\n", groups[i].Name)
		default:
			if err = r.await(limited, c, &groups[i]); err != nil {
				unserved++
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			fmt.Fprintf(r.ErrOut, "kgrp/%s: %v\n", groups[i].Name, err)
		}
	}
	switch all := counted(len(groups)+lost, "Group"); {
	case unasked > 0:
		return fmt.Errorf("%d of %s could not be changed", unasked, all)
	case unserved > 0:
		return fmt.Errorf("no answer yet for %d of %s; \"kubectl klink why NAME\" says what is the matter", unserved, all)
	}
	return nil
}

// meant reads the Groups that are meant. A name of none is told, and keeps nothing from the others.
func (r *request) meant(ctx context.Context, c *cluster, names []string) (groups []v1alpha1.Group, lost int, err error) {
	if len(names) < 2 || r.all || r.selector != "" {
		groups, err = c.chosen(ctx, names, r.selector, r.all)
		return groups, 0, err
	}
	for _, name := range names {
		one, err := c.chosen(ctx, []string{name}, "", false)
		switch {
		case apierrors.IsNotFound(err):
			lost++
			fmt.Fprintf(r.ErrOut, "kgrp/%s: %s\n", harmless(bareName(name)), harmless(err.Error()))
		case err != nil:
			return nil, 0, err
		}
		groups = append(groups, one...)
	}
	return groups, lost, nil
}

// await waits for the operator's answer, and prints it.
func (r *request) await(ctx context.Context, c *cluster, g *v1alpha1.Group) error {
	err := c.until(ctx, g, r.served)
	if err != nil {
		return err
	}
	fmt.Fprintf(r.Out, "group.klink.cloud/%s %s%s\n", g.Name, r.done, stands(g))
	return nil
}

// stands says how a Group stands, for the end of a line.
func stands(g *v1alpha1.Group) string {
	ready := meta.FindStatusCondition(g.Status.Conditions, v1alpha1.ConditionReady)
	if ready == nil {
		return ""
	}
	return fmt.Sprintf(": Ready=%s, %s: %s", ready.Status, ready.Reason, harmless(ready.Message))
}

// chosen reads the Groups that a command is about.
func (c *cluster) chosen(ctx context.Context, names []string, selector string, all bool) ([]v1alpha1.Group, error) {
	options, err := selecting(selector)
	switch {
	case err != nil:
		return nil, err
	case len(names) > 0 && (all || selector != ""), all && selector != "":
		return nil, errors.New("give names, or --selector, or --all: one of them")
	case len(names) == 0 && !all && selector == "":
		return nil, errors.New("which Groups? Give names, --selector or --all")
	case len(names) == 0:
		return c.groups(ctx, c.namespace, options...)
	}
	groups := make([]v1alpha1.Group, len(names))
	for i, name := range names {
		if err := c.Get(ctx, client.ObjectKey{Namespace: c.namespace, Name: bareName(name)}, &groups[i]); err != nil {
			return nil, err
		}
	}
	return groups, nil
}

// selecting reads a label selector.
func selecting(selector string) ([]client.ListOption, error) {
	if selector == "" {
		return nil, nil
	}
	s, err := labels.Parse(selector)
	return []client.ListOption{client.MatchingLabelsSelector{Selector: s}}, err
}
