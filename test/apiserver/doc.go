// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Package apiserver proves what a real API server alone says with config/default
// installed: which objects the CRDs let it refuse and in what words, what it fills in,
// what survives kubectl apply, and what kubectl shows; what the roles give to people and
// to the manager, and no more; and what the admission policy keeps for the operator.
//
// What the operator does with an object belongs in test/integration, and whether the
// manager needs all of its rights in test/shipped.
package apiserver
