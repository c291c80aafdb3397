// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package integration

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/manager"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
)

// connection is what a person does with the Connection named sim and its Secret, and waits
// to see on it. It touches the Kubernetes API alone.
type connection struct {
	*testing.T

	namespace string
}

func (conn connection) named() *v1alpha1.Connection {
	return &v1alpha1.Connection{ObjectMeta: metav1.ObjectMeta{Namespace: conn.namespace, Name: "sim"}}
}

func (conn connection) get() *v1alpha1.Connection {
	conn.Helper()
	c := conn.named()
	if !worlds.Find(conn, api, c) {
		conn.Fatal("the connection is gone")
	}
	return c
}

func (conn connection) edit(change func(*v1alpha1.Connection)) {
	conn.Helper()
	c := conn.named()
	worlds.Edit(conn, api, c, func() { change(c) })
}

func (conn connection) await(status metav1.ConditionStatus, reason string) *v1alpha1.Connection {
	conn.Helper()
	var c *v1alpha1.Connection
	eventually(conn, func() string {
		c = conn.get()
		return lacks(c.Status.Conditions, c.Generation, status, reason)
	})
	wantShape(conn.T, c.Status.Conditions, c.Generation)
	return c
}

func (conn connection) acceptMissing(value string) {
	conn.Helper()
	conn.edit(func(c *v1alpha1.Connection) {
		metav1.SetMetaDataAnnotation(&c.ObjectMeta, v1alpha1.AnnotationAcceptMissing, value)
	})
}

func (conn connection) wantMessage(part string) {
	conn.Helper()
	eventually(conn, func() string {
		c := conn.get()
		if ready := meta.FindStatusCondition(c.Status.Conditions, v1alpha1.ConditionReady); ready != nil && strings.Contains(ready.Message, part) {
			return ""
		}
		return fmt.Sprintf("no message with %q: %+v", part, c.Status.Conditions)
	})
}

func (conn connection) secret(data map[string]string) *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: conn.namespace, Name: worlds.TokenSecret}, StringData: data}
}

func (conn connection) deleteSecret() {
	conn.Helper()
	worlds.Delete(conn, api, conn.secret(nil))
}

// setSecret replaces the Secret.
func (conn connection) setSecret(data map[string]string) {
	conn.Helper()
	conn.deleteSecret()
	create(conn, conn.secret(data))
}

// awaitNotReady waits for the connection's state and checks what it says.
func (conn connection) awaitNotReady(reason string, stalled bool, parts ...string) {
	conn.Helper()
	c := conn.await(metav1.ConditionFalse, reason)
	if is := meta.IsStatusConditionTrue(c.Status.Conditions, v1alpha1.ConditionStalled); is != stalled {
		conn.Errorf("%s: Stalled is %v", reason, is)
	}
	text := meta.FindStatusCondition(c.Status.Conditions, v1alpha1.ConditionReady).Message
	for _, part := range parts {
		if !strings.Contains(text, part) {
			conn.Errorf("%s: the message lacks %q: %s", reason, part, text)
		}
	}
}

func (conn connection) awaitConnected() {
	conn.Helper()
	conn.await(metav1.ConditionTrue, v1alpha1.ReasonConnected)
}

func (conn connection) events() map[string]int {
	conn.Helper()
	return eventsAbout(conn, conn.namespace, "Connection", "sim")
}

// wantEvents waits for so many events about the connection, and no more.
func (conn connection) wantEvents(want map[string]int) {
	conn.Helper()
	for reason, n := range want {
		eventually(conn, func() string {
			if conn.events()[reason] < n {
				return "no event " + reason
			}
			return ""
		})
		if have := conn.events()[reason]; have != n {
			conn.Errorf("%d events %s, want %d", have, reason, n)
		}
	}
}

// awaitHeld waits until the connection has the finalizer of one in use.
func (conn connection) awaitHeld() {
	conn.Helper()
	eventually(conn, func() string {
		if !slices.Contains(conn.get().Finalizers, v1alpha1.FinalizerInUse) {
			return "the connection is not held"
		}
		return ""
	})
}

// awaitAnotherLook waits until the operator has looked at the Connection again, and for
// its Secret.
func (conn connection) awaitAnotherLook() {
	conn.Helper()
	conn.edit(func(c *v1alpha1.Connection) { c.Spec.ResyncInterval.Duration += time.Second })
	eventually(conn, func() string {
		if c := conn.get(); c.Status.ObservedGeneration != c.Generation {
			return "nobody has looked at the Connection since it was edited"
		}
		return ""
	})
}

// awaitListed waits until the account was listed, so that creates need no other listing.
func (conn connection) awaitListed() {
	conn.Helper()
	eventually(conn, func() string {
		if conn.get().Status.LastListTime == nil {
			return "the account is not listed yet"
		}
		return ""
	})
}

// rarelyListed has the account listed once, and then where somebody waits for it.
func rarelyListed(c *v1alpha1.Connection, _ *manager.Options) {
	c.Spec.ResyncInterval.Duration = time.Hour
}

func (conn connection) awaitSecretGone() {
	conn.Helper()
	eventually(conn, worlds.Gone(conn, api, conn.secret(nil)))
}
