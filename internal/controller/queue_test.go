// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

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
		for range 600 {
			ask()
			if q.priorityOf(g) == priorityChange {
				urgent++
			}
			time.Sleep(time.Second)
		}
		if urgent != 10 {
			t.Errorf("of 600 requests in ten minutes %d are urgent", urgent)
		}
		g.Generation++
		check(priorityChange) // a change is urgent all the same
		g.Status.ObservedGeneration++
		check(priorityDrift)
		g.Status.LastHandledReconcileAt = g.Annotations[v1alpha1.AnnotationReconcileRequestedAt]
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
