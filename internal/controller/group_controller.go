// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/account"
	"github.com/klink-cloud/klink-operator/internal/plan"
)

// +kubebuilder:rbac:groups=klink.cloud,resources=groups,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=klink.cloud,resources=groups/status,verbs=patch
// +kubebuilder:rbac:groups=apiextensions.k8s.io,resources=customresourcedefinitions,resourceNames=groups.klink.cloud,verbs=get
// +kubebuilder:rbac:groups="",resources=namespaces,verbs=get
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// GroupReconciler keeps each Group's remote group as declared. Every field but
// Namespaces and Recoveries is required.
type GroupReconciler struct {
	// Client reads from the cache and writes to the API server.
	Client client.Client
	// Live reads from the API server itself.
	Live client.Reader
	// Groups looks Groups up in the cache.
	Groups Groups
	// Accounts are the connections at run time.
	Accounts *account.Registry
	// News is where the accounts' news arrive.
	News *Switchboard
	// Events records events (events.k8s.io).
	Events events.EventRecorder
	// Cluster is the UID of namespace kube-system.
	Cluster string
	// Namespaces are the watched ones; empty means all.
	Namespaces []string
	// Unserved tells by discovery whether Groups can no longer be written, because
	// their CRD goes. Nil where the CRD itself can be read.
	Unserved func() (bool, error)
	// DryRun: nothing is written remotely, and no finalizer or annotation here.
	DryRun bool
	// Count is told what happens, for metrics.
	Count Counter

	started  atomic.Pointer[time.Time]
	memories memories
	crd      crdWatch
	allowed  namespaceLabels
	shares   shares
}

// Counter counts what the reconcilers do; package metrics implements it.
type Counter interface {
	// Drifted counts fields that were corrected.
	Drifted(connection account.Key, fields []plan.Field)
	// Recovered counts creates that got no clear answer, by what became of them:
	// bound, none (made anew), or uncertain (a person has to say).
	Recovered(outcome string)
}

// SetupWithManager registers the controller with that many workers.
func (r *GroupReconciler) SetupWithManager(mgr ctrl.Manager, workers int) error {
	r.shares.limit(workers)
	c, err := controller.New("group", mgr, controller.Options{
		Reconciler:              r,
		MaxConcurrentReconciles: workers,
		RateLimiter:             workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](time.Second, 5*time.Minute),
	})
	if err != nil {
		return fmt.Errorf("creating the Group controller: %w", err)
	}
	// The queue is handed over first: the handler enqueues through it.
	if err := c.Watch(source.Func(r.News.groups.source)); err != nil {
		return fmt.Errorf("joining the Group queue: %w", err)
	}
	if err := c.Watch(source.Kind(mgr.GetCache(), &v1alpha1.Group{}, r.Handler())); err != nil {
		return fmt.Errorf("watching Groups: %w", err)
	}
	return nil
}

// Handler turns changes of Groups into work.
func (r *GroupReconciler) Handler() handler.TypedEventHandler[*v1alpha1.Group, reconcile.Request] {
	return &groupHandler{queue: &r.News.groups, news: r.News}
}

// maxSteps bounds one look at a Group; a plan that does not come to rest is a
// defect, and must not spin.
const maxSteps = 12

// Reconcile takes one look at a Group and does what the plan says.
func (r *GroupReconciler) Reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	var group v1alpha1.Group
	if err := r.Client.Get(ctx, req.NamespacedName, &group); err != nil {
		if apierrors.IsNotFound(err) {
			return r.gone(ctx, req.NamespacedName)
		}
		return reconcile.Result{}, fmt.Errorf("reading the Group: %w", err)
	}
	key := connectionOf(&group)
	if !r.shares.enter(key, req, priorityOf(&group)) {
		return reconcile.Result{}, nil
	}
	defer r.shares.leave(key, r.News.groups.add)
	l, err := r.look(ctx, &group)
	if errors.Is(err, errStartOver) {
		return reconcile.Result{RequeueAfter: staleRetry}, nil
	}
	if err != nil {
		return reconcile.Result{}, err
	}
	defer l.publish()
	for range maxSteps {
		step := plan.Next(&l.facts)
		logger := log.FromContext(ctx)
		logger.V(1).Info("Planned", "step", step.Action.String(), "id", step.ID)
		if logger := logger.V(2); logger.Enabled() {
			logger.Info("Planned on", "facts", l.facts.String())
		}
		if done, result, err := l.carryOut(ctx, step); done || err != nil {
			return result, err
		}
	}
	return reconcile.Result{}, fmt.Errorf("the plan for Group %s did not come to rest", req.NamespacedName)
}

// since is when this manager began to work: at its first look, which it takes
// once it is the leader.
func (r *GroupReconciler) since(now time.Time) time.Time {
	r.started.CompareAndSwap(nil, &now)
	return *r.started.Load()
}

// gone cleans up after a Group that no longer exists.
func (r *GroupReconciler) gone(ctx context.Context, name types.NamespacedName) (reconcile.Result, error) {
	mem := r.memories.last(name)
	if mem == nil {
		return reconcile.Result{}, nil
	}
	if again := r.settleUnrecorded(ctx, mem); again > 0 {
		return reconcile.Result{RequeueAfter: again}, nil
	}
	r.letGo(ctx, mem)
	r.memories.forget(name)
	return reconcile.Result{}, nil
}

// letGo drops what this process holds for a Group, and has those looked at that
// wait for it: the watch may have told them that the Group is gone before.
func (r *GroupReconciler) letGo(ctx context.Context, mem *memory) {
	ids := r.Accounts.Claims.Release(string(mem.uid))
	for _, a := range r.Accounts.All() {
		a.Forget(string(mem.uid))
		for _, id := range ids {
			r.News.wakeHeirs(ctx, mem.uid, id, a.Lookup(id).Group.Name)
		}
	}
}
