// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Package metrics names and fills the operator's own metrics, beside those of
// controller-runtime. The dashboard and the alerts use exactly these names.
//
// Every label has a bound. The label connection is Kind/namespace/name (Kind/name
// for a ClusterConnection) of a connection that exists: the series of one that is
// gone go with it. Nothing here names a Group.
//
// What does not belong here: decisions.
package metrics
