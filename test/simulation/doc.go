// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Package simulation runs the controllers whole in virtual time, against an
// in-memory Kubernetes whose caches lag and the stand-in API in process, while a
// seeded world crashes them, loses and delays replies, and edits everything that
// people edit. After each step the promises of the operator are checked; when the
// faults stop, every Group has to come to rest as declared.
//
// Every goroutine sleeps for a drawn, practically unique time before each of its
// steps, so that under testing/synctest only one runs at a time and a seed
// repeats its history.
//
// The race detector shuffles goroutines that wake at the same instant, so that a
// seed does not repeat itself under it: make test runs this package without.
//
// What does not belong here: what needs a real API server (test/integration).
package simulation
