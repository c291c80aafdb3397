// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package security

import (
	"context"
	"flag"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/manager"
	"github.com/klink-cloud/klink-operator/internal/simulator"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
	"github.com/klink-cloud/klink-operator/test/harness/worlds/inprocess"
)

// token is what everybody is after.
const token = "tok/5f0e1c+do-not&print="

// patience is how long a test waits for what has to happen.
const patience = 4 * time.Minute

// logLoudest makes the log that of a manager with --zap-log-level=10, which is more
// than debug: from 8 on, client-go writes what it is answered.
func logLoudest() {
	options := zap.Options{DestWriter: logs}
	flags := flag.NewFlagSet("manager", flag.PanicOnError)
	options.BindFlags(flags)
	if err := flags.Parse([]string{"--zap-log-level=10"}); err != nil {
		panic(err)
	}
	ctrl.SetLogger(zap.New(zap.UseFlagOptions(&options)))
}

// world is a namespace with a Connection named api, and a manager for it.
type world struct {
	*testing.T

	namespace string
	connected string // the endpoint
	options   manager.Options
	registry  *prometheus.Registry
}

// newWorld starts a manager of one namespace whose API is at the endpoint.
func newWorld(t *testing.T, endpoint string, adjust ...func(*world)) *world {
	t.Helper()
	w := &world{T: t, connected: endpoint, registry: prometheus.NewRegistry()}
	w.namespace = worlds.CreateNamespace(t, api, "test-")
	w.options = manager.Options{
		MetricsAddress: "0", ProbeAddress: "0", OperatorNamespace: w.namespace, WatchNamespaces: w.namespace,
		AllowedEndpoints: endpoint, Workers: 4, Registry: w.registry,
	}
	for _, f := range adjust {
		f(w)
	}
	w.secret(w.namespace, "klink-token")
	w.connection("api", endpoint, "klink-token")
	inprocess.Start(t, cluster.Config, w.options)
	return w
}

func (w *world) secret(namespace, name string) {
	w.Helper()
	s := worlds.Secret(namespace, token)
	s.Name = name
	worlds.Create(w, api, s)
}

func (w *world) connection(name, endpoint, secret string) {
	w.Helper()
	c := worlds.Connection(w.namespace, name, endpoint)
	c.Spec.TokenSecretRef.Name, c.Spec.AllowDelete = secret, true
	worlds.Create(w, api, c)
}

// newGroup is a Group on the connection api.
func (w *world) newGroup(name string, adjust ...func(*v1alpha1.Group)) *v1alpha1.Group {
	return worlds.Group(w.namespace, name, "api", adjust...)
}

func (w *world) group(name string, adjust ...func(*v1alpha1.Group)) {
	w.Helper()
	worlds.Create(w, api, w.newGroup(name, adjust...))
}

func (w *world) named(name string) *v1alpha1.Group {
	return &v1alpha1.Group{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: name}}
}

// get reads a Group; nil if it is gone.
func (w *world) get(name string) *v1alpha1.Group {
	w.Helper()
	g := w.named(name)
	if !worlds.Find(w, api, g) {
		return nil
	}
	return g
}

func (w *world) edit(name string, change func(*v1alpha1.Group)) {
	w.Helper()
	g := w.named(name)
	worlds.Edit(w, api, g, func() { change(g) })
}

// eventually waits until what returns "".
func (w *world) eventually(what func() string) {
	w.Helper()
	worlds.Eventually(w, patience, 50*time.Millisecond, what)
}

// await waits for the reason of a Group's Ready condition.
func (w *world) await(name, reason string) *v1alpha1.Group {
	w.Helper()
	var g *v1alpha1.Group
	w.eventually(func() string {
		if g = w.get(name); g == nil {
			return "the Group is gone"
		}
		return worlds.Lacks(g.Status.Conditions, g.Generation, reason)
	})
	return g
}

// awaitConnection waits for the reason of a Connection's Ready condition.
func (w *world) awaitConnection(name, reason string) *v1alpha1.Connection {
	w.Helper()
	var c v1alpha1.Connection
	w.eventually(func() string {
		if err := api.Get(context.Background(), client.ObjectKey{Namespace: w.namespace, Name: name}, &c); err != nil {
			return err.Error()
		}
		return worlds.Lacks(c.Status.Conditions, c.Generation, reason)
	})
	return &c
}

// message is that of the Ready condition.
func message(conditions []metav1.Condition) string {
	return meta.FindStatusCondition(conditions, v1alpha1.ConditionReady).Message
}

// fakeAPI serves the simulator's API, or answers what a test wants.
type fakeAPI struct {
	server *simulator.Server

	mu     sync.Mutex
	answer func(w http.ResponseWriter, r *http.Request) (answered bool)
	seen   []string // request lines
}

// newFakeAPI returns the endpoint of an API that can be made to answer anything.
func newFakeAPI(t *testing.T) (*fakeAPI, string) {
	t.Helper()
	f := &fakeAPI{server: simulator.New(simulator.Options{Token: token})}
	t.Cleanup(f.server.Close)
	return f, serve(t, f) + simulator.Prefix
}

// answerWith sets what is answered instead of the truth; nil is the truth again.
func (f *fakeAPI) answerWith(answer func(http.ResponseWriter, *http.Request) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer = answer
}

func (f *fakeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.seen = append(f.seen, r.Method+" "+r.RequestURI)
	answer := f.answer
	f.mu.Unlock()
	if answer == nil || !answer(w, r) {
		f.server.ServeHTTP(w, r)
	}
}

// requests are the lines of all requests so far.
func (f *fakeAPI) requests() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string{}, f.seen...)
}

// kubectl prints what a person sees.
func (w *world) kubectl(args ...string) string {
	w.Helper()
	out, err := cluster.Kubectl(context.Background(), append(args, "-n", w.namespace)...)
	if err != nil {
		w.Fatal(err)
	}
	return out
}

// wantPrintable wants a text without control characters but line ends and tabs,
// and so without terminal escapes.
func wantPrintable(t *testing.T, what, text string) {
	t.Helper()
	if i := strings.IndexFunc(text, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 || r == 0x202e }); i >= 0 {
		t.Errorf("%s holds a control character: %q", what, text[max(0, i-40):min(len(text), i+40)])
	}
}
