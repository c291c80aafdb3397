// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/resource"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// diffOptions are the flags of the command diff.
type diffOptions struct {
	access

	files    resource.FilenameOptions
	selector string
	all      bool
}

func (p *plugin) diffCommand() *cobra.Command {
	var o diffOptions
	c := &cobra.Command{
		Use:   "diff [NAME...]",
		Short: "Show what the operator would do for Groups, or for manifests",
		Long: `Show what the operator would do: create, adopt, update, archive, or nothing and why. It is
planned with the operator's own plan. Nothing is written, neither in the cluster nor remotely.

The exit code is 0 when nothing would change, 1 when something would, and greater on errors,
as that of kubectl diff.`,
		Example: `  # What would this pull request change?
  kubectl klink diff -n concierge -k manifests/

  # And what is the matter with this Group?
  kubectl klink diff -n concierge plaza-hotel`,
		RunE:              func(c *cobra.Command, names []string) error { return p.diff(c.Context(), &o, names) },
		ValidArgsFunction: p.completeGroups,
	}
	o.addFlags(c.Flags(), false)
	files := genericclioptions.FileNameFlags{
		Usage: "Manifests of Groups, in the place of those in the cluster:", Filenames: &o.files.Filenames, Kustomize: &o.files.Kustomize, Recursive: &o.files.Recursive,
	}
	files.AddFlags(c.Flags())
	c.Flags().StringVarP(&o.selector, "selector", "l", "", "Groups with these labels.")
	c.Flags().BoolVar(&o.all, "all", false, "All Groups of the namespace.")
	return c
}

func (p *plugin) diff(ctx context.Context, o *diffOptions, names []string) error {
	f, err := p.forecaster(ctx, &o.access)
	if err != nil {
		return err
	}
	groups, err := p.toCompare(ctx, f.cluster, o, names)
	if err != nil {
		return err
	}
	found, failed, settled := false, 0, &settled{whole: len(groups) <= mostSettled}
	for i := range groups {
		differs, err := p.diffOne(ctx, f, &groups[i], settled)
		if err != nil && ctx.Err() != nil {
			return err
		}
		if err != nil {
			failed++
			fmt.Fprintf(p.ErrOut, "%s: %v\n", f.nameOf(&groups[i]), err)
		}
		found = found || differs
	}
	if settled.count > 0 {
		fmt.Fprintf(p.Out, "%d Groups: nothing\n", settled.count)
	}
	switch {
	case failed > 0:
		return fmt.Errorf("%d of %d Groups could not be compared", failed, len(groups))
	case found:
		return errFound
	}
	return nil
}

// mostSettled is of how many Groups each is shown to which nothing happens.
const mostSettled = 3

// settled counts the Groups to which nothing happens and of which nothing is wrong. Among
// many they are not shown one by one, unless whole says so.
type settled struct {
	whole bool
	count int
}

// nameOf names a Group, with its namespace where that is not the one the command is about.
func (c *cluster) nameOf(g *v1alpha1.Group) string {
	if g.Namespace != c.namespace {
		return "kgrp " + g.Namespace + "/" + g.Name
	}
	return "kgrp/" + g.Name
}

// diffOne prints what would happen to one Group. Without a token there is what status says.
func (p *plugin) diffOne(ctx context.Context, f *forecaster, g *v1alpha1.Group, settled *settled) (differs bool, err error) {
	name := f.nameOf(g)
	out, err := f.forecast(ctx, g)
	if errors.Is(err, errNoToken) {
		fmt.Fprintf(p.ErrOut, "%s: %v; this is what its status says\n", name, err)
		fmt.Fprintf(p.Out, "%s%s\n", name, stands(g))
		if len(g.Status.Drift) > 0 {
			fmt.Fprintf(p.Out, "%s: differs remotely: %v\n", name, g.Status.Drift)
		}
		return viewOf(name, g.Status.Conditions, g.Generation, g.Status.ObservedGeneration).State != stateReady || len(g.Status.Drift) > 0, nil
	}
	if err != nil {
		return false, err
	}
	if len(out.Changes) == 0 && out.Status == string(metav1.ConditionTrue) && !settled.whole {
		settled.count++
		return false, nil
	}
	out.Print(p.Out, name, p.colours())
	return len(out.Changes) > 0, nil
}

// toCompare reads the Groups that are meant: live ones, or what they would be once the
// manifests are applied.
func (p *plugin) toCompare(ctx context.Context, c *cluster, o *diffOptions, names []string) ([]v1alpha1.Group, error) {
	if len(o.files.Filenames) == 0 && o.files.Kustomize == "" {
		return c.chosen(ctx, names, o.selector, o.all || len(names) == 0 && o.selector == "")
	}
	if len(names) > 0 || o.selector != "" || o.all {
		return nil, errors.New("give manifests, or Groups of the cluster: not both")
	}
	infos, err := resource.NewBuilder(p.config).Unstructured().Local().
		NamespaceParam(c.namespace).DefaultNamespace().FilenameParam(*p.config.Namespace != "", &o.files).
		Flatten().Do().Infos()
	if err != nil {
		return nil, err
	}
	var groups []v1alpha1.Group
	for _, info := range infos {
		object, ok := info.Object.(*unstructured.Unstructured)
		if !ok || object.GroupVersionKind().GroupKind() != v1alpha1.GroupVersion.WithKind("Group").GroupKind() {
			continue
		}
		g, err := c.applied(ctx, object)
		if err != nil {
			return nil, fmt.Errorf("kgrp/%s: %w", object.GetName(), err)
		}
		groups = append(groups, *g)
	}
	if len(groups) == 0 {
		return nil, errors.New("there is no Group in these manifests")
	}
	return groups, nil
}

// applied is a manifest as the API server would keep it, with its defaults and checks, and
// with the status of the Group that it changes. GitOps makes a spec what the manifest says,
// so that what the manifest leaves out is unmanaged.
func (c *cluster) applied(ctx context.Context, object *unstructured.Unstructured) (*v1alpha1.Group, error) {
	g := &v1alpha1.Group{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(object.Object, g, true); err != nil {
		return nil, err
	}
	if g.Namespace == "" {
		g.Namespace = c.namespace
	}
	live := &v1alpha1.Group{}
	err := c.Get(ctx, client.ObjectKeyFromObject(g), live)
	switch {
	case apierrors.IsNotFound(err):
		err = c.Create(ctx, g, client.DryRunAll)
		g.CreationTimestamp = metav1.Now()
		return g, err
	case err != nil:
		return nil, err
	}
	spec := g.Spec
	live.DeepCopyInto(g)
	g.Spec = spec
	return g, c.Update(ctx, g, client.DryRunAll)
}
