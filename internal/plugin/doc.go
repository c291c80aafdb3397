// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Package plugin is kubectl klink: commands for people who use the operator, built on
// the libraries of kubectl, so that flags, output and exit codes are kubectl's own.
//
// Each file named after a command holds that command. What is to be decided is decided
// by pure functions beside it, and what would happen to a remote group by package plan.
//
// A token comes from a connection's Secret, from a file or from the environment, never
// from a flag, and stands in no output.
package plugin
