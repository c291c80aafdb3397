// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package worlds

import (
	"flag"
	"fmt"
	"strconv"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/test/harness/controlplane"
)

// SetParallel has so many tests run at a time, and is called first in a TestMain. The
// tests wait most of the time, so that their number has nothing to do with that of the
// cores.
func SetParallel(tests int) {
	flag.Parse()
	if err := flag.Set("test.parallel", strconv.Itoa(tests)); err != nil {
		panic(err)
	}
}

// Client returns a client that knows the kinds of Kubernetes, ours and more. It panics
// when that contradicts itself: nothing was asked of the API server yet.
func Client(config *rest.Config, more ...func(*runtime.Scheme) error) client.WithWatch {
	scheme := runtime.NewScheme()
	for _, add := range append(more, clientgoscheme.AddToScheme, v1alpha1.AddToScheme) {
		if err := add(scheme); err != nil {
			panic(err)
		}
	}
	c, err := client.NewWithWatch(config, client.Options{Scheme: scheme})
	if err != nil {
		panic(err)
	}
	return c
}

// FreeAddress is one of loopback that nothing listens on now.
func FreeAddress(t testing.TB) string {
	t.Helper()
	ports, err := controlplane.FreePorts(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("127.0.0.1:%d", ports[0])
}
