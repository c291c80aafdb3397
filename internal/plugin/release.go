// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/facts"
)

// someNames wants the names of Groups.
func someNames(_ *cobra.Command, names []string) error {
	if len(names) == 0 {
		return errors.New("which Groups? Give names")
	}
	return nil
}

// releaser is the command release. It sets deletionPolicy Orphan and deletes Groups, and
// removes the operator's finalizer where no operator answers; it changes nothing remotely.
type releaser struct {
	*plugin

	yes bool
	// patience is for how long it is left to the operator.
	patience time.Duration
}

func releaseCommand(p *plugin) *cobra.Command {
	r := &releaser{plugin: p}
	c := &cobra.Command{
		Use:   "release NAME...",
		Short: "Delete Groups without touching their remote groups, also without the operator",
		Long: `Delete Groups and leave their remote groups as they are, after asking. Each gets
deletionPolicy Orphan first, with which the operator lets it go without any call. Where
no operator does that in time, the finalizer is removed: for an operator that is gone.`,
		Args:              someNames,
		RunE:              func(c *cobra.Command, names []string) error { return r.run(c.Context(), names) },
		ValidArgsFunction: completer{p}.groups,
	}
	c.Flags().BoolVarP(&r.yes, "yes", "y", false, "Do not ask.")
	c.Flags().DurationVar(&r.patience, "operator-timeout", 30*time.Second, "How long to leave it to the operator before the finalizer is removed.")
	return c
}

func (r *releaser) run(ctx context.Context, names []string) error {
	c, err := r.namespaced(ctx)
	if err != nil {
		return err
	}
	groups, err := c.chosen(ctx, names, "", false)
	if err != nil {
		return err
	}
	ids := make([]string, len(groups)) // what the Groups said before they go
	for i := range groups {
		ids[i] = remoteOf(&groups[i])
	}
	if !r.yes {
		if err := r.ask(ctx, releaseQuestion(groups)); err != nil {
			return err
		}
	}
	// All of them first: what the operator does takes its time only once.
	failed := make([]error, len(groups))
	for i := range groups {
		failed[i] = c.orphan(ctx, &groups[i])
	}
	limited, cancel := context.WithTimeout(ctx, r.patience)
	defer cancel()
	left := 0
	for i := range groups {
		g, by := &groups[i], ""
		err := failed[i]
		if err == nil {
			by, err = c.letGo(ctx, limited, g)
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			left++
			fmt.Fprintf(r.ErrOut, "kgrp/%s: %v\n", g.Name, err)
		default:
			fmt.Fprintf(r.Out, "group.klink.cloud/%s released %s; %s\n", g.Name, by, ids[i])
		}
	}
	if left > 0 {
		return fmt.Errorf("%d of %s could not be released", left, counted(len(groups), "Group"))
	}
	return nil
}

// releaseQuestion names what is let go, and what stays.
func releaseQuestion(groups []v1alpha1.Group) string {
	var b strings.Builder
	for i := range groups {
		fmt.Fprintf(&b, "kgrp %s/%s: %s\n", groups[i].Namespace, groups[i].Name, remoteOf(&groups[i]))
	}
	what := fmt.Sprintf("These %d Groups are", len(groups))
	if len(groups) == 1 {
		what = "This Group is"
	}
	return b.String() + what + " deleted from the cluster; what klink.cloud has stays as it is."
}

// remoteOf says which remote group stays when a Group goes.
func remoteOf(g *v1alpha1.Group) string {
	switch _, creating := g.Annotations[v1alpha1.AnnotationCreateAttempt]; {
	case facts.NamedID(g) != "":
		return "remote group " + facts.NamedID(g) + " stays"
	case creating:
		return "it has no remote group that is known, and a create may have made one"
	default:
		return "it has no remote group"
	}
}

// orphan has the operator touch nothing remotely, and deletes the Group. The policy comes
// first: between the two, a deletion must not archive anything.
func (c *cluster) orphan(ctx context.Context, g *v1alpha1.Group) error {
	read := g.DeepCopy()
	err := c.change(ctx, g, theSame, func(g *v1alpha1.Group) { g.Spec.DeletionPolicy = v1alpha1.DeletionOrphan })
	if apierrors.IsNotFound(err) {
		return nil
	} else if err != nil {
		return fmt.Errorf("setting deletionPolicy Orphan: %w", err)
	}
	for {
		// Of this Group alone, and of a version with this policy: another that has the name,
		// or one that was changed back meanwhile, is not deleted.
		err := c.Delete(ctx, g, client.Preconditions{UID: &read.UID, ResourceVersion: &g.ResourceVersion})
		if !apierrors.IsConflict(err) {
			return client.IgnoreNotFound(err)
		}
		gone, err := c.gone(ctx, g)
		if gone || err != nil {
			return err
		}
		if g.Spec.DeletionPolicy != v1alpha1.DeletionOrphan {
			return errChanged
		}
	}
}

// letGo waits until the operator has let the Group go, and else removes the finalizer.
func (c *cluster) letGo(ctx, limited context.Context, g *v1alpha1.Group) (by string, err error) {
	for wait(limited, pollPause) == nil {
		if gone, err := c.gone(ctx, g); gone || err != nil {
			return "by the operator", err
		}
	}
	if gone, err := c.gone(ctx, g); gone || err != nil {
		return "by the operator", err
	}
	if g.DeletionTimestamp.IsZero() || g.Spec.DeletionPolicy != v1alpha1.DeletionOrphan {
		return "", errChanged
	}
	err = c.change(ctx, g, untouched, func(g *v1alpha1.Group) { controllerutil.RemoveFinalizer(g, v1alpha1.FinalizerGroup) })
	if err == nil && len(g.Finalizers) > 0 {
		return "", fmt.Errorf("no operator answered, and its finalizer was removed; others hold the Group still: %s", strings.Join(g.Finalizers, ", "))
	}
	return "without the operator, which did not answer in time", client.IgnoreNotFound(err)
}

// gone reads a Group, and reports whether it is no longer there, whatever has its name.
func (c *cluster) gone(ctx context.Context, g *v1alpha1.Group) (bool, error) {
	now := &v1alpha1.Group{}
	err := c.Get(ctx, client.ObjectKeyFromObject(g), now)
	if apierrors.IsNotFound(err) || err == nil && now.UID != g.UID {
		return true, nil
	} else if err == nil {
		now.DeepCopyInto(g)
	}
	return false, err
}
