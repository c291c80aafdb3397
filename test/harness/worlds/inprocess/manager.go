// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Package inprocess runs the manager in the process of the test that needs it. It is
// apart from package worlds, so that who runs the manager's program does without all that
// the manager is built of.
package inprocess

import (
	"context"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/rest"

	"github.com/klink-cloud/klink-operator/internal/manager"
)

// Start starts a manager; it stops with the test at the latest, and must end well.
func Start(t testing.TB, config *rest.Config, options manager.Options) (stop func()) {
	t.Helper()
	if options.Registry == nil {
		options.Registry = prometheus.NewRegistry() // there is but one for all otherwise
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	mgr, err := manager.New(ctx, config, options)
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- mgr.Start(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the manager ended with: %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}
