// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"
	"fmt"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/facts"
	"github.com/klink-cloud/klink-operator/internal/klink"
)

// Priorities of work. A person's change to a bound group goes before creations,
// so that a mass create holds nobody up; drift and resyncs come last.
const (
	priorityChange = 10
	priorityCreate = 0
	priorityDrift  = handler.LowPriority
)

// settledWait is for how long after a start the Groups wait that nobody waits for: they come
// by the thousand, and what a person has changed meanwhile is not to share the processors
// with them.
const settledWait = 2 * time.Second

// priorityOf is the priority of looking at a Group.
func (q *queue) priorityOf(g *v1alpha1.Group) int {
	waits := g.Generation != g.Status.ObservedGeneration || !g.DeletionTimestamp.IsZero() || q.asked.urgently(g)
	switch {
	case !waits:
		return priorityDrift
	case g.Status.ID == "" && g.DeletionTimestamp.IsZero():
		return priorityCreate
	default:
		return priorityChange
	}
}

// queue is a controller's work queue, for those who have news from outside the
// cluster. What is added before the controller has started is dropped: it looks
// at every object then.
type queue struct {
	mu sync.Mutex
	q  priorityqueue.PriorityQueue[reconcile.Request]

	asked asked
}

// source hands the controller's queue over when it starts.
func (q *queue) source(_ context.Context, w workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
	priority, ok := w.(priorityqueue.PriorityQueue[reconcile.Request])
	if !ok {
		return fmt.Errorf("the queue %T knows no priorities", w)
	}
	q.join(priority)
	return nil
}

func (q *queue) join(w priorityqueue.PriorityQueue[reconcile.Request]) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.q = w
}

func (q *queue) add(priority int, requests ...reconcile.Request) {
	q.addAfter(0, priority, requests...)
}

func (q *queue) addAfter(wait time.Duration, priority int, requests ...reconcile.Request) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.q != nil && len(requests) > 0 {
		q.q.AddWithOpts(priorityqueue.AddOpts{Priority: &priority, After: wait}, requests...)
	}
}

func (q *queue) addGroup(g *v1alpha1.Group) {
	q.add(q.priorityOf(g), reconcile.Request{NamespacedName: client.ObjectKeyFromObject(g)})
}

// caller is a Group where it asks for a rate slot: it is enqueued when its turn comes.
func (q *queue) caller(g *v1alpha1.Group, priority int, class klink.Class) klink.Caller {
	request := reconcile.Request{NamespacedName: client.ObjectKeyFromObject(g)}
	return klink.Caller{
		Key: string(g.UID), Namespace: g.Namespace, Class: class, Wake: func() { q.add(priority, request) },
	}
}

// groupHandler enqueues Groups by who waits for them, the initial list included,
// and wakes those that wait for another to let go of a remote id.
type groupHandler struct {
	queue    *queue
	notifier *Notifier
}

type requestQueue = workqueue.TypedRateLimitingInterface[reconcile.Request]

// Create enqueues a Group that has appeared.
func (h *groupHandler) Create(_ context.Context, e event.TypedCreateEvent[*v1alpha1.Group], _ requestQueue) {
	if priority := h.queue.priorityOf(e.Object); e.IsInInitialList && priority == priorityDrift {
		h.queue.addAfter(settledWait, priority, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(e.Object)})
		return
	}
	h.queue.addGroup(e.Object)
}

// Update enqueues a Group that has changed, its status included: a manager that
// has just lost the lease may have written over ours.
func (h *groupHandler) Update(ctx context.Context, e event.TypedUpdateEvent[*v1alpha1.Group], _ requestQueue) {
	if before, now := e.ObjectOld, e.ObjectNew; before.Generation != now.Generation ||
		!equality.Semantic.DeepEqual(before.Annotations, now.Annotations) ||
		!equality.Semantic.DeepEqual(before.Finalizers, now.Finalizers) ||
		before.DeletionTimestamp.IsZero() != now.DeletionTimestamp.IsZero() || !equality.Semantic.DeepEqual(before.Status, now.Status) {
		h.queue.addGroup(now)
	}
	if facts.NamedID(e.ObjectOld) != facts.NamedID(e.ObjectNew) {
		h.enqueueContenders(ctx, e.ObjectOld)
	}
}

// Delete wakes the Groups that wait for this one's remote id.
func (h *groupHandler) Delete(ctx context.Context, e event.TypedDeleteEvent[*v1alpha1.Group], _ requestQueue) {
	h.queue.addGroup(e.Object)
	h.queue.asked.forget(e.Object)
	h.enqueueContenders(ctx, e.Object)
}

// Generic is not used.
func (h *groupHandler) Generic(context.Context, event.TypedGenericEvent[*v1alpha1.Group], requestQueue) {
}

func (h *groupHandler) enqueueContenders(ctx context.Context, gone *v1alpha1.Group) {
	for _, id := range idsOf(gone) {
		h.notifier.enqueueContenders(ctx, gone.UID, id, gone.Spec.Name)
	}
}
