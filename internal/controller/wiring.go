// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"fmt"
	"time"

	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/account"
	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/plan"
)

// Options are what the operator is made of. Every field but Namespaces and Unserved
// is required.
type Options struct {
	// Client reads from the cache and writes to the API server.
	Client client.Client
	// Live reads from the API server itself, Secrets above all.
	Live client.Reader
	// Groups looks Groups up in the cache.
	Groups Groups
	// Events records events (events.k8s.io).
	Events events.EventRecorder
	// Cluster is the UID of namespace kube-system.
	Cluster string
	// Namespaces are the watched ones; empty means all.
	Namespaces []string
	// Kinds are the kinds of connections that are served.
	Kinds []v1alpha1.ConnectionKind
	// Unserved tells by discovery whether Groups can no longer be written, because
	// their CRD goes. Nil where the CRD itself can be read.
	Unserved func() (bool, error)
	// Rules are what the manager allows the connections of a kind.
	Rules func(v1alpha1.ConnectionKind) ConnectionRules
	// DryRun: nothing is written remotely, and no finalizer or annotation here.
	DryRun bool
	// Workers reconcile Groups.
	Workers int
	// Count is told what happens, and Observe of every HTTP exchange, for metrics.
	Count   Counter
	Observe func(account.Key, klink.Call)
}

// Counter counts what the reconcilers do; package metrics implements it.
type Counter interface {
	// Drifted counts fields that were corrected.
	Drifted(connection account.Key, fields []plan.Field)
	// Recovered counts creates that got no clear answer, by what became of them:
	// bound, none (made again), or uncertain (a person has to say).
	Recovered(outcome string)
}

// Operator is all that works on Groups: the accounts, to be started by their
// registry, and the controllers.
type Operator struct {
	Accounts    *account.Registry
	Controllers []Controller
}

// Controller is a control loop: what reconciles, and what is enqueued for it.
type Controller struct {
	reconcile.Reconciler

	// Kind is what is reconciled; Object is an empty one.
	Kind   string
	Object client.Object
	// Queue is handed the work queue before anything is enqueued.
	Queue source.Func
	// OnGroup enqueues what a change of a Group concerns, and OnConnection what one of
	// a connection does; the latter is nil where none does.
	OnGroup      handler.TypedEventHandler[*v1alpha1.Group, reconcile.Request]
	OnConnection handler.EventHandler

	workers  int
	maxDelay time.Duration
}

// New wires the operator. This is the one place where that is done, for the manager
// as for the simulation.
func New(o Options) *Operator {
	o.Groups.labels, o.Groups.cluster = &namespaceLabelCache{live: o.Live}, o.Cluster
	notifier := newNotifier(o.Groups)
	accounts := account.NewRegistry(notifier.hooks(o.Observe))
	left := &leftBehind{}
	operator := &Operator{Accounts: accounts, Controllers: []Controller{{
		Reconciler: newGroupReconciler(o, accounts, notifier, left), Kind: "Group", Object: &v1alpha1.Group{},
		Queue: notifier.groups.source, OnGroup: &groupHandler{queue: &notifier.groups, notifier: notifier},
		workers: o.Workers, maxDelay: 5 * time.Minute,
	}}}
	for _, kind := range o.Kinds {
		r := &ConnectionReconciler{
			Kind: kind, Client: o.Client, Live: o.Live, Groups: o.Groups, Accounts: accounts, Notifier: notifier, Events: o.Events, Rules: o.Rules(kind),
			left: left,
		}
		operator.Controllers = append(operator.Controllers, Controller{
			Reconciler: r, Kind: string(kind), Object: newConnection(string(kind)),
			Queue: notifier.queueOf(string(kind)).source, OnGroup: r.groupHandler(), OnConnection: &connectionHandler{enqueueGroups: r.enqueueGroups},
			workers: 1, maxDelay: time.Minute,
		})
	}
	return operator
}

// SetupWithManager registers the controller.
func (c Controller) SetupWithManager(mgr ctrl.Manager) error {
	// The queue is handed over first: the handlers enqueue through it.
	b := ctrl.NewControllerManagedBy(mgr).Named(c.Kind + "-controller").WithOptions(controller.Options{
		MaxConcurrentReconciles: c.workers,
		RateLimiter:             workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](time.Second, c.maxDelay),
	}).WatchesRawSource(c.Queue)
	if c.OnConnection != nil {
		b = b.WatchesRawSource(source.Kind(mgr.GetCache(), c.Object, c.OnConnection))
	}
	b = b.WatchesRawSource(source.Kind(mgr.GetCache(), &v1alpha1.Group{}, c.OnGroup))
	if err := b.Complete(c.Reconciler); err != nil {
		return fmt.Errorf("setting up the controller of %ss: %w", c.Kind, err)
	}
	return nil
}
