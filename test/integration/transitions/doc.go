// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Package transitions walks each spec field of the three kinds through its states
// (set, changed, emptied, removed, invalid), every ordered pair of them, and wants
// each step refused by the API server or carried out by the operator.
//
// A field is a row of a table, and a test compares the rows with the CRDs. Every
// step also gives the Group a new description, so that a field which changes nothing
// remotely still has to let that change through.
//
// What one state does in detail belongs in test/integration, and the words of a
// refusal in test/apiserver.
package transitions
