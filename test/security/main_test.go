// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package security

import (
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/test/harness/checkout"
	"github.com/klink-cloud/klink-operator/test/harness/controlplane"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
)

var crds = checkout.Path("config/crd/bases")

// No admission policy is installed: what is proven here holds without it.
var (
	cluster *controlplane.ControlPlane
	api     client.Client
	logs    = &worlds.Journal{}
)

func TestMain(m *testing.M) {
	worlds.SetParallel(8)
	logLoudest()
	controlplane.Main(m, controlplane.Options{CRDPaths: []string{crds}}, func(cp *controlplane.ControlPlane) {
		cluster, api = cp, worlds.Client(cp.Config)
	})
}
