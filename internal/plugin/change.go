// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// pollPause is how often a Group is read that is waited for.
const pollPause = 250 * time.Millisecond

// errChanged: somebody else writes the Group too.
var errChanged = errors.New("somebody changed it meanwhile; look at it, and try again")

// theSame: it is the Group that was read, and no other one that has its name by now.
func theSame(read, now *v1alpha1.Group) bool { return read.UID == now.UID }

// untouched: it is the Group that was read, and says what it said.
func untouched(read, now *v1alpha1.Group) bool {
	return theSame(read, now) && read.Generation == now.Generation
}

// mostConflicts bounds how often a change is tried on a Group that others keep writing.
const mostConflicts = 20

// change writes a change to the very Group that was read, as long as it is the one that is
// meant. A write of the operator's alone, such as a status, only has it tried again.
func (c *cluster) change(ctx context.Context, g *v1alpha1.Group, meant func(read, now *v1alpha1.Group) bool, change func(*v1alpha1.Group)) error {
	read := g.DeepCopy()
	for range mostConflicts {
		before := g.DeepCopy()
		change(g)
		err := c.Patch(ctx, g, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
		if !apierrors.IsConflict(err) {
			return err
		}
		// Into an empty one: what a newer version leaves out must not stay.
		now := &v1alpha1.Group{}
		if err := c.Get(ctx, client.ObjectKeyFromObject(read), now); err != nil {
			return err
		}
		if !meant(read, now) {
			return errChanged
		}
		now.DeepCopyInto(g)
	}
	return errChanged
}

// until reads a Group until it is as wanted. An API server that is away for a moment, as one
// that is being upgraded, ends nothing before the time is up.
func (c *cluster) until(ctx context.Context, g *v1alpha1.Group, served func(*v1alpha1.Group) bool) error {
	uid := g.UID
	var last error
	for !served(g) {
		if wait(ctx, pollPause) != nil {
			if last != nil {
				return fmt.Errorf("the operator has not answered in time: %w", last)
			}
			return errors.New("the operator has not answered in time")
		}
		now := &v1alpha1.Group{}
		err := c.Get(ctx, client.ObjectKeyFromObject(g), now)
		switch {
		case apierrors.IsNotFound(err), apierrors.IsForbidden(err):
			return err
		case ctx.Err() != nil:
			continue
		case err != nil:
			last = err
			continue
		case now.UID != uid:
			return errChanged
		}
		last = nil
		now.DeepCopyInto(g)
	}
	return nil
}
