// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"maps"
	"slices"
	"sync"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/klink-cloud/klink-operator/internal/account"
)

// workerQuota keeps the Groups of one connection, whose API may take its time, and those
// of one namespace, which may have several such connections, from taking all the
// workers: neither takes more than three quarters of what the others leave. Those who
// wait for a worker wait here, by priority; within one the namespaces take turns.
// Where the API server is slow fewer work at a time. Without workers it sets no limit.
type workerQuota struct {
	workers int
	load    writeLoad

	mu         sync.Mutex
	busy       int
	connection map[account.Key]int
	namespace  map[string]int
	waiting    map[int][]*workerLine // by priority, the line whose turn is next first
	known      map[reconcile.Request]int
}

// workerLine is what waits for a worker in one namespace for one connection, in its order.
type workerLine struct {
	key       account.Key
	namespace string
	requests  []reconcile.Request
}

func newWorkerQuota(workers int) *workerQuota {
	return &workerQuota{
		workers: workers, connection: map[account.Key]int{}, namespace: map[string]int{},
		waiting: map[int][]*workerLine{}, known: map[reconcile.Request]int{},
	}
}

// acquire takes a worker for a request of the connection, or notes that it waits for
// one: release hands it over when its turn has come.
func (q *workerQuota) acquire(key account.Key, request reconcile.Request, priority int) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.fits(key, request.Namespace) {
		q.take(key, request.Namespace)
		return true
	}
	if before, waits := q.known[request]; waits && before >= priority {
		return false
	}
	q.known[request] = priority
	lines := q.waiting[priority]
	i := slices.IndexFunc(lines, func(l *workerLine) bool { return l.key == key && l.namespace == request.Namespace })
	if i < 0 {
		q.waiting[priority] = append(lines, &workerLine{key: key, namespace: request.Namespace, requests: []reconcile.Request{request}})
		return false
	}
	lines[i].requests = append(lines[i].requests, request)
	return false
}

// fits says whether the connection and the namespace may have another worker.
func (q *workerQuota) fits(key account.Key, namespace string) bool {
	share := func(of int) int { return max(1, of*3/4) }
	workers := q.load.workers(q.workers)
	left := func(has int) int { return workers - (q.busy - has) } // by the others
	ofConnection, ofNamespace := q.connection[key], q.namespace[namespace]
	most := share(left(ofConnection))
	if key.Namespace != "" { // and leaves some to the other connections of its namespace
		most = min(most, share(share(left(ofNamespace))))
	}
	return q.workers == 0 || ofConnection < most && ofNamespace < share(left(ofNamespace))
}

func (q *workerQuota) take(key account.Key, namespace string) {
	q.busy++
	q.connection[key]++
	q.namespace[namespace]++
}

func (q *workerQuota) giveBack(key account.Key, namespace string) {
	q.busy--
	decrement(q.connection, key)
	decrement(q.namespace, namespace)
}

// release gives the worker back after a pass that took so long, and hands the request that comes
// next to enqueue, and one more if more may work than do.
// When nobody is left to do so once more, it hands over all.
func (q *workerQuota) release(key account.Key, namespace string, took time.Duration, enqueue func(priority int, requests ...reconcile.Request)) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.giveBack(key, namespace)
	q.load.passEnded(took)
	if q.busy == 0 {
		q.handOverAll(enqueue)
		return
	}
	if next := q.handOverNext(enqueue); next != nil {
		q.take(next.key, next.namespace) // until it comes for it, as far as the second is concerned
		q.handOverNext(enqueue)
		q.giveBack(next.key, next.namespace)
	}
}

// handOverAll hands over whatever waits: those who get no worker then wait once more.
func (q *workerQuota) handOverAll(enqueue func(priority int, requests ...reconcile.Request)) {
	for _, priority := range q.priorities() {
		for _, line := range q.waiting[priority] {
			q.handOver(priority, line, len(line.requests), enqueue)
		}
		delete(q.waiting, priority)
	}
}

// handOverNext hands over the request that comes next, and says of which line it is.
func (q *workerQuota) handOverNext(enqueue func(priority int, requests ...reconcile.Request)) *workerLine {
	for _, priority := range q.priorities() {
		lines := q.waiting[priority]
		i := slices.IndexFunc(lines, func(l *workerLine) bool { return q.fits(l.key, l.namespace) })
		if i < 0 {
			continue
		}
		line := lines[i]
		q.handOver(priority, line, 1, enqueue)
		q.waiting[priority] = slices.Delete(lines, i, i+1)
		if len(line.requests) > 0 {
			q.waiting[priority] = append(q.waiting[priority], line)
		}
		return line
	}
	return nil
}

// priorities of what waits, the highest first.
func (q *workerQuota) priorities() []int {
	return slices.SortedFunc(maps.Keys(q.waiting), func(a, b int) int { return b - a })
}

// handOver enqueues the first n requests of a line.
func (q *workerQuota) handOver(priority int, line *workerLine, n int, enqueue func(priority int, requests ...reconcile.Request)) {
	for _, request := range line.requests[:n] {
		if q.known[request] == priority {
			delete(q.known, request)
		}
	}
	enqueue(priority, line.requests[:n]...)
	line.requests = line.requests[n:]
}

func decrement[K comparable](counts map[K]int, key K) {
	if counts[key]--; counts[key] <= 0 {
		delete(counts, key)
	}
}
