// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package integration

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/manager"
	"github.com/klink-cloud/klink-operator/internal/simulator"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
	"github.com/klink-cloud/klink-operator/test/harness/worlds/inprocess"
)

// token is the secret that must show up nowhere but in the Secret.
const token = "tok-5f0e1c-do-not-print"

// patience is how long a test waits for what has to happen; it is no measure of
// how long that should take.
const patience = 4 * time.Minute

// world is what one test lives in.
type world struct {
	*testing.T

	namespace string
	sim       *simulator.Instance
	options   manager.Options
	config    *rest.Config
	stop      func()
}

// newWorld makes a namespace with a Connection named sim to a simulator, and
// starts a manager for it.
func newWorld(t *testing.T, settings simulator.Settings, adjust ...func(*v1alpha1.Connection, *manager.Options)) *world {
	t.Helper()
	w := prepareWorld(t, settings, adjust...)
	w.start()
	return w
}

// prepareWorld does the same without the manager.
func prepareWorld(t *testing.T, settings simulator.Settings, adjust ...func(*v1alpha1.Connection, *manager.Options)) *world {
	t.Helper()
	w := &world{T: t, sim: simulator.Start(t, simulator.Options{Token: token, Settings: settings}), config: cluster.Config}
	w.namespace = worlds.CreateNamespace(t, api, "test-")
	w.options = manager.Options{
		MetricsAddress: "0", ProbeAddress: "0", OperatorNamespace: w.namespace, WatchNamespaces: w.namespace,
		AllowedEndpoints: w.sim.URL, Workers: 4,
	}
	connection := worlds.Connection(w.namespace, "sim", w.sim.URL)
	for _, f := range adjust {
		f(connection, &w.options)
	}
	w.create(worlds.Secret(w.namespace, token))
	w.create(connection)
	logs.Explain(t, w.namespace)
	t.Cleanup(w.check)
	return w
}

// start starts a manager; it stops with the test.
func (w *world) start() {
	w.Helper()
	w.options.Registry = prometheus.NewRegistry()
	w.stop = inprocess.Start(w, w.config, w.options)
}

// check looks for the token where it must not be.
func (w *world) check() {
	ctx := context.Background()
	var groups v1alpha1.GroupList
	var connections v1alpha1.ConnectionList
	var events eventsv1.EventList
	for _, list := range []client.ObjectList{&groups, &connections, &events} {
		if err := api.List(ctx, list, client.InNamespace(w.namespace)); err != nil {
			w.Error(err)
		}
		if text, _ := yaml.Marshal(list); bytes.Contains(text, []byte(token)) {
			w.Errorf("the token stands in %T", list)
		}
	}
	if strings.Contains(logs.String(), token) {
		w.Error("the token stands in the log")
	}
}

func (w *world) create(o client.Object) {
	w.Helper()
	worlds.Create(w, api, o)
}

// group creates a Group on the world's connection.
func (w *world) group(name string, adjust ...func(*v1alpha1.Group)) *v1alpha1.Group {
	w.Helper()
	g := w.newGroup(name, adjust...)
	w.create(g)
	return g
}

func (w *world) newGroup(name string, adjust ...func(*v1alpha1.Group)) *v1alpha1.Group {
	return worlds.Group(w.namespace, name, "sim", adjust...)
}

func (w *world) named(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: w.namespace, Name: name}
}

// get reads a Group; nil if it is gone.
func (w *world) get(name string) *v1alpha1.Group {
	w.Helper()
	g := &v1alpha1.Group{ObjectMeta: w.named(name)}
	if !worlds.Find(w, api, g) {
		return nil
	}
	return g
}

// edit changes a Group as a person would.
func (w *world) edit(name string, change func(*v1alpha1.Group)) {
	w.Helper()
	g := &v1alpha1.Group{ObjectMeta: w.named(name)}
	worlds.Edit(w, api, g, func() { change(g) })
}

func (w *world) editConnection(change func(*v1alpha1.Connection)) {
	w.Helper()
	c := &v1alpha1.Connection{ObjectMeta: w.named("sim")}
	worlds.Edit(w, api, c, func() { change(c) })
}

func (w *world) connection() *v1alpha1.Connection {
	w.Helper()
	c := &v1alpha1.Connection{ObjectMeta: w.named("sim")}
	if !worlds.Find(w, api, c) {
		w.Fatal("the connection is gone")
	}
	return c
}

// delete deletes a Group and returns at once.
func (w *world) delete(name string) {
	w.Helper()
	worlds.Delete(w, api, &v1alpha1.Group{ObjectMeta: w.named(name)})
}

// eventually waits until what returns "".
func (w *world) eventually(what func() string) {
	w.Helper()
	w.eventuallyWithin(patience, what)
}

// eventuallyWithin is for what takes minutes by its nature.
func (w *world) eventuallyWithin(patience time.Duration, what func() string) {
	w.Helper()
	worlds.Eventually(w, patience, 50*time.Millisecond, what)
}

// await waits for a Group's Ready condition at its present generation.
func (w *world) await(name string, status metav1.ConditionStatus, reason string) *v1alpha1.Group {
	w.Helper()
	var g *v1alpha1.Group
	w.eventually(func() string {
		if g = w.get(name); g == nil {
			return "the Group is gone"
		}
		return lacks(g.Status.Conditions, g.Generation, status, reason)
	})
	wantShape(w.T, g.Status.Conditions, g.Generation)
	return g
}

func (w *world) awaitConnection(status metav1.ConditionStatus, reason string) *v1alpha1.Connection {
	w.Helper()
	var c *v1alpha1.Connection
	w.eventually(func() string {
		c = w.connection()
		return lacks(c.Status.Conditions, c.Generation, status, reason)
	})
	wantShape(w.T, c.Status.Conditions, c.Generation)
	return c
}

// lacks is worlds.Lacks for a status too.
func lacks(conditions []metav1.Condition, generation int64, status metav1.ConditionStatus, reason string) string {
	if problem := worlds.Lacks(conditions, generation, reason); problem != "" {
		return problem
	}
	if ready := meta.FindStatusCondition(conditions, v1alpha1.ConditionReady); ready.Status != status {
		return fmt.Sprintf("want Ready=%s/%s, have %+v", status, reason, ready)
	}
	return ""
}

// wantShape checks what holds for all conditions: never Stalled and Reconciling
// at once, present only while True, and of one generation.
func wantShape(t *testing.T, conditions []metav1.Condition, generation int64) {
	t.Helper()
	stalled := meta.FindStatusCondition(conditions, v1alpha1.ConditionStalled)
	reconciling := meta.FindStatusCondition(conditions, v1alpha1.ConditionReconciling)
	if stalled != nil && reconciling != nil {
		t.Errorf("Stalled and Reconciling at once: %+v", conditions)
	}
	for _, c := range conditions {
		if c.ObservedGeneration != generation {
			t.Errorf("condition %s is of generation %d, not %d", c.Type, c.ObservedGeneration, generation)
		}
		if c.Type != v1alpha1.ConditionReady && c.Status != metav1.ConditionTrue {
			t.Errorf("condition %s stands there without holding", c.Type)
		}
	}
}

func (w *world) awaitGone(name string) {
	w.Helper()
	w.eventually(worlds.Gone(w, api, &v1alpha1.Group{ObjectMeta: w.named(name)}))
}

// awaitEvent waits for an event about a Group.
func (w *world) awaitEvent(name, reason string) string {
	w.Helper()
	var note string
	w.eventually(func() string {
		var events eventsv1.EventList
		if err := api.List(context.Background(), &events, client.InNamespace(w.namespace)); err != nil {
			return err.Error()
		}
		var reasons []string
		for _, e := range events.Items {
			if e.Regarding.Name == name {
				reasons = append(reasons, e.Reason)
				note = e.Note
				if e.Reason == reason {
					return ""
				}
			}
		}
		return fmt.Sprintf("want event %s, have %v", reason, reasons)
	})
	return note
}

// message is the message of a condition.
func message(g *v1alpha1.Group) string {
	return meta.FindStatusCondition(g.Status.Conditions, v1alpha1.ConditionReady).Message
}

func (w *world) wantMessage(g *v1alpha1.Group, parts ...string) {
	w.Helper()
	for _, part := range parts {
		if !strings.Contains(message(g), part) {
			w.Errorf("the Ready message lacks %q: %s", part, message(g))
		}
	}
}

func isStalled(g *v1alpha1.Group) bool {
	return meta.IsStatusConditionTrue(g.Status.Conditions, v1alpha1.ConditionStalled)
}

// remote is the remote group of this id, which must exist.
func (w *world) remote(id string) simulator.Group {
	w.Helper()
	g, ok := w.sim.Group(id)
	if !ok {
		w.Fatalf("there is no remote group %q among %d", id, len(w.sim.Groups()))
	}
	return g
}

// wantCalls compares the calls since the last reset; listings do not count.
func (w *world) wantCalls(want map[string]int) {
	w.Helper()
	have := w.sim.Counts()
	delete(have, "GET list")
	for _, kind := range []string{"POST", "PUT", "GET one", "DELETE"} {
		if have[kind] != want[kind] {
			w.Errorf("want %d × %s, have %d; the calls: %v", want[kind], kind, have[kind], w.writes())
		}
	}
}

// writes are the calls other than listings, for messages.
func (w *world) writes() []string {
	var calls []string
	for _, r := range w.sim.Requests() {
		if r.Method != http.MethodGet || r.ID != "" {
			calls = append(calls, fmt.Sprintf("%s %s %s -> %d", r.Method, r.Path, r.Body, r.Status))
		}
	}
	return calls
}

// nextListings waits for so many more listings.
func (w *world) nextListings(n int) {
	w.Helper()
	before := w.sim.Counts()["GET list"]
	w.eventually(func() string {
		if have := w.sim.Counts()["GET list"]; have < before+n {
			return fmt.Sprintf("waiting for listing %d, have %d", before+n, have)
		}
		return ""
	})
}

func usernames(g simulator.Group) []string {
	var names []string
	for _, c := range g.Contacts {
		names = append(names, c.Username)
	}
	slices.Sort(names)
	return names
}

func contacts(usernames ...string) []v1alpha1.Contact {
	list := make([]v1alpha1.Contact, 0, len(usernames))
	for _, username := range usernames {
		list = append(list, v1alpha1.Contact{Username: username})
	}
	return list
}
