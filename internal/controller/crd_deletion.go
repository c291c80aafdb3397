// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"
	"fmt"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// discoveryLag is how long after a Group's deletion discovery is believed: the API
// server changes it right after it has begun to delete a CRD's objects.
const discoveryLag = 3 * time.Second

// crdDeletionCache knows whether the Groups' CRD is being deleted.
type crdDeletionCache struct {
	// unserved tells by discovery whether Groups can no longer be written; nil where
	// the CRD itself can be read.
	unserved func() (bool, error)

	mu   sync.Mutex
	read time.Time // when the newest reading began
	gone bool
}

// terminating tells whether a Group, whose deletion was first seen at since, may
// be going because its CRD goes. A reading from before that proves nothing: the
// CRD's deletion is what deletes the Groups, and comes first. It is not known while
// it is too soon to believe discovery.
func (c *crdDeletionCache) terminating(ctx context.Context, live client.Reader, since time.Time) (gone, known bool, err error) {
	if gone, known := c.last(since); known {
		return gone, true, nil
	}
	began := time.Now()
	if c.unserved != nil && began.Sub(since) < discoveryLag {
		return false, false, nil
	}
	if c.unserved != nil {
		gone, err = c.unserved()
	} else {
		gone, err = crdGone(ctx, live)
	}
	if err != nil {
		return false, false, fmt.Errorf("finding out whether the CRD of Groups is being deleted: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gone, c.read = gone, began
	return gone, true, nil
}

// crdGone reads the CRD itself.
func crdGone(ctx context.Context, live client.Reader) (bool, error) {
	crd := &metav1.PartialObjectMetadata{}
	crd.SetGroupVersionKind(schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"})
	err := live.Get(ctx, client.ObjectKey{Name: "groups.klink.cloud"}, crd)
	if apierrors.IsNotFound(err) {
		return true, nil
	}
	return err == nil && !crd.DeletionTimestamp.IsZero(), err //nolint:wrapcheck // by the caller
}

func (c *crdDeletionCache) last(since time.Time) (gone, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.gone, time.Since(c.read) < lookupTTL && (c.gone || c.read.After(since))
}
