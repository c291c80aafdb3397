// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package security

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/yaml"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/manager"
	"github.com/klink-cloud/klink-operator/internal/simulator"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
)

// A Group that named a neighbour's remote group read its name, conversation, size and dates in
// the own status, and, suspended, had guesses of its members confirmed by status.drift.
func TestANeighboursGroupIsShownToNobodyElse(t *testing.T) { //nolint:paralleltest // see newTenants
	w := newTenants(t)
	w.group(w.house, "victim", func(g *v1alpha1.Group) {
		g.Spec.Description, g.Spec.Contacts = new("The merger."), []v1alpha1.Contact{{Username: "Hector"}}
	})
	id := w.await(w.house, "victim", v1alpha1.ReasonSynced).Status.ID
	guesses := func(g *v1alpha1.Group) {
		g.Spec.Description, g.Spec.Contacts = new("The merger."), []v1alpha1.Contact{{Username: "Eve"}}
	}
	suspended := func(g *v1alpha1.Group) { g.Spec.Suspend = true }
	names := func(g *v1alpha1.Group) { g.Spec.GroupID = id }
	asks := func(g *v1alpha1.Group) {
		if g.Annotations == nil {
			g.Annotations = map[string]string{}
		}
		g.Annotations[v1alpha1.AnnotationReconcileRequestedAt] = "now"
	}
	reasons := map[string]string{}
	spy := func(namespace, name, reason string, adjust ...func(*v1alpha1.Group)) {
		reasons[namespace+"/"+name] = reason
		w.group(namespace, name, append(adjust, guesses, asks)...)
	}
	spy(w.house, "by-annotation", v1alpha1.ReasonIDConflict, w.claiming(id, w.cluster))
	spy(w.house, "by-id", v1alpha1.ReasonIDConflict, names)
	spy(w.house, "of-another-cluster", v1alpha1.ReasonIDConflict, w.claiming(id, "another-cluster"))
	spy(w.house, "suspended", v1alpha1.ReasonSuspended, w.claiming(id, w.cluster), suspended)
	spy(w.house, "suspended-by-id", v1alpha1.ReasonSuspended, names, suspended)
	spy(w.house, "suspended-of-another-cluster", v1alpha1.ReasonSuspended, w.claiming(id, "another-cluster"), suspended)
	spy(w.studio, "by-annotation", v1alpha1.ReasonAdoptionNotAllowed, w.claiming(id, w.cluster))
	spy(w.studio, "suspended", v1alpha1.ReasonSuspended, w.claiming(id, w.cluster), suspended)
	spy(w.street, "by-annotation", v1alpha1.ReasonConnectionNotAllowed, w.claiming(id, w.cluster))
	spy(w.street, "suspended", v1alpha1.ReasonSuspended, w.claiming(id, w.cluster), suspended)
	for spy, reason := range reasons {
		namespace, name, _ := strings.Cut(spy, "/")
		w.await(namespace, name, reason)
	}
	w.nextListings(2)
	for spy := range reasons {
		namespace, name, _ := strings.Cut(spy, "/")
		w.wantShowsNothing(namespace, name)
		w.delete(namespace, name)
	}
	for spy := range reasons {
		namespace, name, _ := strings.Cut(spy, "/")
		if g := w.get(namespace, name); g != nil {
			w.wantShowsNothing(namespace, name)
		}
	}
}

// wantShowsNothing wants a Group's status to say nothing of any remote group.
func (w *tenants) wantShowsNothing(namespace, name string) {
	w.Helper()
	g := w.get(namespace, name)
	if g == nil {
		return
	}
	shown := g.Status
	shown.Conditions, shown.ObservedGeneration, shown.LastHandledReconcileAt = nil, 0, ""
	if diff := cmp.Diff(v1alpha1.GroupStatus{}, shown); diff != "" {
		w.Errorf("%s/%s shows\n%s", namespace, name, diff)
	}
	ready := meta.FindStatusCondition(g.Status.Conditions, v1alpha1.ConditionReady)
	if ready.Status == "True" || strings.Contains(ready.Message, "differ") {
		w.Errorf("%s/%s compares: %s", namespace, name, ready.Message)
	}
}

// Authors of Groups read which Secret of the operator's namespace holds the token, and
// where the API is, down to its address.
func TestMessagesOfGroupsNameNeitherSecretNorHost(t *testing.T) { //nolint:paralleltest // see newTenants
	const host = "groups.internal.invalid"
	for name, broken := range map[string]struct {
		breaks func(*tenants, *manager.Options)
		reason string // of the connection
	}{
		"no such host": {func(w *tenants, _ *manager.Options) { w.shared.Spec.Endpoint = "https://" + host + ":8443/api/v1" }, v1alpha1.ReasonUnavailable},
		"no Secret":    {func(w *tenants, _ *manager.Options) { w.shared.Spec.TokenSecretRef.Name = "of-the-operator" }, v1alpha1.ReasonSecretNotFound},
		"no key":       {func(w *tenants, _ *manager.Options) { w.shared.Spec.TokenSecretRef.Key = "of-the-operator" }, v1alpha1.ReasonSecretInvalid},
		"refused": {func(w *tenants, _ *manager.Options) {
			w.remote.answerWith(func(rw http.ResponseWriter, _ *http.Request) bool {
				http.Error(rw, "no route to "+w.endpoint, http.StatusUnauthorized)
				return true
			})
		}, v1alpha1.ReasonUnauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTenants(t, broken.breaks)
			w.group(w.house, "new")
			w.group(w.house, "leaving", w.claiming("invented", w.cluster))
			w.awaitConnection(broken.reason)
			w.await(w.house, "new", v1alpha1.ReasonConnectionNotReady)
			w.delete(w.house, "leaving")
			w.await(w.house, "leaving", v1alpha1.ReasonDeleting)
			w.wantTellsNothing("new", host)
			w.wantTellsNothing("leaving", host)
		})
	}
}

// A Group's own calls fail while the connection is up.
func TestMessagesOfAGroupsOwnFailuresNameNoHost(t *testing.T) { //nolint:paralleltest // see newTenants
	w := newTenants(t)
	w.group(w.house, "bound")
	w.await(w.house, "bound", v1alpha1.ReasonSynced)
	for status, reason := range map[int]string{
		http.StatusTemporaryRedirect:   "",
		http.StatusInternalServerError: v1alpha1.ReasonUnavailable,
		http.StatusForbidden:           v1alpha1.ReasonRejected,
	} {
		w.remote.answerWith(func(rw http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodPut {
				return false
			}
			rw.Header().Set("Location", "http://elsewhere.internal.invalid/api")
			http.Error(rw, "upstream "+w.endpoint+" says no", status)
			return true
		})
		w.edit(w.house, "bound", func(g *v1alpha1.Group) { g.Spec.Description = new(http.StatusText(status)) })
		if reason == "" { // what stands before the API
			w.eventually(func() string {
				g := w.get(w.house, "bound")
				ready := meta.FindStatusCondition(g.Status.Conditions, v1alpha1.ConditionReady)
				if ready.Status == "True" || ready.ObservedGeneration != g.Generation {
					return "it does not say so"
				}
				return ""
			})
		} else {
			w.await(w.house, "bound", reason)
		}
		w.wantTellsNothing("bound", "elsewhere.internal.invalid")
	}
}

// wantTellsNothing wants the status of a Group of the house to name neither the Secret nor
// where the API is, and to say where that stands.
func (w *tenants) wantTellsNothing(name, host string) {
	w.Helper()
	worlds.Find(w, api, w.shared)
	text, _ := yaml.Marshal(w.get(w.house, name).Status)
	address := strings.TrimSuffix(strings.TrimPrefix(w.endpoint, "http://"), simulator.Prefix)
	for _, secret := range []string{w.operator + "/", "of-the-operator", worlds.TokenSecret, host, address, "lookup", "dial"} {
		if strings.Contains(string(text), secret) {
			w.Errorf("%s tells %q:\n%s", name, secret, text)
		}
	}
}

// What a person wrote was echoed at any length, control characters included.
func TestARequestForALookIsEchoedWithinBounds(t *testing.T) { //nolint:paralleltest // see newTenants
	w := newTenants(t)
	w.group(w.house, "asked")
	w.await(w.house, "asked", v1alpha1.ReasonSynced)
	for _, request := range []string{strings.Repeat("é"+evil, 2_000), evil + "again", strings.Repeat("é"+evil, 2_000) + "again"} {
		since := len(w.remote.requests())
		before := w.get(w.house, "asked").Status.LastHandledReconcileAt
		w.edit(w.house, "asked", func(g *v1alpha1.Group) { g.Annotations[v1alpha1.AnnotationReconcileRequestedAt] = request })
		w.eventually(func() string {
			if w.get(w.house, "asked").Status.LastHandledReconcileAt == before {
				return "it is not handled yet"
			}
			return ""
		})
		echo := w.get(w.house, "asked").Status.LastHandledReconcileAt
		if n := len([]rune(echo)); n > 256 || n == 0 {
			t.Errorf("%d characters are echoed", n)
		}
		wantPrintable(t, "the echo", echo)
		w.edit(w.house, "asked", func(g *v1alpha1.Group) { g.Labels = map[string]string{"look": "again"} })
		w.nextListings(1)
		if reads := w.reads(w.get(w.house, "asked").Status.ID, since); reads != 1 {
			t.Errorf("one request for a look made %d reads", reads)
		}
	}
}

func (w *tenants) reads(id string, since int) (count int) {
	for _, line := range w.remote.requests()[since:] {
		if line == "GET "+simulator.Prefix+"/groups/"+id {
			count++
		}
	}
	return count
}
