// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package transitions

import (
	"context"
	"flag"
	"fmt"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/manager"
	"github.com/klink-cloud/klink-operator/internal/simulator"
	"github.com/klink-cloud/klink-operator/test/controlplane"
)

const (
	crdFolder = "../../config/crd/bases"
	// operatorNamespace holds the Secrets of ClusterConnections.
	operatorNamespace = "klink-operator"
	// sideBySide is how many rows are walked at a time: most of a step is waiting.
	sideBySide = "12"
)

var (
	cluster *controlplane.ControlPlane
	api     client.Client
)

func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", sideBySide); err != nil {
		panic(err)
	}
	ctrl.SetLogger(zap.New(zap.WriteTo(logs)))
	controlplane.Main(m, controlplane.Options{CRDPaths: []string{crdFolder}}, func(cp *controlplane.ControlPlane) {
		scheme := runtime.NewScheme()
		for _, add := range []func(*runtime.Scheme) error{v1alpha1.AddToScheme, corev1.AddToScheme} {
			if err := add(scheme); err != nil {
				panic(err)
			}
		}
		c, err := client.New(cp.Config, client.Options{Scheme: scheme})
		if err != nil {
			panic(fmt.Errorf("making a client: %w", err))
		}
		cluster, api = cp, c
	})
}

// startManager starts the one manager that serves all rows, until the test ends. It
// needs no socket: the simulator is its transport.
func startManager(t *testing.T, sim *simulator.Server) {
	t.Helper()
	create(t, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: operatorNamespace}})
	ctx, cancel := context.WithCancel(context.Background())
	mgr, err := manager.New(ctx, cluster.Config, manager.Options{
		MetricsAddress: "0", ProbeAddress: "0", OperatorNamespace: operatorNamespace, Workers: 8,
		AllowedEndpoints: allowedEndpoints, Transport: internet{sim.Transport()}, Registry: prometheus.NewRegistry(),
	})
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- mgr.Start(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the manager ended with: %v", err)
		}
	})
}

func create(t *testing.T, object client.Object) {
	t.Helper()
	if err := api.Create(t.Context(), object); err != nil {
		t.Fatal(err)
	}
}
