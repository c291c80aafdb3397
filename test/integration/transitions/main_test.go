// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package transitions

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/klink-cloud/klink-operator/internal/manager"
	"github.com/klink-cloud/klink-operator/internal/simulator"
	"github.com/klink-cloud/klink-operator/test/harness/checkout"
	"github.com/klink-cloud/klink-operator/test/harness/controlplane"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
	"github.com/klink-cloud/klink-operator/test/harness/worlds/inprocess"
)

const (
	// operatorNamespace holds the Secrets of ClusterConnections.
	operatorNamespace = "klink-operator"
	// parallelTests is how many rows are walked at a time: most of a step is waiting.
	parallelTests = 12
)

var (
	cluster *controlplane.ControlPlane
	api     client.Client
	logs    = &worlds.Journal{}
)

func TestMain(m *testing.M) {
	worlds.SetParallel(parallelTests)
	ctrl.SetLogger(zap.New(zap.WriteTo(logs)))
	controlplane.Main(m, controlplane.Options{CRDPaths: []string{checkout.Path("config/crd/bases")}}, func(cp *controlplane.ControlPlane) {
		cluster, api = cp, worlds.Client(cp.Config)
	})
}

// startManager starts the one manager that serves all rows, until the test ends. It
// needs no socket: the simulator is its transport.
func startManager(t *testing.T, sim *simulator.Server) {
	t.Helper()
	worlds.Create(t, api, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: operatorNamespace}})
	inprocess.Start(t, cluster.Config, manager.Options{
		MetricsAddress: "0", ProbeAddress: "0", OperatorNamespace: operatorNamespace, Workers: 8,
		AllowedEndpoints: allowedEndpoints, Transport: internet{sim.Transport()},
	})
}
