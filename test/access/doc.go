// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Package access checks config/default on a real API server: what the roles in it
// give to people and to the manager, and no more, and that the manager's pod may
// run where it is to run.
//
// What the manager does with its rights is the demo's to show.
package access
