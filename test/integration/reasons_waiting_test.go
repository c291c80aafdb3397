// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package integration

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/manager"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// The API fails for one Group alone: that one says so, tries again by itself, and
// takes nobody along.
func TestUnavailableConcernsOneGroup(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	ids := w.groups.owned("lobby", "bar")
	fault := w.sim.AddFault(simulator.Fault{
		Method: "PUT", PathRegexp: ids["lobby"], Action: simulator.Status, Status: 502, Body: `{"message":"the upstream is gone"}`,
	})
	for name := range ids {
		w.groups.edit(name, func(g *v1alpha1.Group) { g.Spec.Description = new("New.") })
	}
	w.groups.awaitBlocked("lobby", v1alpha1.ReasonUnavailable, "PUT", "the upstream is gone")
	w.groups.awaitSynced("bar")
	w.connection.await(metav1.ConditionTrue, v1alpha1.ReasonConnected)
	fault.Remove()
	w.groups.awaitSynced("lobby")
	w.groups.wantEvents("lobby", map[string]int{"Created": 1, "Updated": 1})
}

// A reply that was cut off is no failure of the write: the same PUT is sent again.
func TestUnavailableAfterATruncatedReply(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	id := w.groups.owned("lobby")["lobby"]
	w.sim.AddFault(simulator.Fault{Method: "PUT", Action: simulator.Truncate, Times: 2})
	w.groups.edit("lobby", func(g *v1alpha1.Group) { g.Spec.Description = new("New.") })
	w.groups.awaitSynced("lobby")
	if have := *w.remote.get(id).Description; have != "New." {
		t.Errorf("the description is %q", have)
	}
}

// A 429 with a long pause is told of, and waited out without another call.
func TestRateLimitedWaitsAsAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{}, func(c *v1alpha1.Connection, _ *manager.Options) {
		c.Spec.ResyncInterval = metav1.Duration{Duration: time.Minute}
	})
	w.groups.owned("lobby")
	w.sim.AddFault(simulator.Fault{
		Method: "PUT", Times: 1, Action: simulator.Status, Status: 429,
		Headers: map[string]string{"Retry-After": "40"}, Body: `{"message":"slow down"}`,
	})
	w.sim.ResetRequests()
	w.groups.edit("lobby", func(g *v1alpha1.Group) { g.Spec.Description = new("New.") })
	w.groups.awaitBlocked("lobby", v1alpha1.ReasonRateLimited, "slow down", "tried again at")
	w.groups.awaitSynced("lobby")
	w.calls.want(map[string]int{"PUT": 2})
	w.connection.await(metav1.ConditionTrue, v1alpha1.ReasonConnected)
}
