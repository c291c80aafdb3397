// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"context"
	"path/filepath"
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
	// binary is the built plugin.
	binary string
)

func TestMain(m *testing.M) {
	worlds.SetParallel(6)
	ctrl.SetLogger(zap.New(zap.WriteTo(logs), zap.UseDevMode(true)))
	controlplane.Main(m, controlplane.Options{CRDPaths: []string{checkout.Path("config/crd/bases")}}, func(cp *controlplane.ControlPlane) {
		cluster, api = cp, worlds.Client(cp.Config)
		binary = filepath.Join(cp.Dir(), "kubectl-klink") // which goes away with the control plane
		if err := checkout.Build(context.Background(), binary, "./cmd/kubectl-klink"); err != nil {
			panic(err)
		}
	})
}
