// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// heldReader is a cache of connections that have these finalizers.
type heldReader struct {
	client.Reader
	finalizers []string
}

func (r heldReader) Get(_ context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	into.SetName(key.Name)
	into.SetFinalizers(r.finalizers)
	return nil
}

// A look at a connection reads its Secret and all its Groups: once for each Group that
// comes or goes, that was N² of N Groups.
func TestManyGroupsThatComeOrGoHaveAConnectionLookedAtOnce(t *testing.T) {
	for name, c := range map[string]struct {
		finalizers []string
		come       bool
		at, later  int // how often the connection is looked at, at once and within the delay
	}{
		"the first comes":             {come: true, at: 1, later: 1},
		"they come, and it is held":   {come: true, finalizers: []string{v1alpha1.FinalizerInUse}},
		"they go: who is left is one": {finalizers: []string{v1alpha1.FinalizerInUse}, later: 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				queue := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
				defer queue.ShutDown()
				r := &ConnectionReconciler{Kind: v1alpha1.KindClusterConnection, Groups: Groups{Cache: heldReader{finalizers: c.finalizers}}}
				h := r.groupHandler()
				for range 1000 {
					g := &v1alpha1.Group{ObjectMeta: metav1.ObjectMeta{Namespace: "lobby", Name: "plaza"}}
					if c.come {
						h.Create(t.Context(), event.TypedCreateEvent[*v1alpha1.Group]{Object: g}, queue)
					} else {
						h.Delete(t.Context(), event.TypedDeleteEvent[*v1alpha1.Group]{Object: g}, queue)
					}
				}
				synctest.Wait()
				if n := queue.Len(); n != c.at {
					t.Errorf("enqueued %d times at once, want %d", n, c.at)
				}
				time.Sleep(usersDelay)
				synctest.Wait()
				if n := queue.Len(); n != c.later {
					t.Errorf("enqueued %d times after the delay, want %d", n, c.later)
				}
			})
		})
	}
}
