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
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/facts"
)

func (p *plugin) releaseCommand() *cobra.Command {
	var (
		yes      bool
		patience time.Duration
	)
	c := &cobra.Command{
		Use:   "release NAME...",
		Short: "Delete Groups without touching their remote groups, also without the operator",
		Long: `Delete Groups and leave their remote groups as they are, after asking. Each gets
deletionPolicy Orphan first, with which the operator lets it go without any call. Where
no operator does that in time, the finalizer is removed: for an operator that is gone.`,
		Args:              cobra.MinimumNArgs(1),
		RunE:              func(c *cobra.Command, names []string) error { return p.release(c.Context(), names, yes, patience) },
		ValidArgsFunction: p.completeGroups,
	}
	c.Flags().BoolVarP(&yes, "yes", "y", false, "Do not ask.")
	c.Flags().DurationVar(&patience, "operator-timeout", 30*time.Second, "How long to leave it to the operator before the finalizer is removed.")
	return c
}

func (p *plugin) release(ctx context.Context, names []string, yes bool, patience time.Duration) error {
	c, err := p.namespaced(ctx)
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
	if !yes {
		if err := p.ask(ctx, releaseQuestion(groups)); err != nil {
			return err
		}
	}
	// All of them first: what the operator does takes its time only once.
	for i := range groups {
		if err := c.orphan(ctx, &groups[i]); err != nil {
			return err
		}
	}
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for i := range groups {
		g := &groups[i]
		by, err := c.letGo(ctx, limited, g)
		if err != nil {
			return fmt.Errorf("kgrp/%s: %w", g.Name, err)
		}
		fmt.Fprintf(p.Out, "group.klink.cloud/%s released %s; %s\n", g.Name, by, ids[i])
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
	before := g.DeepCopy()
	g.Spec.DeletionPolicy = v1alpha1.DeletionOrphan
	if err := c.Patch(ctx, g, client.MergeFrom(before)); err != nil {
		return fmt.Errorf("setting deletionPolicy Orphan on kgrp/%s: %w", g.Name, err)
	}
	uid := g.UID
	for {
		// Of this Group alone, and of a version with this policy: another that has the name,
		// or one that was changed back meanwhile, is not deleted.
		err := c.Delete(ctx, g, client.Preconditions{UID: &uid, ResourceVersion: &g.ResourceVersion})
		if !apierrors.IsConflict(err) {
			return client.IgnoreNotFound(err)
		}
		gone, err := c.gone(ctx, g, uid)
		if gone || err != nil {
			return err
		}
		if g.Spec.DeletionPolicy != v1alpha1.DeletionOrphan {
			return errChanged
		}
	}
}

// errChanged: somebody else writes the Group too.
var errChanged = errors.New("somebody changed it meanwhile; look at it, and try again")

// letGo waits until the operator has let the Group go, and else removes the finalizer.
func (c *cluster) letGo(ctx, limited context.Context, g *v1alpha1.Group) (by string, err error) {
	uid := g.UID
	for wait(limited, pollPause) == nil {
		if gone, err := c.gone(ctx, g, uid); gone || err != nil {
			return "by the operator", err
		}
	}
	if gone, err := c.gone(ctx, g, uid); gone || err != nil {
		return "by the operator", err
	}
	if g.DeletionTimestamp.IsZero() || g.Spec.DeletionPolicy != v1alpha1.DeletionOrphan {
		return "", errChanged
	}
	before := g.DeepCopy()
	controllerutil.RemoveFinalizer(g, v1alpha1.FinalizerGroup)
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	return "by hand: no operator answered", client.IgnoreNotFound(c.Patch(ctx, g, patch))
}

// gone reads a Group, and reports whether it is no longer there.
func (c *cluster) gone(ctx context.Context, g *v1alpha1.Group, uid types.UID) (bool, error) {
	err := c.Get(ctx, client.ObjectKeyFromObject(g), g)
	if apierrors.IsNotFound(err) {
		return true, nil
	}
	return err == nil && g.UID != uid, err
}
