// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package security

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/klink"
)

// spellings are the ways in which the token could be read off a text.
func spellings() map[string]string {
	dump := hex.Dump([]byte(token)) // as client-go writes the body of a Secret
	return map[string]string{
		"as it is":   token,
		"its middle": token[6:18],
		"URL":        url.QueryEscape(token),
		"path":       url.PathEscape(token),
		"HTML":       html.EscapeString(token),
		"base64":     base64.StdEncoding.EncodeToString([]byte(token))[:16],
		"hex":        hex.EncodeToString([]byte(token)),
		"hex dump":   dump[10:33],
	}
}

func wantNoToken(t *testing.T, where, text string) {
	t.Helper()
	for name, spelled := range spellings() {
		if at := strings.Index(text, spelled); at >= 0 {
			t.Errorf("the token (%s) stands in %s: …%s…", name, where, text[max(0, at-200):at])
		}
	}
}

// TestTheTokenIsShownNowhere goes through all that a connection can go through,
// with the log at its loudest, and looks everywhere at the end.
func TestTheTokenIsShownNowhere(t *testing.T) {
	t.Parallel()
	fake, endpoint := newFakeAPI(t)
	w := newWorld(t, endpoint)
	w.group("quoted")
	w.await("quoted", v1alpha1.ReasonSynced)
	if !strings.Contains(logs.String(), `"Response Body"`) {
		t.Fatal("the log is not at its loudest: what the API server answers is missing")
	}

	quotes := fmt.Sprintf(`{"message":"bad header Authorization: Bearer %s","errors":{%q:%q}}`, token, token, url.QueryEscape(token))
	refuse := func(method string, status int) {
		fake.answerWith(func(rw http.ResponseWriter, r *http.Request) bool {
			if r.Method != method {
				return false
			}
			http.Error(rw, quotes, status)
			return true
		})
	}
	refuse(http.MethodPut, http.StatusUnprocessableEntity)
	w.edit("quoted", func(g *v1alpha1.Group) { g.Spec.Description = new("changed") })
	w.await("quoted", v1alpha1.ReasonRejected)
	refuse(http.MethodPost, http.StatusInternalServerError)
	w.group("new")
	w.eventually(func() string {
		if g := w.get("new"); len(g.Status.Conditions) == 0 {
			return "the create has not failed yet"
		}
		return ""
	})
	refuse(http.MethodGet, http.StatusUnauthorized)
	w.awaitConnection("api", v1alpha1.ReasonUnauthorized)
	w.rotate("token with white space: " + token)
	w.awaitConnection("api", v1alpha1.ReasonSecretInvalid)

	w.wantNoTokenAnywhere()
}

// rotate replaces the token in the Secret.
func (w *world) rotate(value string) {
	w.Helper()
	secret := &corev1.Secret{}
	if err := api.Get(context.Background(), client.ObjectKey{Namespace: w.namespace, Name: "klink-token"}, secret); err != nil {
		w.Fatal(err)
	}
	secret.StringData = map[string]string{"token": value}
	if err := api.Update(context.Background(), secret); err != nil {
		w.Fatal(err)
	}
}

func (w *world) wantNoTokenAnywhere() {
	w.Helper()
	for _, list := range []client.ObjectList{&v1alpha1.GroupList{}, &v1alpha1.ConnectionList{}, &eventsv1.EventList{}, &corev1.EventList{}} {
		if err := api.List(context.Background(), list, client.InNamespace(w.namespace)); err != nil {
			w.Fatal(err)
		}
		text, err := yaml.Marshal(list)
		if err != nil {
			w.Fatal(err)
		}
		wantNoToken(w.T, fmt.Sprintf("%T", list), string(text))
	}
	families, err := w.registry.Gather()
	if err != nil {
		w.Fatal(err)
	}
	var metrics bytes.Buffer
	for _, family := range families {
		metrics.WriteString(family.String())
	}
	if !strings.Contains(metrics.String(), "klink_api_requests_total") {
		w.Error("there are no metrics of calls")
	}
	wantNoToken(w.T, "the metrics", metrics.String())
	wantNoToken(w.T, "the log", logs.String())
	if strings.Contains(logs.String(), "v1..Secr|") {
		w.Error("the log holds a Secret, as client-go writes what it is answered")
	}
}

// faultyTransport is a transport with a mistake in it, which writes hit.
type faultyTransport struct{ http.RoundTripper }

func (s faultyTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPut {
		var nobody *http.Request
		r = nobody.WithContext(r.Context())
	}
	return s.RoundTripper.RoundTrip(r)
}

// TestAPanicShowsNoToken: the report of a panic has all that the stack shows.
func TestAPanicShowsNoToken(t *testing.T) {
	t.Parallel()
	_, endpoint := newFakeAPI(t)
	w := newWorld(t, endpoint, func(w *world) { w.options.Transport = faultyTransport{klink.NewTransport()} })
	w.group("stumbling")
	w.await("stumbling", v1alpha1.ReasonSynced)
	w.edit("stumbling", func(g *v1alpha1.Group) { g.Spec.Description = new("changed") })
	w.eventually(func() string {
		for line := range strings.Lines(logs.String()) {
			if strings.Contains(line, w.namespace) && strings.Contains(line, "Observed a panic") && strings.Contains(line, "faultyTransport") {
				return ""
			}
		}
		return "no panic was logged"
	})
	w.wantNoTokenAnywhere()
}
