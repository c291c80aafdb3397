// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"
	"fmt"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// A Group may be as large as etcd takes, and the contacts are what makes it so. Who may
// write Groups could fill the memory of the manager with 300 of them: so the cache keeps a
// mark in the place of many contacts, and a look at such a Group reads it from the API
// server. A Group that nobody looks at costs nothing.

const (
	// cachedContacts is what the contacts of a Group may take in the cache, in bytes.
	cachedContacts = 32 << 10
	// contactCost is what a contact costs beside its name.
	contactCost = 32
	// largeAtOnce is how many such Groups are read at a time, and largeRetry how soon another
	// one tries again.
	largeAtOnce = 4
	largeRetry  = 100 * time.Millisecond
)

// notCached stands in the place of the contacts: the API server takes no contact without a name.
var notCached = v1alpha1.Contact{}

// CacheWithoutContacts leaves the contacts out of a Group that is to be cached, where they are many.
func CacheWithoutContacts(g *v1alpha1.Group) {
	size := 0
	for i := range g.Spec.Contacts {
		size += contactCost + len(g.Spec.Contacts[i].Username)
	}
	if size > cachedContacts {
		g.Spec.Contacts = []v1alpha1.Contact{notCached}
	}
}

// isLarge reports whether a cached Group lacks its contacts.
func isLarge(g *v1alpha1.Group) bool {
	return len(g.Spec.Contacts) == 1 && g.Spec.Contacts[0] == notCached
}

// whole is a cached Group as the API server has it, where the cache lacks its contacts; nil
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
