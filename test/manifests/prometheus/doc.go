// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Package prometheus holds config/prometheus, and what docs/install.md makes of it,
// against the types of the Prometheus Operator. They are the reason for a module of
// its own.
//
// What the alerts say is for test/monitoring.
package prometheus
