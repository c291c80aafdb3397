// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package security

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/manager"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
)

// With three slow Connections in one namespace, a neighbour's create took 78 s: each had
// workers of its own to wait on the wire.
func TestSlowConnectionsOfOneNamespaceHoldUpNoNeighbour(t *testing.T) { //nolint:paralleltest // see newTenants
	const workers, connections = 8, 3
	_, endpoint := newFakeAPI(t)
	gate := worlds.NewGate(t, klink.NewTransport(), func(r *http.Request) bool {
		return r.Method == http.MethodPost && strings.HasPrefix(r.URL.String(), endpoint)
	})
	w := newTenants(t, func(_ *tenants, o *manager.Options) {
		o.Workers, o.AllowedEndpoints, o.Transport = workers, endpoint, gate
	})
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
		if n := gate.Waiting(); n < workers-2 {
			return fmt.Sprintf("%d creates wait for the slow API", n)
		}
		return ""
	})
	w.group(w.house, "neighbour")
	w.edit(w.house, "bound", func(g *v1alpha1.Group) { g.Spec.Description = new("changed") })
	w.await(w.house, "neighbour", v1alpha1.ReasonSynced)
	w.await(w.house, "bound", v1alpha1.ReasonSynced)
}
