// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package security

import (
	"bytes"
	"flag"
	"fmt"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/test/controlplane"
)

const crds = "../../config/crd/bases"

var (
	cluster *controlplane.ControlPlane
	api     client.Client
	logs    = &journal{}
)

func TestMain(m *testing.M) {
	flag.Parse()
	// The tests wait most of the time.
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	logLoudest()
	controlplane.Main(m, controlplane.Options{CRDPaths: []string{crds}}, func(cp *controlplane.ControlPlane) {
		scheme := runtime.NewScheme()
		for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
			if err := add(scheme); err != nil {
				panic(err)
			}
		}
		config := *cp.Config
		config.QPS, config.Burst = 500, 500
		c, err := client.New(&config, client.Options{Scheme: scheme})
		if err != nil {
			panic(fmt.Errorf("making a client: %w", err))
		}
		cluster, api = cp, c
	})
}

// journal keeps what the managers log.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}
