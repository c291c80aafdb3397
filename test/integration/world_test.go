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
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/manager"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// token is the secret that must show up nowhere but in the Secret.
const token = "tok-5f0e1c-do-not-print"

// patience is how long a test waits for what has to happen; it is no measure of
// how long that should take.
const patience = 4 * time.Minute

// journal keeps what the managers log.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) contain(text string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return bytes.Contains(j.text.Bytes(), []byte(text))
}

func (j *journal) about(namespace string) string {
	j.mu.Lock()
	defer j.mu.Unlock()
	var lines []string
	for line := range strings.SplitSeq(j.text.String(), "\n") {
		if strings.Contains(line, namespace) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines[max(0, len(lines)-60):], "\n")
}

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
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}
	w.create(namespace)
	w.namespace = namespace.Name
	w.options = manager.Options{
		MetricsAddress: "0", ProbeAddress: "0", OperatorNamespace: w.namespace, WatchNamespaces: w.namespace,
		AllowedEndpoints: w.sim.URL, Workers: 4,
	}
	connection := &v1alpha1.Connection{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "sim"}}
	connection.Spec = v1alpha1.ConnectionSpec{
		Endpoint: w.sim.URL, TokenSecretRef: v1alpha1.SecretKeyReference{Name: "klink-token"},
		ResyncInterval: metav1.Duration{Duration: 10 * time.Second},
		RateLimit:      v1alpha1.RateLimit{RequestsPerSecond: 100, Burst: 200},
	}
	for _, f := range adjust {
		f(connection, &w.options)
	}
	w.create(&corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "klink-token"}, StringData: map[string]string{"token": token},
	})
	w.create(connection)
	t.Cleanup(w.check)
	return w
}

// start starts a manager; it stops with the test.
func (w *world) start() {
	w.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	w.options.Registry = prometheus.NewRegistry()
	mgr, err := manager.New(ctx, w.config, w.options)
	if err != nil {
		cancel()
		w.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- mgr.Start(ctx) }()
	w.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			w.Errorf("the manager ended with: %v", err)
		}
	})
	w.Cleanup(w.stop)
}

// check looks for the token where it must not be, and prints the manager's log
// if the test has failed.
func (w *world) check() {
	if w.Failed() {
		w.Logf("the manager's log:\n%s", logs.about(w.namespace))
	}
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
	if logs.contain(token) {
		w.Error("the token stands in the log")
	}
}

func (w *world) create(o client.Object) {
	w.Helper()
	if err := api.Create(context.Background(), o); err != nil {
		w.Fatal(err)
	}
}

// group creates a Group on the world's connection.
func (w *world) group(name string, adjust ...func(*v1alpha1.Group)) *v1alpha1.Group {
	w.Helper()
	g := w.newGroup(name, adjust...)
	w.create(g)
	return g
}

func (w *world) newGroup(name string, adjust ...func(*v1alpha1.Group)) *v1alpha1.Group {
	g := &v1alpha1.Group{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: name}}
	g.Spec.ConnectionRef = v1alpha1.ConnectionReference{Kind: v1alpha1.KindConnection, Name: "sim"}
	g.Spec.Name = "The " + name
	for _, f := range adjust {
		f(g)
	}
	return g
}

// get reads a Group; nil if it is gone.
func (w *world) get(name string) *v1alpha1.Group {
	w.Helper()
	var g v1alpha1.Group
	err := api.Get(context.Background(), client.ObjectKey{Namespace: w.namespace, Name: name}, &g)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		w.Fatal(err)
	}
	return &g
}

// edit changes a Group as a person would.
func (w *world) edit(name string, change func(*v1alpha1.Group)) {
	w.Helper()
	g := w.get(name)
	before := g.DeepCopy()
	change(g)
	if err := api.Patch(context.Background(), g, client.MergeFrom(before)); err != nil {
		w.Fatal(err)
	}
}

func (w *world) editConnection(change func(*v1alpha1.Connection)) {
	w.Helper()
	c := w.connection()
	before := c.DeepCopy()
	change(c)
	if err := api.Patch(context.Background(), c, client.MergeFrom(before)); err != nil {
		w.Fatal(err)
	}
}

func (w *world) connection() *v1alpha1.Connection {
	w.Helper()
	var c v1alpha1.Connection
	if err := api.Get(context.Background(), client.ObjectKey{Namespace: w.namespace, Name: "sim"}, &c); err != nil {
		w.Fatal(err)
	}
	return &c
}

// delete deletes a Group and returns at once.
func (w *world) delete(name string) {
	w.Helper()
	if err := api.Delete(context.Background(), w.get(name)); err != nil {
		w.Fatal(err)
	}
}

// eventually waits until what returns "".
func (w *world) eventually(what func() string) {
	w.Helper()
	w.eventuallyWithin(patience, what)
}

// eventuallyWithin is for what takes minutes by its nature.
func (w *world) eventuallyWithin(patience time.Duration, what func() string) {
	w.Helper()
	deadline := time.Now().Add(patience)
	for {
		problem := what()
		if problem == "" {
			return
		}
		if time.Now().After(deadline) {
			w.Fatalf("it did not come to pass: %s", problem)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// await waits for a Group's Ready condition at its present generation.
func (w *world) await(name string, status metav1.ConditionStatus, reason string) *v1alpha1.Group {
	w.Helper()
	var g *v1alpha1.Group
	w.eventually(func() string {
		if g = w.get(name); g == nil {
			return "the Group is gone"
		}
		ready := meta.FindStatusCondition(g.Status.Conditions, v1alpha1.ConditionReady)
		if ready == nil || ready.Status != status || ready.Reason != reason || ready.ObservedGeneration != g.Generation {
			return fmt.Sprintf("want Ready=%s/%s, have %+v", status, reason, ready)
		}
		return ""
	})
	wantShape(w.T, g.Status.Conditions, g.Generation)
	return g
}

func (w *world) awaitConnection(status metav1.ConditionStatus, reason string) *v1alpha1.Connection {
	w.Helper()
	var c *v1alpha1.Connection
	w.eventually(func() string {
		c = w.connection()
		ready := meta.FindStatusCondition(c.Status.Conditions, v1alpha1.ConditionReady)
		if ready == nil || ready.Status != status || ready.Reason != reason || ready.ObservedGeneration != c.Generation {
			return fmt.Sprintf("want the connection Ready=%s/%s, have %+v", status, reason, ready)
		}
		return ""
	})
	wantShape(w.T, c.Status.Conditions, c.Generation)
	return c
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
	w.eventually(func() string {
		if g := w.get(name); g != nil {
			return fmt.Sprintf("the Group is still there: %+v", g.Status.Conditions)
		}
		return ""
	})
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
		w.Fatalf("there is no remote group %q; there are %v", id, w.sim.Groups())
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
