// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Package locked keeps a value that can be reached only while its lock is held: the
// compiler knows then what a comment would have to say.
package locked

import "sync"

// Value is a value behind a lock. The zero Value holds the zero T.
type Value[T any] struct {
	mu    sync.Mutex
	value T
}

// New puts a value behind a lock. The caller keeps no pointer into it.
func New[T any](value T) *Value[T] { return &Value[T]{value: value} }

// Do has f see and change the value. f must not keep the pointer, nor call Do.
func (v *Value[T]) Do(f func(*T)) {
	v.mu.Lock()
	defer v.mu.Unlock()
	f(&v.value)
}
