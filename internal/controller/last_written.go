// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"slices"

	"sigs.k8s.io/controller-runtime/pkg/client"
)

// lastWritten keeps an object as our last write left it, while the cache may still
// show one of the versions that we have written over: who looks at one of those
// would write, and tell, everything a second time. The zero value is ready.
type lastWritten[T client.Object] struct {
	newest   T
	versions []string
}

// record notes that a write of ours made one version of the object into another.
func (w *lastWritten[T]) record(before string, after T) {
	if after.GetResourceVersion() != before {
		w.versions = append(w.versions, before)
		w.newest, _ = after.DeepCopyObject().(T)
	}
}

// latest is the object as it is to be looked at: what the cache shows, unless we
// have written over that. The caller may change it.
func (w *lastWritten[T]) latest(cached T) T {
	if slices.Contains(w.versions, cached.GetResourceVersion()) {
		newest, _ := w.newest.DeepCopyObject().(T)
		return newest
	}
	*w = lastWritten[T]{}
	return cached
}
