// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Package plugin runs the built kubectl-klink against a real API server, the manager
// and the simulator: what a team does in its first hours with the operator.
//
// What belongs here: what a person at a terminal would notice, exit codes included.
// Naming and manifests alone are tested in internal/manifest.
package plugin
