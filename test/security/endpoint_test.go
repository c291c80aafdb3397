// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package security

import (
	"net/http"
	"strings"
	"testing"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
)

// TestAConnectionIsNoWayIntoTheNetwork: those who may write Connections name a
// service inside in all ways that the API server lets pass.
func TestAConnectionIsNoWayIntoTheNetwork(t *testing.T) {
	t.Parallel()
	target := newInside(t)
	_, endpoint := newFakeAPI(t)
	w := newWorld(t, endpoint)
	host := strings.TrimPrefix(target.URL, "http://")
	port := host[strings.LastIndex(host, ":"):]
	for name, endpoint := range map[string]string{
		"plain":      target.URL,
		"with-path":  target.URL + "/api/v1",
		"localhost":  "http://localhost" + port + "/api/v1",
		"upper-case": "HTTP://LOCALHOST" + port,
		"other":      "http://127.0.0.2" + port,
		"tls":        "https://" + host + "/api/v1",
		"metadata":   "https://169.254.169.254/latest",
		"a-service":  "http://kubernetes.default.svc/api",
	} {
		w.connection(name, endpoint, "klink-token")
		w.group("on-"+name, func(g *v1alpha1.Group) { g.Spec.ConnectionRef.Name = name })
	}
	for _, name := range []string{"plain", "with-path", "localhost", "upper-case", "other", "tls", "metadata", "a-service"} {
		w.awaitConnection(name, v1alpha1.ReasonEndpointNotAllowed)
		w.await("on-"+name, v1alpha1.ReasonConnectionNotReady)
	}
	w.group("allowed")
	w.await("allowed", v1alpha1.ReasonSynced)
	if n := target.callers.Load(); n != 0 {
		t.Errorf("%d connections were made to the service inside", n)
	}
}

// TestARedirectIsNoWayIntoTheNetwork: an allowed API sends everything on to a
// service inside: reads are asked to follow, and writes to be sent again.
func TestARedirectIsNoWayIntoTheNetwork(t *testing.T) {
	t.Parallel()
	target := newInside(t)
	fake, endpoint := newFakeAPI(t)
	w := newWorld(t, endpoint)
	w.group("sent-on")
	w.await("sent-on", v1alpha1.ReasonSynced)
	for _, status := range []int{http.StatusFound, http.StatusTemporaryRedirect} {
		fake.answerWith(func(rw http.ResponseWriter, r *http.Request) bool {
			http.Redirect(rw, r, target.URL+r.URL.Path, status)
			return true
		})
		before := len(fake.requests())
		w.edit("sent-on", func(g *v1alpha1.Group) { g.Spec.Description = new(http.StatusText(status)) })
		w.eventually(func() string {
			methods := map[string]bool{}
			for _, line := range fake.requests()[before:] {
				method, _, _ := strings.Cut(line, " ")
				methods[method] = true
			}
			if !methods[http.MethodGet] || !methods[http.MethodPut] {
				return "it was not tried yet"
			}
			return ""
		})
		fake.answerWith(nil)
		w.edit("sent-on", func(g *v1alpha1.Group) { g.Spec.Description = new("again " + http.StatusText(status)) })
		w.await("sent-on", v1alpha1.ReasonSynced)
	}
	if n := target.callers.Load(); n != 0 {
		t.Errorf("%d connections were made to the service inside", n)
	}
}

// TestASecretOfAnotherNamespaceIsOutOfReach: a Connection names a Secret, and no
// name leads out of its namespace.
func TestASecretOfAnotherNamespaceIsOutOfReach(t *testing.T) {
	t.Parallel()
	_, endpoint := newFakeAPI(t)
	w := newWorld(t, endpoint)
	elsewhere := worlds.CreateNamespace(t, api, "test-")
	w.secret(elsewhere, "of-others")
	w.awaitConnection("api", v1alpha1.ReasonConnected)
	w.connection("thief", endpoint, "of-others")
	c := w.awaitConnection("thief", v1alpha1.ReasonSecretNotFound)
	if text := message(c.Status.Conditions); !strings.Contains(text, w.namespace+"/of-others") {
		t.Errorf("the Secret was looked for elsewhere: %s", text)
	}
	for _, name := range []string{"../" + elsewhere + "/of-others", elsewhere + "/of-others", "../../" + elsewhere + "/secrets/of-others", "of-others?x", ".."} {
		c := &v1alpha1.Connection{ObjectMeta: w.newGroup("traverser").ObjectMeta}
		c.Spec.TokenSecretRef.Name = name
		if err := api.Create(t.Context(), c); err == nil {
			t.Errorf("the API server takes the name %q for a Secret", name)
		}
	}
}
