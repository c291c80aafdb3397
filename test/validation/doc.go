// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Package validation tests what the API server makes of the CRDs: which objects
// it refuses and in what words, what it fills in, what survives kubectl apply,
// and what kubectl shows. It runs against a real API server and no operator.
//
// What the operator does with an object does not belong here.
package validation
