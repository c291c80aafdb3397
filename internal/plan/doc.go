// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Package plan decides what to do next for one Group.
//
// It is pure: everything a decision depends on is in its [Facts], the time
// included, and both they and the [Step] that comes out are plain data: a table
// test can write them, a property test draw them, and a log print them. The
// controller carries the step out before it asks again. The rules of creation, recovery, adoption, ownership, deletion and
// trust stand here, where a table test can try every case.
//
// What does not belong here: calls, clocks, caches, locks, and the wording of
// Kubernetes conditions beyond reason and message.
package plan
