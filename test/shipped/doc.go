// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Package shipped is the house of the tests of what others are given: the manifests, the
// chart, the alerts and the dashboard, and what Argo CD and Flux make of them. Each is
// held against the program or the library that reads it there.
//
// Those libraries are large, which is why this is a module of its own.
package shipped
