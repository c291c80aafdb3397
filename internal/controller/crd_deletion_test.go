// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// crdReader is an API server that has the CRD of Groups alone.
type crdReader struct {
	client.Reader
	deleted *metav1.Time
	fails   error
	reads   int
}

func (r *crdReader) Get(_ context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	r.reads++
	if kind := into.GetObjectKind().GroupVersionKind(); kind.Kind != "CustomResourceDefinition" || key.Name != "groups.klink.cloud" {
		return errors.New("the test has no " + kind.Kind + " " + key.Name)
	}
	into.SetDeletionTimestamp(r.deleted)
	return r.fails
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

// A Group that is being deleted waits until it is known whether its CRD goes: neither what could
// not be read, nor what discovery says too early, is a no.
func TestWhatIsKnownOfTheCRD(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		time.Sleep(discoveryLag)
		notFound := apierrors.NewNotFound(schema.GroupResource{Resource: "customresourcedefinitions"}, "groups.klink.cloud")
		says := func(gone bool, err error) func() (bool, error) { return func() (bool, error) { return gone, err } }
		for what, c := range map[string]struct {
			watch              *crdDeletionCache
			server             crdReader
			since              time.Time
			gone, known, fails bool
		}{
			"it is there":                           {server: crdReader{}, since: began, known: true},
			"it is being deleted":                   {server: crdReader{deleted: &metav1.Time{Time: began}}, since: began, gone: true, known: true},
			"it is gone":                            {server: crdReader{fails: notFound}, since: began, gone: true, known: true},
			"it cannot be read":                     {server: crdReader{fails: errors.New("etcd")}, since: began, fails: true},
			"discovery says so":                     {watch: &crdDeletionCache{unserved: says(true, nil)}, since: began, gone: true, known: true},
			"discovery says no, in time":            {watch: &crdDeletionCache{unserved: says(false, nil)}, since: began, known: true},
			"discovery says no, too early":          {watch: &crdDeletionCache{unserved: says(false, nil)}, since: began.Add(1)},
			"discovery fails":                       {watch: &crdDeletionCache{unserved: says(true, errors.New("etcd"))}, since: began, fails: true},
			"it was read since":                     {watch: &crdDeletionCache{read: began.Add(1)}, server: crdReader{fails: errors.New("not to be read")}, since: began, known: true},
			"it was gone before, which is for good": {watch: &crdDeletionCache{read: began, gone: true}, server: crdReader{fails: errors.New("not to be read")}, since: time.Now(), gone: true, known: true},
			"it was read too long ago":              {watch: &crdDeletionCache{read: time.Now().Add(-lookupTTL)}, server: crdReader{deleted: &metav1.Time{Time: began}}, since: began.Add(-time.Hour), gone: true, known: true},
		} {
			if c.watch == nil {
				c.watch = &crdDeletionCache{}
			}
			gone, known, err := c.watch.terminating(t.Context(), &c.server, c.since)
			if gone != c.gone || known != c.known || (err != nil) != c.fails {
				t.Errorf("%s: it goes: %t, known: %t, error %v", what, gone, known, err)
			}
		}
	})
}
