// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package security

import (
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/manager"
	"github.com/klink-cloud/klink-operator/internal/simulator"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
)

// With three slow Connections in one namespace, a neighbour's create took 78 s: each had
// workers of its own to wait on the wire.
func TestSlowConnectionsOfOneNamespaceHoldUpNoNeighbour(t *testing.T) { //nolint:paralleltest // see newTenants
	const workers, connections = 8, 3
	slow, _ := newLiar(t)
	released := make(chan struct{})
	var waiting, ended atomic.Int32
	slow.tells(func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost {
			return false
		}
		_, _ = io.Copy(io.Discard, r.Body) // or the server does not see the client go
		waiting.Add(1)
		select {
		case <-released:
		case <-r.Context().Done():
			ended.Add(1)
		}
		return true
	})
	endpoint := serve(t, slow) + simulator.Prefix
	w := newTenants(t, func(_ *tenants, o *manager.Options) { o.Workers, o.AllowedEndpoints = workers, endpoint })
	t.Cleanup(func() { close(released) }) // before the manager stops, which waits for creates
	w.group(w.house, "bound")
	w.await(w.house, "bound", v1alpha1.ReasonSynced)
	worlds.Create(t, api, worlds.Secret(w.street, token))
	for c := range connections {
		name := fmt.Sprint("slow-", c)
		worlds.Create(t, api, worlds.Connection(w.street, name, endpoint))
		for i := range workers {
			worlds.Create(t, api, worlds.Group(w.street, fmt.Sprint(name, "-", i), name))
		}
	}
	w.eventually(func() string {
		if n := waiting.Load(); n < workers-2 {
			return fmt.Sprintf("%d creates wait for the slow API", n)
		}
		return ""
	})
	w.group(w.house, "neighbour")
	w.edit(w.house, "bound", func(g *v1alpha1.Group) { g.Spec.Description = new("changed") })
	w.await(w.house, "neighbour", v1alpha1.ReasonSynced)
	w.await(w.house, "bound", v1alpha1.ReasonSynced)
	if n := ended.Load(); n != 0 {
		t.Errorf("the neighbour was served after %d creates of the slow API had run into their deadline", n)
	}
}
