// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// A loop that asked twelve Groups once a second to be looked at starved every creation.
func TestALoopOfRequestsHasDriftsPriority(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &queue{asked: asked{interval: func(*v1alpha1.Group) time.Duration { return time.Minute }}}
		g := &v1alpha1.Group{ObjectMeta: metav1.ObjectMeta{UID: "uid", Generation: 1}}
		g.Status.ObservedGeneration, g.Status.ID = 1, "id"
		ask := func() {
			g.Annotations = map[string]string{v1alpha1.AnnotationReconcileRequestedAt: strconv.FormatInt(time.Now().UnixNano(), 10)}
		}
		check := func(want int) {
			t.Helper()
			for range 2 { // however often it is looked at
				if got := q.priorityOf(g); got != want {
					t.Errorf("after %v its priority is %d, want %d", time.Now(), got, want)
				}
			}
		}
		check(priorityDrift)
		urgent := 0
		for range 601 { // the last one just at the end of an interval
			ask()
			if q.priorityOf(g) == priorityChange {
				urgent++
			}
			time.Sleep(time.Second)
		}
		if urgent != 11 {
			t.Errorf("of 601 requests in ten minutes %d are urgent", urgent)
		}
		g.Status.LastHandledReconcileAt = g.Annotations[v1alpha1.AnnotationReconcileRequestedAt]
		g.Generation++
		check(priorityChange) // a change is urgent all the same
		g.Status.ObservedGeneration++
		check(priorityDrift)
		time.Sleep(time.Minute)
		ask()
		check(priorityChange)
		g.Status.LastHandledReconcileAt = g.Annotations[v1alpha1.AnnotationReconcileRequestedAt]
		check(priorityDrift)
		q.asked.forget(g)
		if len(q.asked.of) != 0 {
			t.Errorf("a Group that is gone is remembered: %v", q.asked.of)
		}
	})
}

// added is a queue that remembers the wait of what was added last.
type added struct {
	priorityqueue.PriorityQueue[reconcile.Request]
	after time.Duration
}

func (a *added) AddWithOpts(o priorityqueue.AddOpts, _ ...reconcile.Request) { a.after = o.After }

// After a restart a person's change shared the processors with the looks at ten thousand
// Groups that nobody waited for.
func TestAfterAStartGroupsThatNobodyWaitsForComeLater(t *testing.T) {
	for _, c := range []struct {
		name     string
		initial  bool
		observed int64
		deleted  bool
		want     time.Duration
	}{
		{name: "settled, at a start", initial: true, observed: 2, want: settledWait},
		{name: "changed before the start", initial: true, observed: 1},
		{name: "deleted before the start", initial: true, observed: 2, deleted: true},
		{name: "restored later", observed: 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := &v1alpha1.Group{ObjectMeta: metav1.ObjectMeta{UID: "uid", Generation: 2}}
			g.Status.ObservedGeneration, g.Status.ID = c.observed, "id"
			if c.deleted {
				g.DeletionTimestamp = new(metav1.Now())
			}
			to, q := &added{after: -1}, &queue{}
			q.join(to)
			h := &groupHandler{queue: q}
			h.Create(t.Context(), event.TypedCreateEvent[*v1alpha1.Group]{Object: g, IsInInitialList: c.initial}, nil)
			if to.after != c.want {
				t.Errorf("it is looked at after %v, want %v", to.after, c.want)
			}
		})
	}
}
