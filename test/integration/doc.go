// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Package integration proves what the operator does against a real API server
// and the simulator over HTTP: each condition reason, each deletion policy, the
// number of calls and of writes, what survives a killed manager, and what becomes of
// Groups whose namespace, connection or CRD goes.
//
// Each test has a namespace, a simulator and a manager of its own, so that they
// can run side by side and count calls.
package integration
