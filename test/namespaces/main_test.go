// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package namespaces

import (
	"testing"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/klink-cloud/klink-operator/test/controlplane"
	"github.com/klink-cloud/klink-operator/test/worlds"
)

var (
	shared *controlplane.ControlPlane
	crds   = []string{"../../config/crd/bases"}
	logs   = &worlds.Journal{}
)

func TestMain(m *testing.M) {
	ctrl.SetLogger(zap.New(zap.WriteTo(logs)))
	options := controlplane.Options{CRDPaths: crds, ControllerManager: true}
	controlplane.Main(m, options, func(cp *controlplane.ControlPlane) { shared = cp })
}
