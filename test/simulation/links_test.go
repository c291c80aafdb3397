// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// link is a connection and its Secret. All lead to the same account, so that the
// claims of one count for the others.
type link struct{ connection, secret name }

var allLinks = []link{
	{name{"ClusterConnection", "", "default"}, name{"Secret", "operator", "klink-token"}},
	{name{"Connection", "b", "team"}, name{"Secret", "b", "team-token"}},
}

func (l link) ref() v1alpha1.ConnectionReference {
	return v1alpha1.ConnectionReference{Kind: v1alpha1.ConnectionKind(l.connection.kind), Name: l.connection.name}
}

func (w *world) linkOf(g *v1alpha1.Group) link {
	for _, l := range w.links {
		if l.ref() == g.Spec.ConnectionRef {
			return l
		}
	}
	panic("a Group without a connection")
}

// pickNamespace picks one that a connection serves.
func (w *world) pickNamespace(l link) string {
	if l.connection.namespace != "" {
		return l.connection.namespace
	}
	return []string{"a", "b"}[w.roll(2)]
}

func (l link) newSecret() *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: l.secret.namespace, Name: l.secret.name},
		Data:       map[string][]byte{"token": []byte(rightToken)},
	}
}

// setUp creates the connections and their Secrets.
func (w *world) setUp(c *cluster) {
	for _, l := range w.links {
		c.create(l.newSecret())
		var connection client.Object = &v1alpha1.ClusterConnection{}
		if l.connection.namespace != "" {
			connection = &v1alpha1.Connection{}
		}
		connection.SetNamespace(l.connection.namespace)
		connection.SetName(l.connection.name)
		*l.spec(connection) = v1alpha1.ConnectionSpec{
			Endpoint: endpoint, TokenSecretRef: v1alpha1.SecretKeyReference{Name: l.secret.name, Key: "token"},
			ResyncInterval: metav1.Duration{Duration: time.Minute}, RateLimit: v1alpha1.RateLimit{RequestsPerSecond: 10, Burst: 20},
		}
		c.create(connection)
	}
}

func (l link) spec(o client.Object) *v1alpha1.ConnectionSpec {
	if c, ok := o.(*v1alpha1.Connection); ok {
		return &c.Spec
	}
	return &o.(*v1alpha1.ClusterConnection).Spec.ConnectionSpec
}

func (l link) conditions(o client.Object) *[]metav1.Condition {
	if c, ok := o.(*v1alpha1.Connection); ok {
		return &c.Status.Conditions
	}
	return &o.(*v1alpha1.ClusterConnection).Status.Conditions
}

// swapToken lets a connection show another tenant's account for a while.
func (w *world) swapToken() {
	l := w.links[w.roll(len(w.links))]
	if w.someRemote(l) == "" {
		return // nothing could tell the accounts apart
	}
	w.count("foreign token")
	w.setToken(l, foreignToken)
	w.pause(time.Duration(30+w.roll(150)) * time.Second)
	w.setToken(l, rightToken)
}

func (w *world) setToken(l link, token string) {
	w.note("the Secret %s holds %s", l.secret.name, token[:8])
	w.ops.edit(l.secret, func(o client.Object) {
		o.(*corev1.Secret).Data = map[string][]byte{"token": []byte(token)}
	})
}

func (w *world) toggleAllowDelete() {
	w.setAllowDelete(w.links[w.roll(len(w.links))], w.roll(2) == 0)
}

func (w *world) setAllowDelete(l link, allow bool) {
	w.mu.Lock()
	w.allowDelete[l.connection] = w.allowDelete[l.connection] || allow
	w.mu.Unlock()
	w.ops.edit(l.connection, func(o client.Object) { l.spec(o).AllowDelete = allow })
}
