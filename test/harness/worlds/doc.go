// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Package worlds is what the worlds of several test packages are made of: a client of
// a control plane, the journal of what the manager logs, a namespace with the Secret,
// the connection and the Groups of nearly every test, and the wait for what has to
// happen.
//
// Here belongs what is the same wherever it is used. Each package keeps a world of its
// own, because what is in it differs: its account, its patience, what it wants of a
// Group. Nothing here asserts anything but that a step was possible, and that
// nothing was written.
//
// The control plane itself is test/harness/controlplane; the manager is inprocess below,
// or, as a cluster runs it, test/harness/installation.
package worlds
