// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package integration

import (
	"fmt"
	"maps"
	"net/http"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/manager"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// atFullSpeed lets a test with many Groups begin soon.
func atFullSpeed(c *v1alpha1.Connection, o *manager.Options) {
	c.Spec.RateLimit = v1alpha1.RateLimit{RequestsPerSecond: 1000, Burst: 1000}
	o.Workers = 16
}

// An outage over 500 synced Groups shows once, on the connection: it rewrites no
// Group and hammers nobody.
func TestAnOutageRewritesNoGroupAndCostsOneProbePerInterval(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{}, atFullSpeed)
	for _, name := range w.groups.createMany("g", 500) {
		w.groups.awaitSynced(name)
	}
	w.connection.awaitConnected()
	outages := []struct {
		name   string
		fault  simulator.Fault
		reason string
	}{
		{"resets", simulator.Fault{Action: simulator.Reset}, v1alpha1.ReasonUnavailable},
		{"500s", simulator.Fault{Action: simulator.Status, Status: http.StatusInternalServerError}, v1alpha1.ReasonUnavailable},
		{"garbage", simulator.Fault{Action: simulator.Garbage}, v1alpha1.ReasonUnavailable},
		{"an ingress without a backend", simulator.Fault{Action: simulator.NoBackend}, v1alpha1.ReasonUnavailable},
		{"a proxy's 407", simulator.Fault{Action: simulator.ProxyAuth}, v1alpha1.ReasonUnavailable},
		{"a redirect to a login page", simulator.Fault{Action: simulator.Redirect, Location: "https://login.example/"}, v1alpha1.ReasonUnavailable},
		{"an error under 200", simulator.Fault{Action: simulator.SaysError}, v1alpha1.ReasonUnavailable},
		{"401s", simulator.Fault{Action: simulator.Status, Status: http.StatusUnauthorized}, v1alpha1.ReasonUnauthorized},
		{"403s", simulator.Fault{Action: simulator.Status, Status: http.StatusForbidden}, v1alpha1.ReasonUnauthorized},
	}
	for n, outage := range outages {
		t.Logf("%s", outage.name)
		w.changeDuringOutage(fmt.Sprintf("g-%d", n), outage.fault, outage.reason)
		w.connection.wantEvents(map[string]int{"Connected": n + 2, "Disconnected": n + 1})
	}
}

// changeDuringOutage lets one Group change while every call fails, and counts the calls
// and who was rewritten until all is well again.
func (w *world) changeDuringOutage(changed string, fault simulator.Fault, reason string) {
	w.Helper()
	versions := w.groups.versions()
	w.sim.AddFault(fault)
	w.connection.await(metav1.ConditionFalse, reason)
	w.groups.edit(changed, func(g *v1alpha1.Group) { g.Spec.Description = new("changed") })
	g := w.groups.await(changed, metav1.ConditionFalse, v1alpha1.ReasonConnectionNotReady)
	wantMessage(w, g, "Connection sim is not ready")
	w.sim.ResetRequests()
	w.calls.nextListings(2)
	w.calls.wantProbes()
	w.calls.want(nil)

	w.sim.ClearFaults()
	w.connection.awaitConnected()
	w.groups.awaitSynced(changed)
	now := w.groups.versions()
	delete(now, changed)
	delete(versions, changed)
	if !maps.Equal(now, versions) {
		w.Error("Groups that nobody changed were rewritten")
	}
}

// One Group's own trouble is told apart from an outage by one probe.
func TestOneGroupsOwnTroubleTakesNothingDown(t *testing.T) {
	t.Parallel()
	troubles := map[int]string{
		http.StatusInternalServerError: v1alpha1.ReasonUnavailable,
		http.StatusForbidden:           v1alpha1.ReasonRejected,
	}
	for status, reason := range troubles {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, simulator.Settings{})
			w.groups.create("cursed")
			w.groups.create("fine")
			id := w.groups.awaitSynced("cursed").Status.ID
			w.groups.awaitSynced("fine")
			w.connection.awaitConnected()
			fault := w.sim.AddFault(simulator.Fault{PathRegexp: id, Action: simulator.Status, Status: status})
			w.groups.edit("cursed", func(g *v1alpha1.Group) { g.Spec.Description = new("changed") })
			g := w.groups.await("cursed", metav1.ConditionFalse, reason)
			wantMessage(w, g, fmt.Sprint(status))
			w.groups.edit("fine", func(g *v1alpha1.Group) { g.Spec.Description = new("changed") })
			w.groups.awaitSynced("fine")
			w.calls.nextPasses(1)
			w.connection.awaitConnected()
			w.connection.wantEvents(map[string]int{"Connected": 1, "Disconnected": 0})
			fault.Remove()
			w.groups.edit("cursed", func(g *v1alpha1.Group) { g.Spec.Description = new("changed again") })
			w.groups.awaitSynced("cursed")
		})
	}
}
