// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"reflect"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/plan"
)

// What a cluster's log tells of the past, and what its Groups say now.

// lately reports whether an object was so at some time since; of one that is gone, the
// last that was seen of it counts.
func (c *cluster) lately(n name, since time.Time, so func(client.Object) bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := len(c.log) - 1; i >= 0; i-- {
		entry := c.log[i]
		if entry.now == nil {
			if entry.before != nil && nameOf(entry.before) == n && so(entry.before) {
				return true
			}
			continue
		}
		if nameOf(entry.now) != n {
			continue
		}
		if so(entry.now) {
			return true
		}
		if !entry.at.After(since) {
			return false
		}
	}
	return false
}

// missedSince reports whether an object was not there at some time since.
func (c *cluster) missedSince(n name, since time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, entry := range slices.Backward(c.log) {
		if entry.at.Before(since) {
			break
		}
		if entry.now == nil && nameOf(entry.before) == n || entry.before == nil && nameOf(entry.now) == n {
			return true
		}
	}
	return c.objects[n] == nil
}

func (c *cluster) last() change {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.log[len(c.log)-1]
}

// declaredSince is when what a generation declares was first declared without a break.
func (c *cluster) declaredSince(g *v1alpha1.Group, generation int64) (since time.Time, spec *v1alpha1.GroupSpec) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := len(c.log) - 1; i >= 0; i-- {
		old, ok := c.log[i].now.(*v1alpha1.Group)
		if !ok || old.UID != g.UID || old.Generation > generation {
			continue
		}
		if spec == nil {
			spec = &old.Spec
		}
		if !reflect.DeepEqual(plan.DeclaredBy(&old.Spec), plan.DeclaredBy(spec)) {
			break
		}
		since = c.log[i].at
	}
	return since, spec
}

// delay keeps the newest change from the watches for a while.
func (c *cluster) delay(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.log[len(c.log)-1].late = d
}

func (c *cluster) writeCount() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.writes
}

// ownedByAnother: of two open creates of one name and the same values nobody can
// tell which made which group; the one may end up with the other's.
func (c *cluster) ownedByAnother(g *v1alpha1.Group, id string) bool {
	for _, other := range c.groups() {
		if other.UID != g.UID && slices.Contains([]string{other.Status.ID, other.Annotations[v1alpha1.AnnotationGroupID], other.Spec.GroupID}, id) {
			return true
		}
	}
	return false
}

// idNow is the id that a Group is bound to.
func (c *cluster) idNow(g *v1alpha1.Group) string {
	return c.get(nameOf(g)).(*v1alpha1.Group).Status.ID
}

// readyMessage is what a Group says of itself now.
func (c *cluster) readyMessage(g *v1alpha1.Group) string {
	ready := meta.FindStatusCondition(c.get(nameOf(g)).(*v1alpha1.Group).Status.Conditions, v1alpha1.ConditionReady)
	if ready == nil {
		return ""
	}
	return ready.Reason + ": " + ready.Message
}
