// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"sync"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// workQueue is a work queue that hands out work in the same order each time:
// by priority, then by when it was added.
type workQueue struct {
	mu       sync.Mutex
	sequence int
	items    map[reconcile.Request]*work
	locked   map[reconcile.Request]bool
	failures map[reconcile.Request]int
	wake     chan struct{}
}

type work struct {
	request  reconcile.Request
	priority int
	ready    time.Time
	sequence int
}

var _ priorityqueue.PriorityQueue[reconcile.Request] = (*workQueue)(nil)

func newWorkQueue() *workQueue {
	return &workQueue{
		items: map[reconcile.Request]*work{}, locked: map[reconcile.Request]bool{},
		failures: map[reconcile.Request]int{}, wake: make(chan struct{}, 1),
	}
}

func (q *workQueue) AddWithOpts(o priorityqueue.AddOpts, requests ...reconcile.Request) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, r := range requests {
		after := o.After
		if o.RateLimited {
			after = max(after, min(time.Second<<min(q.failures[r], 8), 5*time.Minute))
			q.failures[r]++
		}
		priority := 0
		if o.Priority != nil {
			priority = *o.Priority
		}
		ready := time.Now().Add(after)
		q.sequence++
		if w := q.items[r]; w != nil {
			if ready.Before(w.ready) {
				w.ready = ready
			}
			w.priority = max(w.priority, priority)
			continue
		}
		q.items[r] = &work{request: r, priority: priority, ready: ready, sequence: q.sequence}
	}
	q.signal()
}

func (q *workQueue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// dropSignal forgets a signal that came together with a timer, so that which of the two
// a select saw makes no difference.
func (q *workQueue) dropSignal() {
	select {
	case <-q.wake:
	default:
	}
}

// next takes the best item that is ready, or says how long until one is.
func (q *workQueue) next() (w *work, wait time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	wait = time.Hour
	now := time.Now()
	for _, item := range q.items {
		if q.locked[item.request] {
			continue
		}
		if d := item.ready.Sub(now); d > 0 {
			wait = min(wait, d)
			continue
		}
		if w == nil || item.priority > w.priority || item.priority == w.priority && item.sequence < w.sequence {
			w = item
		}
	}
	if w != nil {
		delete(q.items, w.request)
		q.locked[w.request] = true
	}
	return w, wait
}

func (q *workQueue) Done(r reconcile.Request) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.locked, r)
	q.signal()
}

func (q *workQueue) Forget(r reconcile.Request) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.failures, r)
}

func (q *workQueue) Add(r reconcile.Request) { q.AddWithOpts(priorityqueue.AddOpts{}, r) }
func (q *workQueue) AddAfter(r reconcile.Request, d time.Duration) {
	q.AddWithOpts(priorityqueue.AddOpts{After: d}, r)
}
func (q *workQueue) AddRateLimited(r reconcile.Request) {
	q.AddWithOpts(priorityqueue.AddOpts{RateLimited: true}, r)
}

// The rest of the interface is for controller-runtime's own workers.
func (q *workQueue) NumRequeues(r reconcile.Request) int       { return q.failures[r] }
func (q *workQueue) Len() int                                  { return len(q.items) }
func (q *workQueue) ShutDown()                                 {}
func (q *workQueue) ShutDownWithDrain()                        {}
func (q *workQueue) ShuttingDown() bool                        { return false }
func (q *workQueue) Get() (r reconcile.Request, shutdown bool) { return r, true }
func (q *workQueue) GetWithPriority() (r reconcile.Request, priority int, shutdown bool) {
	return r, 0, true
}
