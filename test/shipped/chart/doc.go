// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Package chart proves the Helm chart of dist/chart by Helm's own library: with its
// defaults it is what config/default is, each value has its effect, wrong values are
// refused, and on a real API server it is installed, upgraded and uninstalled without
// taking a Group along.
//
// What the manager does under these objects belongs in test/shipped/manifests, which runs it as
// config/default says.
package chart
