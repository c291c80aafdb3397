// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package security

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/manager"
	"github.com/klink-cloud/klink-operator/internal/simulator"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
)

// ownAccount gives street a Connection to the same endpoint, over which it uses an account
// of its own.
func (w *tenants) ownAccount() (through func(*v1alpha1.Group)) {
	w.Helper()
	const token = "the-token-of-the-street"
	w.remote.server.AddToken(token, "street")
	worlds.Create(w, api, worlds.Secret(w.street, token))
	own := worlds.Connection(w.street, "own", w.endpoint)
	worlds.Create(w, api, own)
	w.eventually(func() string {
		worlds.Find(w, api, own)
		return worlds.Lacks(own.Status.Conditions, own.Generation, v1alpha1.ReasonConnected)
	})
	return func(g *v1alpha1.Group) {
		g.Spec.ConnectionRef = v1alpha1.ConnectionReference{Kind: v1alpha1.KindConnection, Name: "own"}
	}
}

func suspendedGroup(g *v1alpha1.Group) { g.Spec.Suspend = true }

// Those who had any account at the same endpoint could name the ids of another, suspended so
// that nobody looked whether they are there, and gave the rightful adopter IDConflict.
func TestAnIDIsNotKeptOverAnotherAccount(t *testing.T) { //nolint:paralleltest // see newTenants
	w := newTenants(t, func(w *tenants, o *manager.Options) { o.AllowedEndpoints = w.endpoint })
	through := w.ownAccount()
	id := w.seed("The board")
	names := func(g *v1alpha1.Group) { g.Spec.GroupID, g.Spec.Name = id, "The board" }
	w.group(w.street, "squats", names, through, suspendedGroup)
	w.group(w.street, "squats-annotated", w.claiming(id, w.cluster), through, suspendedGroup)
	w.await(w.street, "squats", v1alpha1.ReasonSuspended)
	w.await(w.street, "squats-annotated", v1alpha1.ReasonSuspended)
	time.Sleep(time.Second) // creationTimestamps have seconds: the adopter is the younger
	w.group(w.house, "adopter", names)
	if g := w.await(w.house, "adopter", v1alpha1.ReasonSynced); g.Status.ID != id {
		t.Errorf("it is bound to %q", g.Status.ID)
	}
}

// A note of a create in another account kept a name from the one that has it.
func TestANameIsNotKeptOverAnotherAccount(t *testing.T) { //nolint:paralleltest // see newTenants
	w := newTenants(t, func(w *tenants, o *manager.Options) { o.AllowedEndpoints = w.endpoint })
	through := w.ownAccount()
	id := w.remote.server.Seed(simulator.Group{Name: "The hall", CreatedAt: time.Now()})
	note := fmt.Sprintf(`{"time":%q,"name":"The hall","fields":["name"],"digest":"x"}`, time.Now().Add(-time.Hour).UTC().Format(time.RFC3339Nano))
	w.group(w.street, "notes", through, suspendedGroup, func(g *v1alpha1.Group) {
		g.Spec.Name, g.Annotations = "The hall", map[string]string{v1alpha1.AnnotationCreateAttempt: note}
	})
	w.await(w.street, "notes", v1alpha1.ReasonSuspended)
	w.group(w.house, "adopter", func(g *v1alpha1.Group) { g.Spec.Name, g.Spec.AdoptionPolicy = "The hall", v1alpha1.AdoptByName })
	w.eventually(func() string {
		g := w.get(w.house, "adopter")
		if ready := meta.FindStatusCondition(g.Status.Conditions, v1alpha1.ConditionReady); ready != nil && strings.HasPrefix(ready.Message, "waiting for Group ") {
			t.Fatalf("it waits for what is made in another account: %s", ready.Message)
		}
		return worlds.Lacks(g.Status.Conditions, g.Generation, v1alpha1.ReasonSynced)
	})
	if g := w.get(w.house, "adopter"); g.Status.ID != id {
		t.Errorf("it is bound to %q", g.Status.ID)
	}
}

// New roots that cannot be read kept the calls, and what they create, going to the endpoint
// that the connection has left.
func TestAnEndpointThatWasLeftIsNotCalledAnyMore(t *testing.T) {
	t.Parallel()
	fake, endpoint := newFakeAPI(t)
	_, other := newFakeAPI(t)
	w := newWorld(t, endpoint, func(w *world) { w.options.AllowedEndpoints = endpoint + "," + other })
	w.group("bound")
	w.await("bound", v1alpha1.ReasonSynced)
	c := worlds.Connection(w.namespace, "api", "")
	worlds.Edit(w, api, c, func() {
		c.Spec.Endpoint, c.Spec.CABundle = other, "-----BEGIN CERTIFICATE-----\nbroken"
	})
	w.awaitConnection("api", v1alpha1.ReasonSecretInvalid)
	before := len(fake.requests())
	w.edit("bound", func(g *v1alpha1.Group) { g.Spec.Description = new("elsewhere") })
	w.await("bound", v1alpha1.ReasonConnectionNotReady)
	if after := fake.requests()[before:]; len(after) > 0 {
		t.Errorf("the endpoint that was left was sent %v", after)
	}
}

// What makes a Connection large is left out of the cache, and stays where it is.
func TestALargeConnectionWorksAndKeepsItsFinalizers(t *testing.T) {
	t.Parallel()
	_, endpoint := newFakeAPI(t)
	w := newWorld(t, endpoint)
	c := worlds.Connection(w.namespace, "crowded", endpoint)
	for i := range 200 {
		c.Finalizers = append(c.Finalizers, fmt.Sprintf("a.example/theirs-%050d", i))
	}
	c.Labels, c.Annotations = map[string]string{"team": "lobby"}, map[string]string{"example.com/note": "theirs"}
	c.Spec.CABundle = bundleOf(t, 40<<10)
	worlds.Create(t, api, c)
	defer func() { worlds.Edit(t, api, c, func() { c.Finalizers = nil }) }()
	theirs := c.DeepCopy()
	want := func(held bool) func() string {
		return func() string {
			worlds.Find(t, api, c)
			n := len(theirs.Finalizers)
			if held {
				n++
			}
			if len(c.Finalizers) != n {
				return fmt.Sprintf("it has %d finalizers, want %d", len(c.Finalizers), n)
			}
			return ""
		}
	}
	w.awaitConnection("crowded", v1alpha1.ReasonConnected)
	w.group("guest", func(g *v1alpha1.Group) { g.Spec.ConnectionRef.Name = "crowded" })
	w.await("guest", v1alpha1.ReasonSynced)
	w.eventually(want(true))
	bundle := bundleOf(t, 50<<10)
	worlds.Edit(t, api, c, func() { c.Spec.CABundle = bundle })
	w.awaitConnection("crowded", v1alpha1.ReasonConnected)
	worlds.Edit(t, api, c, func() { c.Spec.CABundle += "\n-----BEGIN CERTIFICATE-----\nbroken" })
	w.awaitConnection("crowded", v1alpha1.ReasonSecretInvalid)
	worlds.Edit(t, api, c, func() { c.Spec.CABundle = bundle })
	w.awaitConnection("crowded", v1alpha1.ReasonConnected)
	worlds.Delete(t, api, w.named("guest"))
	w.eventually(worlds.Gone(t, api, w.named("guest")))
	worlds.Delete(t, api, c)
	w.eventually(want(false))
	if c.Labels["team"] != "lobby" || c.Annotations["example.com/note"] != "theirs" || c.Spec.CABundle != bundle {
		t.Errorf("of what others wrote there are left %v and %v, and %d bytes of roots", c.Labels, c.Annotations, len(c.Spec.CABundle))
	}
}
