// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package integration

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
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

// world is what one test lives in: a namespace, an account and a manager, which it starts
// and configures. What a test does at either end of the manager, its fields do.
type world struct {
	*testing.T

	namespace string
	sim       *simulator.Instance
	options   manager.Options
	config    *rest.Config
	stop      func()

	groups     groups
	connection connection
	remote     remote
	calls      calls
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
	w.groups, w.connection = groups{t, w.namespace}, connection{t, w.namespace}
	w.remote, w.calls = remote{t, w.sim}, calls{t, w.sim}
	w.options = manager.Options{
		MetricsAddress: "0", ProbeAddress: "0", OperatorNamespace: w.namespace, WatchNamespaces: w.namespace,
		AllowedEndpoints: w.sim.URL, Workers: 4,
	}
	connection := worlds.Connection(w.namespace, "sim", w.sim.URL)
	for _, f := range adjust {
		f(connection, &w.options)
	}
	create(w, worlds.Secret(w.namespace, token))
	create(w, connection)
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

func contacts(usernames ...string) []v1alpha1.Contact {
	list := make([]v1alpha1.Contact, 0, len(usernames))
	for _, username := range usernames {
		list = append(list, v1alpha1.Contact{Username: username})
	}
	return list
}

func create(t testing.TB, o client.Object) {
	t.Helper()
	worlds.Create(t, api, o)
}

// eventually waits until what returns "".
func eventually(t testing.TB, what func() string) {
	t.Helper()
	eventuallyWithin(t, patience, what)
}

// eventuallyWithin is for what takes minutes by its nature.
func eventuallyWithin(t testing.TB, patience time.Duration, what func() string) {
	t.Helper()
	worlds.Eventually(t, patience, 50*time.Millisecond, what)
}

// shell runs commands of a page in a folder of their own, and returns what they said.
func shell(t testing.TB, commands string) string {
	t.Helper()
	sh := exec.CommandContext(t.Context(), "sh", "-ec", commands)
	sh.Dir = t.TempDir()
	sh.Env = slices.Concat(cluster.KubectlCommand(t.Context()).Env, []string{"PATH=" + filepath.Dir(cluster.KubectlPath()) + ":" + os.Getenv("PATH")})
	said, err := sh.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", commands, err, said)
	}
	return string(said)
}

// eventsAbout counts the events about an object by reason, repetitions included.
func eventsAbout(t testing.TB, namespace, kind, name string) map[string]int {
	t.Helper()
	var list eventsv1.EventList
	if err := api.List(t.Context(), &list, client.InNamespace(namespace)); err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for i := range list.Items {
		e := &list.Items[i]
		if e.Regarding.Kind != kind || e.Regarding.Name != name {
			continue
		}
		counts[e.Reason]++
		if e.Series != nil {
			counts[e.Reason] += int(e.Series.Count) - 1
		}
	}
	return counts
}
