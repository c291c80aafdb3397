// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package integration

import (
	"testing"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/klink-cloud/klink-operator/test/harness/checkout"
	"github.com/klink-cloud/klink-operator/test/harness/controlplane"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
)

var (
	cluster *controlplane.ControlPlane
	api     client.WithWatch
	logs    = &worlds.Journal{}
)

// parallelTests is how many tests run at a time. They wait for the next listing most of
// the time, so that their number has nothing to do with that of the cores.
const parallelTests = 12

func TestMain(m *testing.M) {
	worlds.SetParallel(parallelTests)
	ctrl.SetLogger(zap.New(zap.WriteTo(logs), zap.UseDevMode(true)))
	options := controlplane.Options{CRDPaths: []string{checkout.Path("config/crd/bases")}, ControllerManager: true}
	controlplane.Main(m, options, func(cp *controlplane.ControlPlane) {
		cluster, api = cp, worlds.Client(cp.Config)
	})
}
