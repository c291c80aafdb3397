// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"slices"

	"sigs.k8s.io/controller-runtime/pkg/client"
)

// overtaken keeps an object as our last write left it, while the cache may still
// show one of the versions that we have written over: whoever looks at one of
// those would write, and tell, everything a second time. The zero value is ready.
type overtaken[T client.Object] struct {
	newest   T
	versions []string
}

// wrote notes that a write of ours made one version of the object into another.
func (o *overtaken[T]) wrote(before string, after T) {
	if after.GetResourceVersion() != before {
		o.versions = append(o.versions, before)
		o.newest, _ = after.DeepCopyObject().(T)
	}
}

// current is the object as it is to be looked at: what the cache shows, unless we
// have written over that. The caller may change it.
func (o *overtaken[T]) current(cached T) T {
	if slices.Contains(o.versions, cached.GetResourceVersion()) {
		newest, _ := o.newest.DeepCopyObject().(T)
		return newest
	}
	*o = overtaken[T]{}
	return cached
}
