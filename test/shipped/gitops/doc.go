// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Package gitops proves what Argo CD and Flux make of Groups and connections: the
// health of every state that the operator reports, by the scripts in config/argocd
// and by kstatus; that nothing differs after a sync; and what pruning leaves.
//
// The states come from the operator itself, run against a real API server and the
// simulator. How each of them comes about, and what it says, belongs in
// test/integration.
package gitops
