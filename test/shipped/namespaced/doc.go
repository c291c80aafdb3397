// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Package namespaced proves config/namespaced, the operator with Roles alone: that its
// parts do not drift from config/default, and that Groups live and go with it on a real
// API server, in the watched namespaces and in no other.
//
// What holds for every installation belongs in test/shipped/manifests.
package namespaced
