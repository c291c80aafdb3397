// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// link is a connection and its Secret. All lead to the same account, so that the
// claims of one count for the others.
type link struct{ connection, secret name }

// links are the connections of a cluster.
type links []link

var allLinks = links{
	{name{"ClusterConnection", "", "default"}, name{"Secret", "operator", "klink-token"}},
	{name{"Connection", "b", "team"}, name{"Secret", "b", "team-token"}},
}

// of is the connection of a Group.
func (ls links) of(g *v1alpha1.Group) link {
	for _, l := range ls {
		if l.ref() == g.Spec.ConnectionRef {
			return l
		}
	}
	panic("a Group without a connection")
}

// setUp creates the connections and their Secrets.
func (ls links) setUp(c *cluster) {
	for _, l := range ls {
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

// plainGroup is a manifest of a name that no other has.
func (ls links) plainGroup(name string) *v1alpha1.Group {
	g := &v1alpha1.Group{ObjectMeta: metav1.ObjectMeta{Namespace: "a", Name: name}}
	g.Spec.ConnectionRef, g.Spec.Name = ls[0].ref(), "Unique"
	return g
}

func (l link) ref() v1alpha1.ConnectionReference {
	return v1alpha1.ConnectionReference{Kind: v1alpha1.ConnectionKind(l.connection.kind), Name: l.connection.name}
}

func (l link) newSecret() *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: l.secret.namespace, Name: l.secret.name},
		Data:       map[string][]byte{"token": []byte(rightToken)},
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

// ready is what a connection says of itself; nil if it is gone, or says nothing.
func (l link) ready(c *cluster) *metav1.Condition {
	if o := c.get(l.connection); o != nil {
		return meta.FindStatusCondition(*l.conditions(o), v1alpha1.ConditionReady)
	}
	return nil
}

// says is the Ready message of a connection, "" if it is gone.
func (l link) says(c *cluster) string {
	if c.get(l.connection) == nil {
		return ""
	}
	if ready := l.ready(c); ready != nil {
		return ready.Message
	}
	return "nothing"
}
