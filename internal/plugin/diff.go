// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/resource"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/forecast"
)

// comparer is the command diff. It only reads.
type comparer struct {
	*plugin
	access

	files    resource.FilenameOptions
	selector string
	all      bool
	spaces   bool
}

func diffCommand(p *plugin) *cobra.Command {
	o := &comparer{plugin: p, access: access{at: p.terminal}}
	c := &cobra.Command{
		Use:   "diff [NAME...]",
		Short: "Show what the operator would do for Groups, or for manifests",
		Long: `Show what the operator would do: create, adopt, update, archive, or nothing and why. It is
planned with the operator's own plan. Nothing is written, neither in the cluster nor remotely.

The exit code is 0 when nothing would change, 1 when something would, and greater on errors,
as that of kubectl diff. Where the account cannot be read, for lack of a token or of rights,
there is what the statuses say, and that is an error.`,
		Example: `  # What would this pull request change?
  kubectl klink diff -n concierge -k manifests/

  # And what is the matter with this Group?
  kubectl klink diff -n concierge plaza-hotel`,
		RunE:              func(c *cobra.Command, names []string) error { return o.run(c.Context(), names) },
		ValidArgsFunction: completer{p}.groups,
	}
	o.addFlags(c.Flags(), false)
	files := genericclioptions.FileNameFlags{
		Usage: "Manifests of Groups, in the place of those in the cluster.", Filenames: &o.files.Filenames, Kustomize: &o.files.Kustomize, Recursive: &o.files.Recursive,
	}
	files.AddFlags(c.Flags())
	c.Flags().StringVarP(&o.selector, "selector", "l", "", "Groups with these labels.")
	c.Flags().BoolVar(&o.all, "all", false, "All Groups of the namespace.")
	c.Flags().BoolVarP(&o.spaces, "all-namespaces", "A", false, "Groups of all namespaces.")
	return c
}

func (o *comparer) run(ctx context.Context, names []string) error {
	if err := o.check(names); err != nil {
		return err
	}
	c, err := o.cluster()
	if err == nil && !o.spaces {
		err = c.checkNamespace(ctx)
	}
	if err != nil {
		return err
	}
	f, err := newForecaster(ctx, o.terminal, c, &o.access)
	if err != nil {
		return err
	}
	if o.spaces && f.known.partial {
		return errors.New("you may not list the Groups of all namespaces: name one of them with --namespace")
	} else if o.spaces {
		f.cluster.namespace = "" // so that each Group is shown with its own
	}
	groups, err := o.toCompare(ctx, c, names)
	if err != nil {
		return err
	}
	f.declare(groups)
	d := differ{forecaster: f, whole: len(groups) <= mostSettled, told: map[string]bool{}, adopted: map[string]string{}}
	for i := range groups {
		if err := d.one(ctx, &groups[i]); err != nil && ctx.Err() != nil {
			return err
		} else if err != nil {
			d.failed++
			fmt.Fprintf(o.ErrOut, "%s: %s\n", f.cluster.nameOf(&groups[i]), harmless(err.Error()))
		}
	}
	return d.end(len(groups))
}

// check finds out whether it is clear which Groups are meant.
func (o *comparer) check(names []string) error {
	files := len(o.files.Filenames) > 0 || o.files.Kustomize != ""
	switch {
	case files && (len(names) > 0 || o.selector != "" || o.all || o.spaces):
		return errors.New("give manifests, or Groups of the cluster: not both")
	case o.spaces && len(names) > 0:
		return errors.New("give names, or --all-namespaces: a name is one of a namespace")
	}
	return nil
}

// mostSettled is of how many Groups each is shown to which nothing happens.
const mostSettled = 3

// differ prints what would happen to Groups, and counts.
type differ struct {
	*forecaster

	// whole: also those are shown one by one to which nothing happens, or of which nothing
	// is known but that they are ready. Among many they are only counted.
	whole                  bool
	settled, readyByStatus int
	// found: something would happen to one. failed are those that could not be compared.
	found  bool
	failed int
	// unsure are those of which Groups that may not be read decide, too.
	unsure int
	// told are the reasons for that, each of which is told once.
	told map[string]bool
	// adopted are the ids that one would bind to, and which one.
	adopted map[string]string
}

// end prints the counts, and says what the exit code is to be.
func (d *differ) end(all int) error {
	if d.settled > 0 {
		fmt.Fprintf(d.Out, "%s: nothing\n", counted(d.settled, "Group"))
	}
	if d.readyByStatus > 0 {
		fmt.Fprintf(d.Out, "%s: Ready=True, by what status says\n", counted(d.readyByStatus, "Group"))
	}
	switch {
	case d.failed > 0:
		return fmt.Errorf("%d of %s could not be compared with the account", d.failed, counted(all, "Group"))
	case d.unsure > 0:
		return fmt.Errorf("what happens to %d of %s cannot be told for certain: %s", d.unsure, counted(all, "Group"), elsewhere)
	case d.found:
		return errFound
	}
	return nil
}

// nameOf names a Group, with its namespace where that is not the one the command is about.
func (c *cluster) nameOf(g *v1alpha1.Group) string {
	if g.Namespace != c.namespace {
		return "kgrp " + g.Namespace + "/" + g.Name
	}
	return "kgrp/" + g.Name
}

// one prints what would happen to one Group, or what its status says.
func (d *differ) one(ctx context.Context, g *v1alpha1.Group) error {
	out, err := d.forecast(ctx, g)
	if isUnreadable(err) {
		d.failed++
		if !d.told[err.Error()] {
			d.told[err.Error()] = true
			fmt.Fprintf(d.ErrOut, "%s. Of these Groups you see what their statuses say.\n", harmless(err.Error()))
		}
		return d.byStatus(ctx, g)
	}
	if err != nil {
		return err
	}
	if d.mayBeElsewhere(g) {
		d.unsure++
		fmt.Fprintf(d.ErrOut, "%s: as far as can be told: %s\n", d.cluster.nameOf(g), elsewhere)
	}
	d.found = d.found || len(out.Changes) > 0
	if len(out.Changes) == 0 && out.Settled() && !d.whole {
		d.settled++
		return nil
	}
	out.Print(d.Out, d.cluster.nameOf(g), d.colours())
	if len(out.Changes) > 0 && out.Changes[0].Kind == forecast.Adopt {
		id := out.Changes[0].ID
		if other := d.adopted[id]; other != "" {
			fmt.Fprintf(d.Out, "%s: unless %s takes %s, which only one of them gets\n", d.cluster.nameOf(g), other, id)
		}
		d.adopted[id] = d.cluster.nameOf(g)
	}
	return nil
}

// byStatus prints what is known of a Group without its account.
func (d *differ) byStatus(ctx context.Context, g *v1alpha1.Group) error {
	declares, err := d.declares(ctx, g)
	if err != nil {
		return err
	}
	v := viewOf("", g.Status.Conditions, g.Generation, g.Status.ObservedGeneration)
	drift := ""
	if len(g.Status.Drift) > 0 && v.Reason != v1alpha1.ReasonDrifted { // whose message has it
		drift = fmt.Sprintf("; differs remotely: %s", strings.Join(g.Status.Drift, ", "))
	}
	switch {
	case g.ResourceVersion == "":
		fmt.Fprintf(d.Out, "%s: is not in the cluster yet, and would be created there\n", d.cluster.nameOf(g))
	case declares != "":
		fmt.Fprintf(d.Out, "%s: declares otherwise than in the cluster: %s%s\n", d.cluster.nameOf(g), declares, drift)
	case v.Reason == reasonNotObserved || g.Status.ObservedGeneration != g.Generation:
		fmt.Fprintf(d.Out, "%s: the operator has not looked yet at what it declares%s\n", d.cluster.nameOf(g), drift)
	case v.State == stateReady && drift == "" && !d.whole:
		d.readyByStatus++
	default:
		fmt.Fprintf(d.Out, "%s%s%s\n", d.cluster.nameOf(g), stands(g), drift)
	}
	return nil
}

// declares names the fields in which a manifest differs from the Group that the cluster has.
func (d *differ) declares(ctx context.Context, g *v1alpha1.Group) (string, error) {
	live := &v1alpha1.Group{}
	if err := d.cluster.Get(ctx, client.ObjectKeyFromObject(g), live); err != nil {
		return "", client.IgnoreNotFound(err)
	}
	before, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&live.Spec)
	if err != nil {
		return "", err
	}
	after, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&g.Spec)
	if err != nil {
		return "", err
	}
	fields := sets.KeySet(before).Union(sets.KeySet(after))
	for field := range fields {
		if equality.Semantic.DeepEqual(before[field], after[field]) {
			fields.Delete(field)
		}
	}
	return strings.Join(sets.List(fields), ", "), nil
}
