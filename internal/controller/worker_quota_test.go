// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/account"
)

func requestOf(namespace, name string) reconcile.Request {
	return reconcile.Request{NamespacedName: types.NamespacedName{Namespace: namespace, Name: name}}
}

// With two slow Connections of one namespace a neighbour's create waited for 26 s, with three for 78 s.
func TestSlowConnectionsStarveNoNeighbour(t *testing.T) {
	for name, test := range map[string]struct{ namespaces, connections int }{
		"one slow connection":                {1, 1},
		"three slow ones of one namespace":   {1, 3},
		"two namespaces, each with two":      {2, 2},
		"a slow one that two namespaces use": {2, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorkers(8)
				for namespace := range test.namespaces {
					for connection := range max(1, test.connections) {
						key := account.Key{Kind: "Connection", Namespace: fmt.Sprint("slow-", namespace), Name: fmt.Sprint(connection)}
						if test.connections == 0 {
							key = account.Key{Kind: "ClusterConnection", Name: "slow"}
						}
						for i := range 20 {
							w.enqueue(key, requestOf(fmt.Sprint("slow-", namespace), fmt.Sprint(connection, "-", i)), 25*time.Second)
						}
					}
				}
				time.Sleep(time.Second)
				neighbour := requestOf("neighbour", "single")
				w.enqueue(account.Key{Kind: "ClusterConnection", Name: "quick"}, neighbour, 20*time.Millisecond)
				time.Sleep(time.Hour)
				w.mu.Lock()
				defer w.mu.Unlock()
				if took := w.done[neighbour] - time.Second; took != 20*time.Millisecond {
					t.Errorf("a neighbour's Group takes %v", took)
				}
				if want := test.namespaces*max(1, test.connections)*20 + 1; len(w.done) != want {
					t.Errorf("%d of %d requests are done", len(w.done), want)
				}
				w.stop()
				checkEmpty(t, w.quota)
			})
		})
	}
}

// workers work like controller-runtime's, on requests that take their time.
type workers struct {
	quota *workerQuota
	queue chan reconcile.Request
	begun time.Time

	mu    sync.Mutex
	key   map[reconcile.Request]account.Key
	takes map[reconcile.Request]time.Duration
	done  map[reconcile.Request]time.Duration // when
}

func newWorkers(n int) *workers {
	w := &workers{
		quota: newWorkerQuota(n), queue: make(chan reconcile.Request, 1000), begun: time.Now(),
		key: map[reconcile.Request]account.Key{}, takes: map[reconcile.Request]time.Duration{}, done: map[reconcile.Request]time.Duration{},
	}
	for range n {
		go func() {
			for request := range w.queue {
				w.mu.Lock()
				key, takes := w.key[request], w.takes[request]
				w.mu.Unlock()
				if !w.quota.acquire(key, request, priorityChange) {
					continue
				}
				time.Sleep(takes)
				w.mu.Lock()
				w.done[request] = time.Since(w.begun)
				w.mu.Unlock()
				w.quota.release(key, request.Namespace, takes, func(_ int, requests ...reconcile.Request) {
					for _, r := range requests {
						w.queue <- r
					}
				})
			}
		}()
	}
	return w
}

func (w *workers) enqueue(key account.Key, request reconcile.Request, takes time.Duration) {
	synctest.Wait()
	w.mu.Lock()
	w.key[request], w.takes[request] = key, takes
	w.mu.Unlock()
	w.queue <- request
}

func (w *workers) stop() {
	synctest.Wait() // nobody hands anything over any more
	close(w.queue)
}

func checkEmpty(t *testing.T, q *workerQuota) {
	t.Helper()
	if q.busy != 0 || len(q.connection)+len(q.namespace)+len(q.waiting)+len(q.known) != 0 {
		t.Errorf("what is over is remembered: %+v", q)
	}
}

func TestOneConnectionLeavesWorkersToTheOthers(t *testing.T) {
	for n, most := range map[int]int{1: 1, 2: 1, 3: 2, 4: 3, 8: 6, 16: 12} {
		q := newWorkerQuota(n)
		slow, other := account.Key{Name: "slow"}, account.Key{Name: "other"}
		for i := range most {
			if !q.acquire(slow, requestOf(fmt.Sprint(i), "a"), priorityChange) {
				t.Fatalf("of %d workers, one connection gets %d", n, i)
			}
		}
		if q.acquire(slow, requestOf("another", "more"), priorityChange) {
			t.Errorf("of %d workers, one connection gets more than %d", n, most)
		}
		if n > 1 && !q.acquire(other, requestOf("b", "other"), priorityDrift) {
			t.Errorf("of %d workers, another connection gets none", n)
		}
	}
}

// The Connections of one namespace share what that may have, and each leaves some to the others.
func TestOneConnectionLeavesWorkersToTheOthersOfItsNamespace(t *testing.T) {
	q := newWorkerQuota(16)
	got := map[string]int{}
	for _, name := range []string{"first", "second", "third"} {
		for q.acquire(account.Key{Kind: "Connection", Namespace: "lobby", Name: name}, requestOf("lobby", fmt.Sprint(name, got[name])), priorityChange) {
			got[name]++
		}
	}
	if diff := cmp.Diff(map[string]int{"first": 9, "second": 3}, got); diff != "" {
		t.Errorf("workers of a namespace that may have 12 (-want +got):\n%s", diff)
	}
	if !q.acquire(account.Key{Kind: "Connection", Namespace: "another", Name: "first"}, requestOf("another", "a"), priorityDrift) {
		t.Error("another namespace gets none")
	}
}

// handed notes what a quota hands over.
type handed []string

func (h *handed) enqueue(_ int, requests ...reconcile.Request) {
	for _, r := range requests {
		*h = append(*h, r.Namespace+"/"+r.Name)
	}
}

func checkHanded(t *testing.T, got handed, want ...string) {
	t.Helper()
	if diff := cmp.Diff(handed(want), got); diff != "" {
		t.Errorf("handed over (-want +got):\n%s", diff)
	}
}

func TestWorkersAreHandedOverByPriority(t *testing.T) {
	q, key := newWorkerQuota(3), account.Key{Name: "slow"}
	var got handed
	acquire := func(name string, priority int, want bool) {
		t.Helper()
		if got := q.acquire(key, requestOf("n", name), priority); got != want {
			t.Errorf("%s gets a worker: %t", name, got)
		}
	}
	acquire("a", priorityCreate, true)
	acquire("b", priorityCreate, true)
	acquire("create-1", priorityCreate, false)
	acquire("create-2", priorityCreate, false)
	acquire("drift", priorityDrift, false)
	acquire("drift-2", priorityDrift, false)
	acquire("change", priorityDrift, false)
	acquire("change", priorityChange, false) // it has become urgent
	acquire("change", priorityChange, false) // it waits once
	q.release(key, "n", 0, got.enqueue)
	acquire("change", priorityChange, true)
	q.release(key, "n", 0, got.enqueue)
	acquire("create-1", priorityCreate, true)
	checkHanded(t, got, "n/change", "n/create-1")
	q.release(key, "n", 0, got.enqueue) // create-2, which is gone by now and so never comes
	q.release(key, "n", 0, got.enqueue) // and nobody is left to hand over the others
	checkHanded(t, got, "n/change", "n/create-1", "n/create-2", "n/drift", "n/drift-2", "n/change")
	checkEmpty(t, q)
}

// Five hundred Groups that wait for a worker keep another namespace's single Group waiting for one turn.
func TestNamespacesTakeTurnsForWorkers(t *testing.T) {
	q, key := newWorkerQuota(4), account.Key{Name: "shared"}
	for i := range 3 {
		q.acquire(key, requestOf("many", fmt.Sprint(i)), priorityChange)
	}
	for i := 3; i < 500; i++ {
		q.acquire(key, requestOf("many", fmt.Sprint(i)), priorityChange)
	}
	q.acquire(key, requestOf("neighbour", "single"), priorityChange)
	var got handed
	for range 3 {
		q.release(key, "many", 0, got.enqueue)
		r := requestOf("many", fmt.Sprint(len(got)+1000))
		if len(got) == 2 {
			r.Namespace = "neighbour"
		}
		q.acquire(key, r, priorityChange)
	}
	checkHanded(t, got, "many/3", "neighbour/single", "many/4")
}

func TestWithoutWorkersThereIsNoQuota(t *testing.T) {
	q := newWorkerQuota(0)
	for range 100 {
		if !q.acquire(account.Key{}, requestOf("n", "a"), 0) {
			t.Fatal("there is a limit")
		}
	}
}

// With eighteen workers that all wait for a slow API server, a neighbour's write waited there behind theirs.
func TestFewerWorkWhereTheAPIServerIsSlow(t *testing.T) {
	for name, test := range map[string]struct {
		writing time.Duration // of each second of a pass
		most    int           // of one connection
	}{
		"nothing is written":         {0, 18},
		"the groups API is slow":     {100 * time.Millisecond, 18},
		"half of the time is writes": {time.Second / 2, 18},
		"all of the time is writes":  {time.Second, 9},
	} {
		t.Run(name, func(t *testing.T) {
			q, key := newWorkerQuota(24), account.Key{Name: "busy"}
			begun := 0
			var next handed
			for i := range 2000 {
				q.acquire(key, requestOf("many", fmt.Sprint(i)), priorityCreate)
			}
			for range 500 {
				q.load.wrote(test.writing)
				q.release(key, "many", time.Second, next.enqueue)
				for ; begun < len(next); begun++ {
					q.acquire(key, requestOf("many", fmt.Sprint("again-", begun)), priorityCreate)
				}
			}
			if q.busy != test.most {
				t.Errorf("%d work at a time, want %d", q.busy, test.most)
			}
		})
	}
}

// What was is forgotten: where the API server is fast again, all work again.
func TestAllWorkAgainWhereTheAPIServerIsFastAgain(t *testing.T) {
	load := &writeLoad{}
	for i := range 1000 {
		if i < 500 {
			load.wrote(time.Second)
		}
		if load.passEnded(time.Second); i == 499 && load.workers(24) != writesAtOnce {
			t.Errorf("%d work at a time while all of the time is writes", load.workers(24))
		}
	}
	if got := load.workers(24); got != 24 {
		t.Errorf("%d work at a time, want all", got)
	}
}

// slowAPIServer takes a second for each write, and refuses it.
type slowAPIServer struct{ conflictingClient }

func (c slowAPIServer) Patch(ctx context.Context, o client.Object, p client.Patch, opts ...client.PatchOption) error {
	time.Sleep(time.Second)
	return c.conflictingClient.Patch(ctx, o, p, opts...)
}

// Eighteen creates had written their notes and waited for a slow groups API: the notes counted
// alone, and a neighbour got one worker. A pass carries what it has waited for to its end.
func TestWhatWasWrittenCountsWhenThePassEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scope{group: &v1alpha1.Group{}, state: &groupState{}}
		r := &records{client: slowAPIServer{}}
		for range 2 {
			if err := r.noteAttempt(t.Context(), s, "note"); err == nil {
				t.Fatal("it is written")
			}
		}
		if s.writing != 2*time.Second {
			t.Errorf("the pass has waited for writes for %s", s.writing)
		}
	})
}

func TestTheQuotaHearsOfWhatALookHasWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := groupAt("lobby", "g")
		g.UID, g.ResourceVersion, g.Spec.Suspend, g.Status.ObservedGeneration = "uid", "1", true, -1
		g.Spec.ConnectionRef = v1alpha1.ConnectionReference{Kind: v1alpha1.KindConnection, Name: "own"}
		api := &oneGroup{group: g, takes: time.Second}
		r := newGroupReconciler(Options{
			Client: api, Live: &namespaces{}, Groups: Groups{Cache: servedAndOthers(), Index: &fakeCache{}, labels: &namespaceLabelCache{live: &namespaces{}}}, Workers: 8, Events: &notes{},
		}, account.NewRegistry(account.Hooks{}), &Notifier{}, &leftBehind{})
		if _, err := r.Reconcile(t.Context(), requestOf("lobby", "g")); err != nil {
			t.Fatal(err)
		}
		if len(api.bodies) != 1 || r.quota.load.written != time.Second || r.quota.load.passed != time.Second {
			t.Errorf("%d writes of a second each: %s of %s", len(api.bodies), r.quota.load.written, r.quota.load.passed)
		}
	})
}

// Where more may work than do, each that ends hands over one more: all work again in time.
func TestOneMoreIsHandedOverWhereMoreMayWork(t *testing.T) {
	q, key := newWorkerQuota(16), account.Key{Name: "busy"}
	q.load.written, q.load.passed = time.Hour, time.Second
	q.acquire(account.Key{Name: "other"}, requestOf("another", "a"), priorityChange)
	for i := range 5 {
		if got := q.acquire(key, requestOf("n", fmt.Sprint(i)), priorityChange); got != (i == 0) {
			t.Errorf("request %d gets a worker: %t", i, got)
		}
	}
	q.load.written = 0
	var got handed
	q.release(key, "n", 0, got.enqueue)
	checkHanded(t, got, "n/1", "n/2")
}
