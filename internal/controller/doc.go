// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Package controller reconciles Groups, Connections and ClusterConnections:
// observe, plan, act, report.
//
// A [GroupReconciler] gathers what is known of one Group into a plan.Situation,
// asks package plan for the next step, carries it out through the Group's
// account, and repeats until the plan has nothing left to do; then it writes the
// status, if it differs. A [ConnectionReconciler] turns a connection and its
// Secret into a configured account and says on the connection how that goes.
//
// What does not belong here: decisions (package plan), calls, rates and listings
// (packages account and klink).
package controller
