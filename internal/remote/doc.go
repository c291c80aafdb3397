// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Package remote says what a remote group is: values alone, which the client
// reads and writes and on which the plan decides.
//
// What does not belong here: how the API writes them (package klink), what a
// Group declares of them (package plan).
package remote
