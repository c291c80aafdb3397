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
// repeats its history, but where the machine takes the processor away for long.
//
// A world is made of parts, and the fields of each are all that it may touch:
//
//   - journal, chance and records remember: what happened, the dice, and who declared
//     and made what. They touch nothing else.
//   - cluster is a Kubernetes, and simulator.Server the account.
//   - managers start processes. A process is wired to a view (its watch cache), a
//     kubeClient, a liveReader and a transport, which is where faults happen.
//   - judge holds each call and each write against the promises, audit looks at what is
//     left in the end, and witness judges each step of a story. They only look.
//   - kubectl is what people can do. people, others and accidents draw what happens;
//     a story and its script have it chosen.
//   - a story's course, what is called, written and recorded in it, is written down in
//     testdata (told_test.go).
//   - world leads through all of it.
//
// The race detector shuffles goroutines that wake at the same instant, so that a
// seed does not repeat itself under it: make test runs this package without.
//
// What does not belong here: what needs a real API server (test/integration).
package simulation
