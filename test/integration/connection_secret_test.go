// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package integration

import (
	"net/http"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

func TestAConnectionHealsOnceItsSecretIsThere(t *testing.T) {
	t.Parallel()
	w := prepareWorld(t, simulator.Settings{})
	w.connection.deleteSecret()
	w.start()
	w.groups.create("early")
	w.connection.awaitNotReady(v1alpha1.ReasonSecretNotFound, false, w.namespace+"/klink-token", "create it", `key "token"`)
	g := w.groups.await("early", metav1.ConditionFalse, v1alpha1.ReasonConnectionNotReady)
	wantMessage(w, g, "Connection sim", "conditions say why")
	create(w, w.connection.secret(map[string]string{"token": token + "\n"})) // as echo makes it
	w.connection.awaitConnected()
	w.groups.await("early", metav1.ConditionTrue, v1alpha1.ReasonSynced)
	w.calls.nextPasses(1)
	w.connection.wantEvents(map[string]int{"Connected": 1, "Disconnected": 0})
}

func TestASecretThatCannotBeATokenNeedsAPerson(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		data map[string]string
		says string
	}{
		"another key":        {map[string]string{"Token": token}, `no key "token"`},
		"an empty value":     {map[string]string{"token": " \n"}, `empty key "token"`},
		"white space inside": {map[string]string{"token": token + " " + token}, "white space"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := prepareWorld(t, simulator.Settings{})
			w.connection.setSecret(c.data)
			w.start()
			w.connection.awaitNotReady(v1alpha1.ReasonSecretInvalid, true, w.namespace+"/klink-token", c.says)
			if calls := w.sim.Requests(); len(calls) != 0 {
				t.Errorf("calls were made without a token: %v", calls)
			}
			w.connection.setSecret(map[string]string{"token": token})
			w.connection.awaitConnected()
			w.connection.wantEvents(map[string]int{"Connected": 1, "Disconnected": 0})
		})
	}
}

func TestARefusedTokenIsReportedOnTheConnectionAndHealsWithTheSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	w.groups.create("idle")
	w.groups.create("busy")
	w.groups.awaitSynced("idle")
	w.groups.awaitSynced("busy")
	before := w.groups.get("idle").ResourceVersion
	w.sim.SetToken(token + "-rotated")
	w.connection.awaitNotReady(v1alpha1.ReasonUnauthorized, true, "401", `key "token" of Secret klink-token in namespace `+w.namespace)
	w.groups.edit("busy", func(g *v1alpha1.Group) { g.Spec.Description = new("changed") })
	g := w.groups.await("busy", metav1.ConditionFalse, v1alpha1.ReasonConnectionNotReady)
	wantMessage(w, g, "Connection sim", "conditions say why")
	w.sim.ResetRequests()
	w.calls.nextListings(1)
	w.calls.want(nil)
	w.connection.setSecret(map[string]string{"token": token + "-rotated"})
	w.connection.awaitConnected()
	w.groups.awaitSynced("busy")
	if now := w.groups.get("idle").ResourceVersion; now != before {
		t.Error("a Group that nobody changed was rewritten")
	}
	w.connection.wantEvents(map[string]int{"Connected": 2, "Disconnected": 1})
}

// The Secret is read again on a 401: those who rotate it first see no outage that
// lasts until the next resync.
func TestARotatedTokenIsReadAgainOnA401(t *testing.T) {
	t.Parallel()
	w := prepareWorld(t, simulator.Settings{})
	w.connection.edit(func(c *v1alpha1.Connection) { c.Spec.ResyncInterval.Duration *= 6 * 60 })
	w.start()
	w.groups.create("busy")
	w.groups.awaitSynced("busy")
	w.connection.awaitConnected()
	w.sim.SetToken(token + "-rotated")
	w.connection.setSecret(map[string]string{"token": token + "-rotated"})
	w.groups.edit("busy", func(g *v1alpha1.Group) { g.Spec.Description = new("changed") })
	w.groups.awaitSynced("busy")
	w.connection.awaitConnected()
	refused := 0
	for _, r := range w.sim.Requests() {
		if r.Status == http.StatusUnauthorized {
			refused++
		}
	}
	if refused == 0 || refused > 2 {
		t.Errorf("%d calls were refused", refused)
	}
}

// A namespace that is being deleted loses its Secret before its Groups.
func TestATokenThatStillWorksOutlivesItsSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	w.groups.create("late")
	id := w.groups.awaitSynced("late").Status.ID
	w.connection.awaitConnected()
	w.connection.deleteSecret()
	w.connection.awaitNotReady(v1alpha1.ReasonSecretNotFound, false, "klink-token", "stays in use")
	w.groups.edit("late", func(g *v1alpha1.Group) { g.Spec.Description = new("changed") })
	w.groups.awaitSynced("late")
	w.groups.delete("late")
	w.groups.awaitGone("late")
	if !w.remote.get(id).Archived() {
		t.Error("the deletion policy was not applied")
	}
	w.connection.wantEvents(map[string]int{"Disconnected": 1})
}

// Secrets may hold anything, and an API may quote anything.
func TestAnAPIThatQuotesTheTokenDoesNotSpreadIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	w.groups.create("quoted")
	w.groups.awaitSynced("quoted")
	quote := `{"message":"bad header","request":{"Authorization":"Bearer ` + token + `"},"error":"not allowed: ` + token + `"}`
	w.sim.AddFault(simulator.Fault{Method: http.MethodPut, Times: 1, Action: simulator.Status, Status: http.StatusUnprocessableEntity, Body: quote})
	w.groups.edit("quoted", func(g *v1alpha1.Group) { g.Spec.Description = new("changed") })
	w.groups.await("quoted", metav1.ConditionFalse, v1alpha1.ReasonRejected)
	w.groups.awaitEvent("quoted", "Rejected")
	w.sim.AddFault(simulator.Fault{Action: simulator.Status, Status: http.StatusUnauthorized, Body: quote})
	w.connection.awaitNotReady(v1alpha1.ReasonUnauthorized, true)
	w.connection.wantEvents(map[string]int{"Disconnected": 1})
	// What the harness looks for at the end is the rule.
}
