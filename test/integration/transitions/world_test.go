// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package transitions

import (
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
)

// patience is how long a test waits for what has to happen; it is no measure of how
// long that should take.
const patience = 4 * time.Minute

// world is where one row is walked: a namespace, an account, a connection and, one
// after the other, its Groups. Each field is applied as a user does it, with
// server-side apply and all of the spec. It touches the objects of its row, reads the
// account, and seeds it where a row needs groups that are there already.
type world struct {
	*testing.T

	row       *row
	namespace string
	sim       *simulator.Server
	round     int
	edits     int

	// state is where the field is; nil while its object does not exist.
	state *state
	// reason is that of the Group in this state.
	reason string
	// id is the remote group, and want what it must show.
	id   string
	want remote
	// seeds are the remote groups that $own and $other stand for.
	seeds [2]string
}

func newWorld(t *testing.T, sim *simulator.Server, r *row) *world {
	t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "row-", Labels: map[string]string{"team": "concierge"}}}
	worlds.Create(t, api, namespace)
	w := &world{T: t, row: r, sim: sim, namespace: namespace.Name}
	logs.Explain(t, w.namespace)
	where := w.namespace
	if r.kind == "ClusterConnection" {
		where = operatorNamespace
	}
	for _, name := range []string{w.namespace, w.namespace + "-2"} {
		sim.AddToken("token-of-"+name, w.namespace)
		worlds.Create(t, api, secret(where, name, "token-of-"+name))
	}
	worlds.Create(t, api, secret(where, w.namespace+"-revoked", revoked))
	if r.kind == "Group" {
		for _, name := range []string{"main", "second", "default"} {
			mustApply(w, w.object("Connection", name, w.connectionSpec()))
		}
	}
	return w
}

// revoked is a token that the API refuses.
const revoked = "revoked"

// secret holds a token under two keys, and one that is refused under another.
func secret(namespace, name, token string) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		StringData: map[string]string{"token": token, "api": token, "revoked": revoked},
	}
}

// connectionKind is the kind of the connection that the Groups use.
func (w *world) connectionKind() string {
	if w.row.kind == "Group" {
		return "Connection"
	}
	return w.row.kind
}

// connectionName is unique in the cluster for what has no namespace.
func (w *world) connectionName() string {
	if w.row.kind == "ClusterConnection" {
		return w.namespace
	}
	return "main"
}

// connectionSpec is a good one. No step has the time to wait for the next listing.
func (w *world) connectionSpec() map[string]any {
	return w.parse(`{endpoint: "` + endpoint + `", tokenSecretRef: {name: $secret, key: token}, resyncInterval: 10m,
		rateLimit: {requestsPerSecond: 500, burst: 500}, allowDelete: true}`)
}

// groupSpec is a good one too, with a description that no step before had.
func (w *world) groupSpec() map[string]any {
	w.edits++
	return w.parse(fmt.Sprintf("{connectionRef: {kind: %s, name: %s}, name: %s, description: Edit %d.}",
		w.connectionKind(), w.connectionName(), w.groupName(), w.edits))
}

func (w *world) groupName() string { return fmt.Sprintf("%s-%d", w.namespace, w.round) }

// parse reads YAML into a map, with what the placeholders stand for.
func (w *world) parse(text string) map[string]any {
	w.Helper()
	own := w.seeds[0]
	if g := w.group(); g != nil && g.Spec.GroupID == "" && g.Status.ID != "" {
		own = g.Status.ID
	}
	text = strings.NewReplacer("$secret", w.namespace, "$own", own, "$other", w.seeds[1]).Replace(text)
	var parsed map[string]any
	if err := yaml.Unmarshal([]byte(text), &parsed); err != nil {
		w.Fatalf("%s: %v", text, err)
	}
	return parsed
}

// with is a spec with the row's field in a state.
func (w *world) with(spec map[string]any, s *state) map[string]any {
	w.Helper()
	for key, value := range w.parse(w.row.with) {
		spec[key] = value
	}
	at := w.row.path
	if w.row.at != "" {
		at = w.row.at
	}
	path := strings.Split(at, ".")
	if s.value == "" {
		unstructured.RemoveNestedField(spec, path...)
		return spec
	}
	value := w.parse("value: " + quoted(s.value))["value"]
	if err := unstructured.SetNestedField(spec, value, path...); err != nil {
		w.Fatal(err)
	}
	return spec
}

// quoted is for plain text that YAML would take for something else.
func quoted(value string) string {
	if strings.ContainsAny(value, "&:") && !strings.ContainsAny(value[:1], `"[{`) {
		return "'" + value + "'"
	}
	return value
}

func (w *world) object(kind, name string, spec map[string]any) *unstructured.Unstructured {
	o := &unstructured.Unstructured{Object: map[string]any{"spec": spec}}
	o.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind))
	o.SetName(name)
	if kind != "ClusterConnection" {
		o.SetNamespace(w.namespace)
	}
	return o
}

func apply(t testing.TB, o *unstructured.Unstructured) error {
	return api.Apply(t.Context(), client.ApplyConfigurationFromUnstructured(o), client.FieldOwner("user"), client.ForceOwnership)
}

func mustApply(t testing.TB, o *unstructured.Unstructured) {
	t.Helper()
	if err := apply(t, o); err != nil {
		t.Fatal(err)
	}
}

// eventually waits until what returns "".
func eventually(t testing.TB, what func() string) {
	t.Helper()
	worlds.Eventually(t, patience, 20*time.Millisecond, what)
}
