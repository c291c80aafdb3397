// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package integration

import (
	"context"
	"net/http"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

func (w *world) newSecret(data map[string]string) *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "klink-token"}, StringData: data}
}

func (w *world) deleteSecret() {
	w.Helper()
	if err := api.Delete(context.Background(), w.newSecret(nil)); err != nil {
		w.Fatal(err)
	}
}

// setSecret replaces the Secret.
func (w *world) setSecret(data map[string]string) {
	w.Helper()
	w.deleteSecret()
	w.create(w.newSecret(data))
}

// wantConnection waits for the connection's state and checks what it says.
func (w *world) wantConnection(reason string, stalled bool, parts ...string) {
	w.Helper()
	c := w.awaitConnection(metav1.ConditionFalse, reason)
	if is := meta.IsStatusConditionTrue(c.Status.Conditions, v1alpha1.ConditionStalled); is != stalled {
		w.Errorf("%s: Stalled is %v", reason, is)
	}
	text := meta.FindStatusCondition(c.Status.Conditions, v1alpha1.ConditionReady).Message
	for _, part := range parts {
		if !strings.Contains(text, part) {
			w.Errorf("%s: the message lacks %q: %s", reason, part, text)
		}
	}
}

func (w *world) wantConnected() {
	w.Helper()
	w.awaitConnection(metav1.ConditionTrue, v1alpha1.ReasonConnected)
}

// wantOccurrences waits for so many events about the connection, and no more.
func (w *world) wantOccurrences(want map[string]int) {
	w.Helper()
	for reason, n := range want {
		w.eventually(func() string {
			if w.occurrences("sim", reason) < n {
				return "no event " + reason
			}
			return ""
		})
		if have := w.occurrences("sim", reason); have != n {
			w.Errorf("%d events %s, want %d", have, reason, n)
		}
	}
}

func TestAConnectionHealsOnceItsSecretIsThere(t *testing.T) {
	t.Parallel()
	w := prepareWorld(t, simulator.Settings{})
	w.deleteSecret()
	w.start()
	w.group("early")
	w.wantConnection(v1alpha1.ReasonSecretNotFound, false, w.namespace+"/klink-token", "create it", `key "token"`)
	g := w.await("early", metav1.ConditionFalse, v1alpha1.ReasonConnectionNotReady)
	w.wantMessage(g, "Connection sim", "conditions say why")
	w.create(w.newSecret(map[string]string{"token": token + "\n"})) // as echo makes it
	w.wantConnected()
	w.await("early", metav1.ConditionTrue, v1alpha1.ReasonSynced)
	w.nextPasses(1)
	w.wantOccurrences(map[string]int{"Connected": 1, "Disconnected": 0})
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
			w.setSecret(c.data)
			w.start()
			w.wantConnection(v1alpha1.ReasonSecretInvalid, true, w.namespace+"/klink-token", c.says)
			if calls := w.sim.Requests(); len(calls) != 0 {
				t.Errorf("calls were made without a token: %v", calls)
			}
			w.setSecret(map[string]string{"token": token})
			w.wantConnected()
			w.wantOccurrences(map[string]int{"Connected": 1, "Disconnected": 0})
		})
	}
}

func TestARefusedTokenIsReportedOnTheConnectionAndHealsWithTheSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	w.group("idle")
	w.group("busy")
	w.awaitSynced("idle")
	w.awaitSynced("busy")
	before := w.get("idle").ResourceVersion
	w.sim.SetToken(token + "-rotated")
	w.wantConnection(v1alpha1.ReasonUnauthorized, true, "401", `key "token" of Secret klink-token in namespace `+w.namespace)
	w.edit("busy", func(g *v1alpha1.Group) { g.Spec.Description = new("changed") })
	g := w.await("busy", metav1.ConditionFalse, v1alpha1.ReasonConnectionNotReady)
	w.wantMessage(g, "Connection sim", "conditions say why")
	w.sim.ResetRequests()
	w.nextListings(1)
	w.wantCalls(nil)
	w.setSecret(map[string]string{"token": token + "-rotated"})
	w.wantConnected()
	w.awaitSynced("busy")
	if now := w.get("idle").ResourceVersion; now != before {
		t.Error("a Group that nobody changed was rewritten")
	}
	w.wantOccurrences(map[string]int{"Connected": 2, "Disconnected": 1})
}

// The Secret is read again on a 401: those who rotate it first see no outage that
// lasts until the next resync.
func TestARotatedTokenIsReadAgainOnA401(t *testing.T) {
	t.Parallel()
	w := prepareWorld(t, simulator.Settings{})
	w.editConnection(func(c *v1alpha1.Connection) { c.Spec.ResyncInterval.Duration *= 6 * 60 })
	w.start()
	w.group("busy")
	w.awaitSynced("busy")
	w.wantConnected()
	w.sim.SetToken(token + "-rotated")
	w.setSecret(map[string]string{"token": token + "-rotated"})
	w.edit("busy", func(g *v1alpha1.Group) { g.Spec.Description = new("changed") })
	w.awaitSynced("busy")
	w.wantConnected()
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
	w.group("late")
	id := w.awaitSynced("late").Status.ID
	w.wantConnected()
	w.deleteSecret()
	w.wantConnection(v1alpha1.ReasonSecretNotFound, false, "klink-token", "stays in use")
	w.edit("late", func(g *v1alpha1.Group) { g.Spec.Description = new("changed") })
	w.awaitSynced("late")
	w.delete("late")
	w.awaitGone("late")
	if !w.remote(id).Archived() {
		t.Error("the deletion policy was not applied")
	}
	w.wantOccurrences(map[string]int{"Disconnected": 1})
}

// Secrets may hold anything, and an API may quote anything.
func TestAnAPIThatQuotesTheTokenDoesNotSpreadIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	w.group("quoted")
	w.awaitSynced("quoted")
	quote := `{"message":"bad header","request":{"Authorization":"Bearer ` + token + `"},"error":"not allowed: ` + token + `"}`
	w.sim.AddFault(simulator.Fault{Method: http.MethodPut, Times: 1, Action: simulator.Status, Status: http.StatusUnprocessableEntity, Body: quote})
	w.edit("quoted", func(g *v1alpha1.Group) { g.Spec.Description = new("changed") })
	w.await("quoted", metav1.ConditionFalse, v1alpha1.ReasonRejected)
	w.awaitEvent("quoted", "Rejected")
	w.sim.AddFault(simulator.Fault{Action: simulator.Status, Status: http.StatusUnauthorized, Body: quote})
	w.wantConnection(v1alpha1.ReasonUnauthorized, true)
	w.wantOccurrences(map[string]int{"Disconnected": 1})
	// What the harness looks for at the end is the rule.
}
