// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package worlds

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// TokenSecret is the Secret that the connections here name.
const TokenSecret = "klink-token"

// Secret holds a token, where the connections here look for it.
func Secret(namespace, token string) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: TokenSecret}, StringData: map[string]string{"token": token},
	}
}

// ConnectionSpec is that of a connection which is looked at as often as can be, and
// which a test need not wait for.
func ConnectionSpec(endpoint string) v1alpha1.ConnectionSpec {
	return v1alpha1.ConnectionSpec{
		Endpoint: endpoint, TokenSecretRef: v1alpha1.SecretKeyReference{Name: TokenSecret},
		ResyncInterval: metav1.Duration{Duration: 10 * time.Second},
		RateLimit:      v1alpha1.RateLimit{RequestsPerSecond: 100, Burst: 200},
	}
}

// Connection is one with that spec.
func Connection(namespace, name, endpoint string) *v1alpha1.Connection {
	return &v1alpha1.Connection{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Spec: ConnectionSpec(endpoint),
	}
}

// Group is one named "The <name>", on a Connection of its namespace.
func Group(namespace, name, connection string, adjust ...func(*v1alpha1.Group)) *v1alpha1.Group {
	g := &v1alpha1.Group{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	g.Spec.ConnectionRef = v1alpha1.ConnectionReference{Kind: v1alpha1.KindConnection, Name: connection}
	g.Spec.Name = "The " + name
	for _, f := range adjust {
		f(g)
	}
	return g
}

// CreateNamespace creates a namespace whose name begins with the prefix.
func CreateNamespace(t testing.TB, api client.Client, prefix string) (name string) {
	t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: prefix}}
	Create(t, api, namespace)
	return namespace.Name
}

// Create creates an object.
func Create(t testing.TB, api client.Client, o client.Object) {
	t.Helper()
	if err := api.Create(t.Context(), o); err != nil {
		t.Fatal(err)
	}
}

// Delete deletes an object, and returns at once.
func Delete(t testing.TB, api client.Client, o client.Object) {
	t.Helper()
	if err := api.Delete(t.Context(), o); err != nil {
		t.Fatal(err)
	}
}

// Find reads the object of o's namespace and name into it; false if it is gone.
func Find(t testing.TB, api client.Client, o client.Object) bool {
	t.Helper()
	err := api.Get(t.Context(), client.ObjectKeyFromObject(o), o)
	if apierrors.IsNotFound(err) {
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	return true
}

// Edit reads an object, changes it as a person would, and writes what differs.
func Edit(t testing.TB, api client.Client, o client.Object, change func()) {
	t.Helper()
	if !Find(t, api, o) {
		t.Fatalf("%T %s is gone", o, o.GetName())
	}
	before, _ := o.DeepCopyObject().(client.Object)
	change()
	if err := api.Patch(t.Context(), o, client.MergeFrom(before)); err != nil {
		t.Fatal(err)
	}
}
