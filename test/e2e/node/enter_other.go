//go:build !linux

// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package node

import (
	"context"
	"errors"
)

// Enter fails: only Linux has the namespaces that a node lives in.
func Enter(context.Context) error {
	return errors.New("a node cannot be brought up here: it needs Linux")
}
