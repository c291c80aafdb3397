// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package integration

import (
	"context"
	"maps"
	"net/http"
	"slices"
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
	w.group("unserved")
	w.wantConnection(v1alpha1.ReasonEndpointNotAllowed, true, w.sim.URL, "--allowed-endpoints", "ClusterConnection")
	g := w.await("unserved", metav1.ConditionFalse, v1alpha1.ReasonConnectionNotReady)
	w.wantMessage(g, "Connection sim")
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
	w.group("early")
	w.wantConnection(v1alpha1.ReasonUnavailable, false, "refused")
	w.await("early", metav1.ConditionFalse, v1alpha1.ReasonConnectionNotReady)
	refused.Remove()
	w.wantConnected()
	w.awaitSynced("early")
	w.wantOccurrences(map[string]int{"Connected": 1, "Disconnected": 0})
}

func TestALongPauseIsReportedAndEnds(t *testing.T) {
	t.Parallel()
	throttled := simulator.Fault{Action: simulator.Status, Status: http.StatusTooManyRequests, Times: 1, Headers: map[string]string{"Retry-After": "40"}}
	t.Run("at the first call", func(t *testing.T) {
		t.Parallel()
		w := prepareWorld(t, simulator.Settings{})
		w.sim.AddFault(throttled)
		w.start()
		w.wantConnection(v1alpha1.ReasonRateLimited, false, "wait until")
		if n := len(w.sim.Requests()); n != 1 {
			t.Errorf("%d calls in a pause", n-1)
		}
		w.wantConnected()
	})
	t.Run("later", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, simulator.Settings{})
		w.group("busy")
		w.awaitSynced("busy")
		w.wantConnected()
		fault := w.sim.AddFault(throttled)
		w.wantConnection(v1alpha1.ReasonRateLimited, false, "wait until")
		w.sim.ResetRequests()
		w.edit("busy", func(g *v1alpha1.Group) { g.Spec.Description = new("changed") })
		w.wantConnected()
		w.awaitSynced("busy")
		if fault.Hits() != 1 {
			t.Errorf("%d calls were refused", fault.Hits())
		}
		w.wantCalls(map[string]int{"PUT": 1})
	})
}

// Kubernetes cannot undo a deletion, but the connection can be had back by the commands of
// the page: its Groups go on with what they have.
func TestAConnectionThatWasDeletedByMistakeIsHadBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	names := w.groups("g", 3)
	for _, name := range names {
		w.awaitSynced(name)
	}
	w.awaitConnectionHeld()
	before := w.connection()
	if err := api.Delete(context.Background(), w.connection()); err != nil {
		t.Fatal(err)
	}
	w.wantConnection(v1alpha1.ReasonTerminating, false, "3 Groups", w.namespace+"/g-0", "take the finalizer "+v1alpha1.FinalizerInUse, "apply it again")
	versions := w.versions()
	w.sim.ResetRequests()
	commands := strings.Join(checkout.Commands(t, "docs/connections.md", "### Having it back"), "\n")
	if strings.Count(commands, "kcconn default") != 2 {
		t.Fatalf("the page says %q", commands)
	}
	w.shell(strings.ReplaceAll(commands, "kcconn default", "kconn sim -n "+w.namespace))
	if again := w.connection(); again.UID == before.UID || !again.DeletionTimestamp.IsZero() || !cmp.Equal(again.Spec, before.Spec) {
		t.Errorf("had back is %+v, and before it was %+v", again, before)
	}
	w.wantConnected()
	w.nextPasses(1)
	w.wantNoWrite()
	if now := w.versions(); !maps.Equal(now, versions) {
		t.Errorf("Groups were rewritten: %v, and before %v", now, versions)
	}
	w.edit("g-0", func(g *v1alpha1.Group) { g.Spec.Description = new("still served") })
	w.awaitSynced("g-0")
}

func TestAConnectionServesUntilItsLastGroupIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	w.group("old")
	id := w.awaitSynced("old").Status.ID
	w.awaitConnectionHeld()
	if err := api.Delete(context.Background(), w.connection()); err != nil {
		t.Fatal(err)
	}
	w.wantConnection(v1alpha1.ReasonTerminating, false, "1 Groups")
	w.group("new")
	g := w.await("new", metav1.ConditionFalse, v1alpha1.ReasonConnectionNotReady)
	w.wantMessage(g, "being deleted", "no new Groups")
	w.edit("old", func(g *v1alpha1.Group) { g.Spec.Description = new("still served") })
	w.awaitSynced("old")
	w.delete("new")
	w.awaitGone("new")
	w.delete("old")
	w.awaitGone("old")
	w.eventually(func() string {
		err := api.Get(context.Background(), client.ObjectKey{Namespace: w.namespace, Name: "sim"}, &v1alpha1.Connection{})
		if !apierrors.IsNotFound(err) {
			return "the connection is still there"
		}
		return ""
	})
	if !w.remote(id).Archived() {
		t.Error("the deletion policy was not applied")
	}
	if n := w.sim.Counts()["POST"]; n != 1 {
		t.Errorf("%d groups were made; a connection that is being deleted takes no new ones", n)
	}
}

// awaitConnectionHeld waits until the connection has the finalizer of one in use.
func (w *world) awaitConnectionHeld() {
	w.Helper()
	w.eventually(func() string {
		if !slices.Contains(w.connection().Finalizers, v1alpha1.FinalizerInUse) {
			return "the connection is not held"
		}
		return ""
	})
}
