// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Package contract states what the groups API's reference page says, endpoint by endpoint, and asks what it leaves
// open. The same suite runs against the simulator in every dialect (go test) and against any endpoint
// (test/contract/live), so that the simulator can be held against the service that it stands in for.
//
// It speaks plain net/http: neither the operator's client nor the simulator's types are used to state anything, since a
// mistake in them would then agree with itself.
package contract
