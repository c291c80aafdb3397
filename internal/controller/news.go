// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/account"
	"github.com/klink-cloud/klink-operator/internal/klink"
)

// Switchboard turns what the accounts have to say into work for the
// controllers. It is made before the accounts, and so before the controllers.
type Switchboard struct {
	Groups Groups

	groups, connections, clusterConnections queue
}

// Hooks join the accounts to the Groups and to the controllers; observe is told of
// every HTTP exchange.
func (s *Switchboard) Hooks(observe func(account.Key, klink.Call)) account.Hooks {
	ctx := context.Background() // the cache outlives every call
	return account.Hooks{
		Owned:   func(key account.Key) ([]string, error) { return s.Groups.Owned(ctx, key) },
		GivenUp: func(key account.Key) ([]string, error) { return s.Groups.GivenUp(ctx, key) },
		Unbound: func(key account.Key) (bool, error) { return s.Groups.Unbound(ctx, key) },
		Notify:  s.Notify,
		Observe: observe,
	}
}

// Notify enqueues the Groups that the news concerns, and the connection.
func (s *Switchboard) Notify(key account.Key, n account.News) {
	ctx := context.Background()
	if n.Status {
		s.queueOf(key.Kind).add(priorityChange, reconcile.Request{NamespacedName: types.NamespacedName{Namespace: key.Namespace, Name: key.Name}})
	}
	if n.All || n.Unbound {
		groups, _ := s.Groups.Of(ctx, key) // an error means that the cache is gone, and so are we
		for i := range groups {
			if n.All || boundID(&groups[i]) == "" {
				s.groups.addGroup(&groups[i])
			}
		}
	}
	for _, id := range n.IDs {
		groups, _ := s.Groups.Naming(ctx, id) // as above
		for i := range groups {
			s.groups.addGroup(&groups[i])
		}
	}
}

// JoinGroups hands over the queue of the Group controller, and Join that of a
// connection kind's, where no manager does.
func (s *Switchboard) JoinGroups(q priorityqueue.PriorityQueue[reconcile.Request]) { s.groups.join(q) }

// Join see JoinGroups.
func (s *Switchboard) Join(kind v1alpha1.ConnectionKind, q priorityqueue.PriorityQueue[reconcile.Request]) {
	s.queueOf(string(kind)).join(q)
}

// wakeHeirs enqueues the Groups that may want what the Group of a UID lets go of:
// those that name the remote id, and those without an id that declare its name.
func (s *Switchboard) wakeHeirs(ctx context.Context, uid types.UID, id, name string) {
	naming, _ := s.Groups.Naming(ctx, id) // an error means that the cache is gone, and so are we
	for i := range naming {
		if naming[i].UID != uid {
			s.groups.addGroup(&naming[i])
		}
	}
	named, _ := s.Groups.Named(ctx, name) // as above
	for i := range named {
		if boundID(&named[i]) == "" && named[i].UID != uid {
			s.groups.addGroup(&named[i])
		}
	}
}

func (s *Switchboard) queueOf(kind string) *queue {
	if kind == string(v1alpha1.KindConnection) {
		return &s.connections
	}
	return &s.clusterConnections
}
