// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Package manifests proves what a platform team installs: config/ and dist/install.yaml,
// on a real API server, with the manager's program run as the Deployment says, as the
// ServiceAccount it names. It goes the ways that README.md and docs/install.md tell,
// and compares the API server's audit log with the roles: each right is used, and
// nothing is refused.
//
// What the roles for people give belongs in test/apiserver; what the operator does with
// a Group, in test/integration.
package manifests
