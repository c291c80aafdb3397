// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/account"
	"github.com/klink-cloud/klink-operator/internal/klink"
)

// Notifier turns what the accounts have to say into work for the
// controllers. It is made before the accounts, and so before the controllers.
type Notifier struct {
	Groups Groups

	groups, connections, clusterConnections queue
}

func newNotifier(groups Groups) *Notifier {
	n := &Notifier{Groups: groups}
	n.groups.asked.interval = n.resyncInterval
	return n
}

// resyncInterval is that of a Group's connection, zero if there is none.
func (n *Notifier) resyncInterval(g *v1alpha1.Group) time.Duration {
	connection, err := n.Groups.connection(context.Background(), connectionOf(g))
	if err != nil {
		return 0 // nothing is called without a connection
	}
	return connection.GetConnectionSpec().ResyncInterval.Duration
}

// hooks join the accounts to the Groups and to the controllers; observe is told of
// every HTTP exchange.
func (n *Notifier) hooks(observe func(account.Key, klink.Call)) account.Hooks {
	ctx := context.Background() // the cache outlives every call
	return account.Hooks{
		Bindings: func(key account.Key) (account.Bindings, error) { return n.Groups.Bindings(ctx, key) },
		Notify:   n.Notify,
		Observe:  observe,
	}
}

// Notify enqueues the Groups that the news concerns, and the connection.
func (n *Notifier) Notify(key account.Key, change account.News) {
	ctx := context.Background()
	if change.Status {
		n.enqueueConnection(key)
	}
	if change.All || change.Unbound || change.Waiting {
		n.enqueue(ctx, func(g *v1alpha1.Group) bool {
			return change.All || change.Unbound && g.Status.ID == "" || change.Waiting && n.groups.priorityOf(g) > priorityDrift
		})(n.Groups.Of(key))
	}
	for _, id := range change.IDs {
		n.enqueue(ctx, func(*v1alpha1.Group) bool { return true })(n.Groups.Naming(id))
	}
}

func (n *Notifier) enqueueConnection(key account.Key) {
	n.queueOf(key.Kind).add(priorityChange, reconcile.Request{NamespacedName: types.NamespacedName{Namespace: key.Namespace, Name: key.Name}})
}

// enqueueTerminating enqueues a connection that is being deleted. Others need not know of the
// end of each of ten thousand creates.
func (n *Notifier) enqueueTerminating(key account.Key) {
	object, err := n.Groups.connection(context.Background(), key)
	if err == nil && !object.GetDeletionTimestamp().IsZero() {
		n.enqueueConnection(key)
	}
}

// enqueueContenders enqueues the Groups that may want what the Group of a UID lets go of:
// those that name the remote id, and those without an id that declare its name.
func (n *Notifier) enqueueContenders(ctx context.Context, uid types.UID, id, name string) {
	n.enqueue(ctx, func(g *v1alpha1.Group) bool { return g.UID != uid })(n.Groups.Naming(id))
	n.enqueue(ctx, func(g *v1alpha1.Group) bool { return g.UID != uid && g.Status.ID == "" })(n.Groups.Named(name))
}

// enqueue enqueues those of some listed Groups. A list that failed is told, as these
// Groups are then looked at no sooner than something else asks for it.
func (n *Notifier) enqueue(ctx context.Context, which func(*v1alpha1.Group) bool) func([]*v1alpha1.Group, error) {
	return func(groups []*v1alpha1.Group, err error) {
		if err != nil {
			log.FromContext(ctx).Error(err, "Groups that a change concerns were not enqueued")
			return
		}
		for _, group := range groups {
			if which(group) {
				n.groups.addGroup(group)
			}
		}
	}
}

func (n *Notifier) queueOf(kind string) *queue {
	if kind == string(v1alpha1.KindConnection) {
		return &n.connections
	}
	return &n.clusterConnections
}
