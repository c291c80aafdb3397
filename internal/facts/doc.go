// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Package facts translates what was read into what a plan decides on: Kubernetes
// objects, what an account has shown, and what the process remembers become one
// plan.Facts. The same readings and the same memory make the same facts; without a
// memory they are those of a process that has just started.
//
// What does not belong here: reading (the caller has read), deciding (package
// plan), and writing.
package facts
