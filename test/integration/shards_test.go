// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package integration

import (
	"net/http"
	"net/url"
	"sync"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
)

const shardLabel = "klink.cloud/shard"

// hostsCalled carries a manager's calls, and knows where to they went.
type hostsCalled struct {
	mu    sync.Mutex
	hosts map[string]bool
}

func (h *hostsCalled) RoundTrip(req *http.Request) (*http.Response, error) {
	h.mu.Lock()
	if h.hosts == nil {
		h.hosts = map[string]bool{}
	}
	h.hosts[req.URL.Host] = true
	h.mu.Unlock()
	return http.DefaultTransport.RoundTrip(req)
}

func (h *hostsCalled) called(t *testing.T, endpoint string) bool {
	t.Helper()
	u, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.hosts[u.Host]
}

// Two managers of one account make everything twice, and what neither serves is never
// done. Both elect a leader in one namespace: sharing a Lease, one would never work.
func TestSelectorsPartTheConnections(t *testing.T) {
	t.Parallel()
	var rest, emea hostsCalled
	w := prepareWorld(t, simulator.Settings{})
	there := simulator.Start(t, simulator.Options{Token: token})
	labelled := worlds.Connection(w.namespace, "emea", there.URL)
	labelled.Labels = map[string]string{shardLabel: "emea"}
	create(w, labelled)
	on := func(connection string) func(*v1alpha1.Group) {
		return func(g *v1alpha1.Group) { g.Spec.ConnectionRef.Name = connection }
	}
	w.options.AllowedEndpoints += "," + there.URL
	w.options.LeaderElection = true

	w.options.ConnectionSelector, w.options.Transport = shardLabel+"=emea", &emea
	w.start()
	stopEMEA := w.stop
	w.options.ConnectionSelector, w.options.Transport = shardLabel+"!=emea", &rest
	w.start()

	w.groups.create("here")
	w.groups.create("in-emea", on("emea"))
	w.groups.create("nowhere", on("missing"))
	w.groups.awaitSynced("here")
	w.groups.awaitSynced("in-emea")
	w.groups.await("nowhere", metav1.ConditionFalse, v1alpha1.ReasonConnectionNotFound)
	if rest.called(t, there.URL) || emea.called(t, w.sim.URL) {
		t.Error("a manager has called an account of the other")
	}

	stopEMEA()
	connection := &v1alpha1.Connection{}
	w.read("emea", connection)
	before := connection.ResourceVersion
	w.groups.create("unserved", on("emea"))
	w.groups.create("after")
	w.groups.awaitSynced("after")
	w.calls.nextPasses(1)
	w.read("emea", connection)
	if g := w.groups.get("unserved"); g.Status.ObservedGeneration != -1 || len(g.Finalizers) > 0 || connection.ResourceVersion != before {
		t.Errorf("what no manager selects was touched: %+v %v", g.Status, g.Finalizers)
	}

	worlds.Edit(t, api, connection, func() { connection.Labels = nil })
	w.groups.awaitSynced("unserved")
	if !rest.called(t, there.URL) {
		t.Error("a connection that moved is served by nobody")
	}
}

func (w *world) read(name string, into client.Object) {
	w.Helper()
	if err := api.Get(w.Context(), client.ObjectKey{Namespace: w.namespace, Name: name}, into); err != nil {
		w.Fatal(err)
	}
}
