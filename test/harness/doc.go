// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Package harness is the house of what the tests start, and of what they have in common:
// checkout finds and builds what is in this repository, controlplane starts a Kubernetes
// without nodes, worlds fills it with what nearly every test has, inprocess runs the
// manager in the test's process, and installation runs it as its Deployment says.
//
// What a single house needs belongs there. Nothing here asserts what the operator does.
package harness
