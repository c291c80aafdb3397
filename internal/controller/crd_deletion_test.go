// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// crdReader is an API server that has the CRD of Groups alone.
type crdReader struct {
	client.Reader
	deleted *metav1.Time
	reads   int
}

func (r *crdReader) Get(_ context.Context, _ client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	r.reads++
	into.SetDeletionTimestamp(r.deleted)
	return nil
}

// Removing the CRD right after some Group was deleted archived, or deleted for
// good, the groups of all the others: it was still known that the CRD stays.
func TestTheCRDIsAskedForAfterTheDeletionWasSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, watch := &crdReader{}, &crdDeletionCache{}
		ask := func(since time.Time) bool {
			t.Helper()
			gone, _, err := watch.terminating(t.Context(), server, since)
			if err != nil {
				t.Fatal(err)
			}
			return gone
		}
		first := time.Now()
		time.Sleep(time.Second)
		for range 2 {
			if ask(first) {
				t.Error("the CRD is taken to be going")
			}
		}
		if server.reads != 1 {
			t.Errorf("%d reads for two deletions seen before, want 1", server.reads)
		}
		time.Sleep(time.Second)
		server.deleted = &metav1.Time{Time: time.Now()}
		seen := time.Now()
		time.Sleep(time.Millisecond)
		if !ask(seen) {
			t.Error("a Group that goes with its CRD is taken for one that a person deleted")
		}
		if !ask(time.Now()) || server.reads != 2 {
			t.Errorf("%d reads, want 2: that the CRD goes needs no second reading", server.reads)
		}
	})
}

// With rights in namespaces alone the CRD cannot be read. Discovery tells, but
// changes only after the first Groups are being deleted with their CRD.
func TestDiscoveryIsNotBelievedTooSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		watch := &crdDeletionCache{unserved: func() (bool, error) { return time.Since(began) > 100*time.Millisecond, nil }}
		for {
			gone, known, err := watch.terminating(t.Context(), nil, began)
			if err != nil {
				t.Fatal(err)
			}
			if known {
				if !gone {
					t.Error("a Group that goes with its CRD is taken for one that a person deleted")
				}
				return
			}
			time.Sleep(staleRetry)
		}
	})
}
