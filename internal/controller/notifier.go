// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/account"
	"github.com/klink-cloud/klink-operator/internal/facts"
	"github.com/klink-cloud/klink-operator/internal/klink"
)

// Notifier turns what the accounts have to say into work for the
// controllers. It is made before the accounts, and so before the controllers.
type Notifier struct {
	Groups Groups

	groups, connections, clusterConnections queue
}

// hooks join the accounts to the Groups and to the controllers; observe is told of
// every HTTP exchange.
func (n *Notifier) hooks(observe func(account.Key, klink.Call)) account.Hooks {
	ctx := context.Background() // the cache outlives every call
	return account.Hooks{
		Owned:   func(key account.Key) ([]string, error) { return n.Groups.Owned(ctx, key) },
		GivenUp: func(key account.Key) ([]string, error) { return n.Groups.GivenUp(ctx, key) },
		Unbound: func(key account.Key) (bool, error) { return n.Groups.Unbound(ctx, key) },
		Notify:  n.Notify,
		Observe: observe,
	}
}

// Notify enqueues the Groups that the news concerns, and the connection.
func (n *Notifier) Notify(key account.Key, change account.News) {
	ctx := context.Background()
	if change.Status {
		n.queueOf(key.Kind).add(priorityChange, reconcile.Request{NamespacedName: types.NamespacedName{Namespace: key.Namespace, Name: key.Name}})
	}
	if change.All || change.Unbound {
		groups, _ := n.Groups.Of(ctx, key) // an error means that the cache is gone, and so are we
		for i := range groups {
			if change.All || facts.RecordedID(&groups[i]) == "" {
				n.groups.addGroup(&groups[i])
			}
		}
	}
	for _, id := range change.IDs {
		groups, _ := n.Groups.Naming(ctx, id) // as above
		for i := range groups {
			n.groups.addGroup(&groups[i])
		}
	}
}

// enqueueContenders enqueues the Groups that may want what the Group of a UID lets go of:
// those that name the remote id, and those without an id that declare its name.
func (n *Notifier) enqueueContenders(ctx context.Context, uid types.UID, id, name string) {
	naming, _ := n.Groups.Naming(ctx, id) // an error means that the cache is gone, and so are we
	for i := range naming {
		if naming[i].UID != uid {
			n.groups.addGroup(&naming[i])
		}
	}
	named, _ := n.Groups.Named(ctx, name) // as above
	for i := range named {
		if facts.RecordedID(&named[i]) == "" && named[i].UID != uid {
			n.groups.addGroup(&named[i])
		}
	}
}

func (n *Notifier) queueOf(kind string) *queue {
	if kind == string(v1alpha1.KindConnection) {
		return &n.connections
	}
	return &n.clusterConnections
}
