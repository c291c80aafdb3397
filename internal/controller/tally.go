// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"
	"fmt"
	"iter"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/account"
)

// All lists every Group with its connection, for the metrics.
func (g Groups) All(ctx context.Context) (iter.Seq2[account.Key, *v1alpha1.Group], error) {
	groups, err := g.Index.All()
	if err != nil {
		return nil, fmt.Errorf("listing Groups: %w", err)
	}
	return func(yield func(account.Key, *v1alpha1.Group) bool) {
		for _, group := range groups {
			key := connectionOf(group)
			if served, err := g.serves(ctx, key); err != nil || !served {
				continue // another manager tells of it
			}
			if !yield(key, group) {
				return
			}
		}
	}, nil
}

// Connections tells of every connection whether it is ready, for the metrics.
func (g Groups) Connections(ctx context.Context) (map[account.Key]bool, error) {
	var own v1alpha1.ConnectionList
	var shared v1alpha1.ClusterConnectionList
	for _, list := range []client.ObjectList{&own, &shared} {
		if list == &shared && g.NamespacedOnly {
			break
		}
		if err := g.Cache.List(ctx, list, client.UnsafeDisableDeepCopy); err != nil {
			return nil, fmt.Errorf("listing connections: %w", err)
		}
	}
	ready := make(map[account.Key]bool, len(own.Items)+len(shared.Items))
	note := func(object connectionObject) {
		if !g.selects(object) {
			return
		}
		ready[keyOf(object)] = meta.IsStatusConditionTrue(object.GetConnectionStatus().Conditions, v1alpha1.ConditionReady)
	}
	for i := range own.Items {
		note(&own.Items[i])
	}
	for i := range shared.Items {
		note(&shared.Items[i])
	}
	return ready, nil
}
