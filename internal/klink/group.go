// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import "github.com/klink-cloud/klink-operator/internal/remote"

type (
	// Group is a remote group as the API shows it.
	Group = remote.Group
	// Fields are the fields of a group that a request sets.
	Fields = remote.Fields
)
