// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Package forecast says what the operator would do for a Group: it asks package plan
// step by step, as the operator does, and plays each step on a copy of the remote group
// in the place of the API.
//
// What does not belong here: deciding (package plan), and any call but the one that
// reads a remote group.
package forecast
