// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package integration

import (
	"context"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/manager"
	"github.com/klink-cloud/klink-operator/internal/simulator"
	"github.com/klink-cloud/klink-operator/test/harness/checkout"
)

// Those who may write Connections must not be able to send the token elsewhere.
func TestAnEndpointThatIsNotAllowedIsNeverCalled(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{}, func(c *v1alpha1.Connection, o *manager.Options) {
		o.AllowedEndpoints = c.Spec.Endpoint[:len(c.Spec.Endpoint)-len("/api/v1")-1] // a prefix of the text: the port lacks a digit
	})
	w.groups.create("unserved")
	w.connection.awaitNotReady(v1alpha1.ReasonEndpointNotAllowed, true, w.sim.URL, "--allowed-endpoints", "ClusterConnection")
	g := w.groups.await("unserved", metav1.ConditionFalse, v1alpha1.ReasonConnectionNotReady)
	wantMessage(w, g, "Connection sim")
	if calls := w.sim.Requests(); len(calls) != 0 {
		t.Errorf("calls were made: %v", calls)
	}
}

func TestAConnectionThatNobodyAnswersComesBackByItself(t *testing.T) {
	t.Parallel()
	w := prepareWorld(t, simulator.Settings{})
	w.options.Transport = w.sim.Transport()
	refused := w.sim.AddFault(simulator.Fault{Action: simulator.Refuse})
	w.start()
	w.groups.create("early")
	w.connection.awaitNotReady(v1alpha1.ReasonUnavailable, false, "refused")
	w.groups.await("early", metav1.ConditionFalse, v1alpha1.ReasonConnectionNotReady)
	refused.Remove()
	w.connection.awaitConnected()
	w.groups.awaitSynced("early")
	w.connection.wantEvents(map[string]int{"Connected": 1, "Disconnected": 0})
}

func TestALongPauseIsReportedAndEnds(t *testing.T) {
	t.Parallel()
	throttled := simulator.Fault{Action: simulator.Status, Status: http.StatusTooManyRequests, Times: 1, Headers: map[string]string{"Retry-After": "40"}}
	t.Run("at the first call", func(t *testing.T) {
		t.Parallel()
		w := prepareWorld(t, simulator.Settings{})
		w.sim.AddFault(throttled)
		w.start()
		w.connection.awaitNotReady(v1alpha1.ReasonRateLimited, false, "wait until")
		if n := len(w.sim.Requests()); n != 1 {
			t.Errorf("%d calls in a pause", n-1)
		}
		w.connection.awaitConnected()
	})
	t.Run("later", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, simulator.Settings{})
		w.groups.create("busy")
		w.groups.awaitSynced("busy")
		w.connection.awaitConnected()
		fault := w.sim.AddFault(throttled)
		w.connection.awaitNotReady(v1alpha1.ReasonRateLimited, false, "wait until")
		w.sim.ResetRequests()
		w.groups.edit("busy", func(g *v1alpha1.Group) { g.Spec.Description = new("changed") })
		w.connection.awaitConnected()
		w.groups.awaitSynced("busy")
		if fault.Hits() != 1 {
			t.Errorf("%d calls were refused", fault.Hits())
		}
		w.calls.want(map[string]int{"PUT": 1})
	})
}

// Kubernetes cannot undo a deletion, but the connection can be had back by the commands of
// the page: its Groups go on with what they have.
func TestAConnectionThatWasDeletedByMistakeIsHadBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	names := w.groups.createMany("g", 3)
	for _, name := range names {
		w.groups.awaitSynced(name)
	}
	w.connection.awaitHeld()
	before := w.connection.get()
	if err := api.Delete(context.Background(), w.connection.get()); err != nil {
		t.Fatal(err)
	}
	w.connection.awaitNotReady(v1alpha1.ReasonTerminating, false, "3 Groups", w.namespace+"/g-0", "take the finalizer "+v1alpha1.FinalizerInUse, "apply it again")
	versions := w.groups.versions()
	w.sim.ResetRequests()
	commands := strings.Join(checkout.Commands(t, "docs/connections.md", "### Having it back"), "\n")
	if strings.Count(commands, "kcconn default") != 2 {
		t.Fatalf("the page says %q", commands)
	}
	shell(w, strings.ReplaceAll(commands, "kcconn default", "kconn sim -n "+w.namespace))
	if again := w.connection.get(); again.UID == before.UID || !again.DeletionTimestamp.IsZero() || !cmp.Equal(again.Spec, before.Spec) {
		t.Errorf("had back is %+v, and before it was %+v", again, before)
	}
	w.connection.awaitConnected()
	w.calls.nextPasses(1)
	w.calls.wantNoWrite()
	if now := w.groups.versions(); !maps.Equal(now, versions) {
		t.Errorf("Groups were rewritten: %v, and before %v", now, versions)
	}
	w.groups.edit("g-0", func(g *v1alpha1.Group) { g.Spec.Description = new("still served") })
	w.groups.awaitSynced("g-0")
}

func TestAConnectionServesUntilItsLastGroupIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	w.groups.create("old")
	id := w.groups.awaitSynced("old").Status.ID
	w.connection.awaitHeld()
	if err := api.Delete(context.Background(), w.connection.get()); err != nil {
		t.Fatal(err)
	}
	w.connection.awaitNotReady(v1alpha1.ReasonTerminating, false, "1 Groups")
	w.groups.create("new")
	g := w.groups.await("new", metav1.ConditionFalse, v1alpha1.ReasonConnectionNotReady)
	wantMessage(w, g, "being deleted", "no new Groups")
	w.groups.edit("old", func(g *v1alpha1.Group) { g.Spec.Description = new("still served") })
	w.groups.awaitSynced("old")
	w.groups.delete("new")
	w.groups.awaitGone("new")
	w.groups.delete("old")
	w.groups.awaitGone("old")
	eventually(w, func() string {
		err := api.Get(context.Background(), client.ObjectKey{Namespace: w.namespace, Name: "sim"}, &v1alpha1.Connection{})
		if !apierrors.IsNotFound(err) {
			return "the connection is still there"
		}
		return ""
	})
	if !w.remote.get(id).Archived() {
		t.Error("the deletion policy was not applied")
	}
	if n := w.sim.Counts()["POST"]; n != 1 {
		t.Errorf("%d groups were made; a connection that is being deleted takes no new ones", n)
	}
}
