// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package gitops

import (
	"testing"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/klink-cloud/klink-operator/test/harness/checkout"
	"github.com/klink-cloud/klink-operator/test/harness/controlplane"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
)

var (
	cluster *controlplane.ControlPlane
	logs    = &worlds.Journal{}
)

// parallelTests is how many tests run at a time: most of the time they wait.
const parallelTests = 40

func TestMain(m *testing.M) {
	worlds.SetParallel(parallelTests)
	ctrl.SetLogger(zap.New(zap.WriteTo(logs)))
	options := controlplane.Options{CRDPaths: []string{checkout.Path("config/crd/bases")}}
	controlplane.Main(m, options, func(cp *controlplane.ControlPlane) { cluster = cp })
}
