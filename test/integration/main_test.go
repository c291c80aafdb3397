// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package integration

import (
	"flag"
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/test/controlplane"
)

var (
	cluster *controlplane.ControlPlane
	api     client.WithWatch
	logs    = &journal{}
)

// sideBySide is how many tests run at a time. They wait for the next listing most of
// the time, so that their number has nothing to do with that of the cores.
const sideBySide = "12"

func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", sideBySide); err != nil {
		panic(err)
	}
	ctrl.SetLogger(zap.New(zap.WriteTo(logs), zap.UseDevMode(true)))
	controlplane.Main(m, controlplane.Options{CRDPaths: []string{"../../config/crd/bases"}}, func(cp *controlplane.ControlPlane) {
		scheme := runtime.NewScheme()
		for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
			if err := add(scheme); err != nil {
				panic(err)
			}
		}
		config := *cp.Config
		config.QPS, config.Burst = 500, 500
		c, err := client.NewWithWatch(&config, client.Options{Scheme: scheme})
		if err != nil {
			panic(fmt.Errorf("making a client: %w", err))
		}
		cluster, api = cp, c
	})
}
