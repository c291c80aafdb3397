// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Package controller reconciles Groups, Connections and ClusterConnections:
// observe, plan, execute, report.
//
// A [GroupReconciler] has one pass over a Group at a time. Its observer reads what
// is known into plan.Facts, package plan says the next step, its executor carries
// that out, and so on until the plan comes to rest; then its reporter writes the
// status, if it differs. A [ConnectionReconciler] turns a connection and its
// Secret into a configured account and says on the connection how that goes.
//
// What does not belong here: decisions (package plan), calls, rates and listings
// (packages account and klink).
package controller
