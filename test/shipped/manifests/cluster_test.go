// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package manifests

import (
	"github.com/klink-cloud/klink-operator/test/harness/installation"
)

// cluster is where the operator is installed.
type cluster struct{ *installation.Cluster }

// phase is a part of a test that later ones build on: they do not run if it fails.
func (c *cluster) phase(name string, do func(*cluster)) {
	c.Helper()
	c.Phase(name, func(inner *installation.Cluster) { do(&cluster{inner}) })
}
