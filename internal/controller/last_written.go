// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// lastWritten keeps an object as our last write left it, while the cache still shows an older
// version: who looks at that would write, and tell, everything a second time, or report without
// what the write has recorded. The zero value is ready.
type lastWritten[T client.Object] struct {
	newest T
	known  bool
}

// record notes the object as a write of ours left it.
func (w *lastWritten[T]) record(after T) {
	w.newest, w.known = after.DeepCopyObject().(T)
}

// latest is the object as it is to be looked at: what the cache shows, unless we have
// written later than that. The caller may change it.
func (w *lastWritten[T]) latest(cached T) T {
	if w.known && isOlder(cached, w.newest) {
		newest, _ := w.newest.DeepCopyObject().(T)
		return newest
	}
	*w = lastWritten[T]{}
	return cached
}

// isOlder compares two versions of one object, which the API server numbers. What it does not
// number is not older: then the cache is believed. Nor is what has a later generation: the API server
// was restored from a backup.
func isOlder(a, b client.Object) bool {
	order, err := resourceversion.CompareResourceVersion(a.GetResourceVersion(), b.GetResourceVersion())
	return err == nil && order < 0 && a.GetGeneration() <= b.GetGeneration()
}
