// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
)

// TestNoTokenGoesWhereTheOperatorSendsNone: who may write Connections, and not read Secrets,
// named a Secret and an endpoint that the operator refuses, and the next admin who asked
// what would change sent the token there.
func TestNoTokenGoesWhereTheOperatorSendsNone(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	thief := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls.Add(1) }))
	t.Cleanup(thief.Close)
	w := newWorld(t)
	at := func(name string) *v1alpha1.Connection {
		connection := worlds.Connection(w.namespace, name, thief.URL+"/api/v1")
		worlds.Create(t, api, connection)
		return connection
	}
	seen(t, at("refused"), v1alpha1.ReasonEndpointNotAllowed)
	seen(t, at("leaving"), v1alpha1.ReasonTerminating) // which is said in the place of what is wrong with it
	seen(t, at("empty"), v1alpha1.ReasonSecretNotFound)
	at("unseen")
	moved := at("moved")
	seen(t, moved, v1alpha1.ReasonConnected)
	moved.Spec.Endpoint += "/elsewhere"
	if err := api.Update(t.Context(), moved); err != nil {
		t.Fatal(err)
	}
	for name, why := range map[string]string{
		"refused": "does not use kconn/refused (EndpointNotAllowed", "leaving": "does not use kconn/leaving (Terminating", "empty": "does not use kconn/empty (SecretNotFound",
		"unseen": "has not looked yet at", "moved": "has not looked yet at",
	} {
		w.groups.create(name, func(g *v1alpha1.Group) {
			g.Spec.ConnectionRef = v1alpha1.ConnectionReference{Kind: v1alpha1.KindConnection, Name: name}
		})
		for _, args := range [][]string{{"diff", name}, {"import", "--connection", "kconn/" + name}, {"orphans", "--connection", "kconn/" + name}} {
			s := w.klink(args...)
			if name == "refused" && args[0] == "diff" { // no look is needed to tell what happens
				w.want(s, 0, "nothing (ConnectionNotReady", "EndpointNotAllowed")
				continue
			}
			if s.code < 1 || !strings.Contains(s.out+s.err, "no token is sent") || !strings.Contains(s.out+s.err, why) {
				t.Errorf("%v ends with %d:\n%s\n%s", args, s.code, s.out, s.err)
			}
		}
	}
	if n := calls.Load(); n > 0 {
		t.Errorf("%d calls were made", n)
	}
}
