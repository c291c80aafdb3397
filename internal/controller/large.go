// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"
	"fmt"
	"slices"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/plan"
)

// A Group may be as large as etcd takes it, by its contacts or by what anybody may write into
// its metadata. Who may write Groups could fill the memory of the manager with 300 of them: so
// the cache keeps a mark in the place of what makes it large, and a look at such a Group reads
// it from the API server. A Group that nobody looks at costs nothing.

const (
	// cachedWeight is what the contacts and the metadata of a Group may take in the cache, in bytes.
	cachedWeight = 32 << 10
	// itemCost is what a contact, a label or the like costs beside its texts.
	itemCost = 32
	// largeAtOnce is how many such Groups are read at a time, and largeRetry how soon another
	// one tries again.
	largeAtOnce = 4
	largeRetry  = time.Second
)

// notCached stands in the place of the contacts: the API server takes no contact without a name.
var notCached = v1alpha1.Contact{}

// largeMark is a label of each Group that is not cached as a whole: the API server takes no
// label without a name.
const largeMark = ""

// cachedNotes are the annotations that others than its own look read of a Group.
var cachedNotes = []string{
	v1alpha1.AnnotationReconcileRequestedAt, v1alpha1.AnnotationGroupID, v1alpha1.AnnotationGroupCluster,
	v1alpha1.AnnotationUnarchive, v1alpha1.AnnotationCreateAttempt,
}

// CacheLight leaves out of a large Group that is to be cached what makes it large.
func CacheLight(g *v1alpha1.Group) {
	if weight(g) <= cachedWeight {
		return
	}
	if len(g.Spec.Contacts) > 0 {
		g.Spec.Contacts = []v1alpha1.Contact{notCached}
	}
	g.Labels, g.OwnerReferences = map[string]string{largeMark: ""}, nil
	if slices.Contains(g.Finalizers, v1alpha1.FinalizerGroup) {
		g.Finalizers = []string{v1alpha1.FinalizerGroup}
	} else {
		g.Finalizers = nil
	}
	kept, room := map[string]string{}, cachedWeight
	for _, note := range cachedNotes {
		text, noted := g.Annotations[note]
		if note == v1alpha1.AnnotationReconcileRequestedAt {
			text = plan.Echo(text)
		}
		if noted && len(text) <= room {
			kept[note] = text
			room -= len(text)
		}
	}
	g.Annotations = kept
}

// weight is what the parts of a Group take that have no bound of their own, in bytes.
func weight(g *v1alpha1.Group) int {
	size := 0
	add := func(texts ...string) {
		size += itemCost
		for _, text := range texts {
			size += len(text)
		}
	}
	for i := range g.Spec.Contacts {
		add(g.Spec.Contacts[i].Username)
	}
	for name, text := range g.Labels {
		add(name, text)
	}
	for name, text := range g.Annotations {
		add(name, text)
	}
	for _, name := range g.Finalizers {
		add(name)
	}
	for i := range g.OwnerReferences {
		owner := &g.OwnerReferences[i]
		add(owner.APIVersion, owner.Kind, owner.Name, string(owner.UID))
	}
	return size
}

// isLarge reports whether a Group is not cached as a whole.
func isLarge(g *v1alpha1.Group) bool {
	_, marked := g.Labels[largeMark]
	return marked
}

// whole is a cached Group as the API server has it, where it is not cached so; nil
// where it is to be looked at later, since it is gone or another, or others are read just now.
func (r *GroupReconciler) whole(ctx context.Context, cached *v1alpha1.Group) (*v1alpha1.Group, error) {
	if !isLarge(cached) {
		return cached, nil
	}
	select {
	case r.large <- struct{}{}:
		defer func() { <-r.large }()
	default:
		return nil, nil //nolint:nilnil // as said above
	}
	group := &v1alpha1.Group{}
	err := r.executor.owners.live.Get(ctx, client.ObjectKeyFromObject(cached), group)
	if client.IgnoreNotFound(err) != nil {
		return nil, fmt.Errorf("reading a large Group: %w", err)
	}
	if group.UID != cached.UID {
		return nil, nil //nolint:nilnil // as said above
	}
	group.ManagedFields = nil
	return group, nil
}
