// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Package access checks on a real API server what the roles of config/default give to
// people and to the manager, and no more.
//
// Whether the manager needs all of its rights, and its pods, are for test/manifests.
package access
