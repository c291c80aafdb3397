// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package chart

import (
	"testing"

	"github.com/klink-cloud/klink-operator/test/harness/checkout"
	"github.com/klink-cloud/klink-operator/test/harness/controlplane"
)

// chartDir is the chart, and configDir what it is compared with.
var (
	chartDir  = checkout.Path("dist/chart")
	configDir = checkout.Path("config")
)

var cluster *controlplane.ControlPlane

func TestMain(m *testing.M) {
	controlplane.Main(m, controlplane.Options{CRDPaths: []string{"testdata/monitoring.yaml"}}, func(cp *controlplane.ControlPlane) { cluster = cp })
}
