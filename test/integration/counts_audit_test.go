// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package integration

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// audit counts what a manager writes to the API server, events, questions about its
// own rights and what was refused aside.
type audit struct {
	mu     sync.Mutex
	writes map[string]int // by kind and name, without /status
}

// audit lets everything that the managers started from now on write be counted.
func (w *world) audit() *audit {
	a := &audit{writes: map[string]int{}}
	w.config = rest.CopyConfig(w.config)
	w.config.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			reply, err := next.RoundTrip(r)
			kept := !strings.Contains(r.URL.Path, "/events") && !strings.HasSuffix(r.URL.Path, "/selfsubjectaccessreviews")
			if r.Method != http.MethodGet && kept && err == nil && reply.StatusCode < 300 {
				a.note(r.URL.Path)
			}
			return reply, err
		})
	})
	return a
}

func (a *audit) note(path string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	path = strings.TrimSuffix(path, "/status")
	parts := strings.Split(path, "/")
	a.writes[strings.Join(parts[max(0, len(parts)-2):], "/")]++
}

// of is how often an object was written: groups/<name> or connections/<name>.
func (a *audit) of(object string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.writes[object]
}

// all are the numbers of writes by object.
func (a *audit) all() map[string]int {
	a.mu.Lock()
	defer a.mu.Unlock()
	writes := map[string]int{}
	for object, n := range a.writes {
		writes[object] = n
	}
	return writes
}

func (a *audit) reset() {
	a.mu.Lock()
	defer a.mu.Unlock()
	clear(a.writes)
}

type roundTripper func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// groups creates n Groups named prefix-0 and on, and returns the names.
func (w *world) groups(prefix string, n int, adjust ...func(*v1alpha1.Group)) []string {
	w.Helper()
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("%s-%d", prefix, i))
		w.group(names[i], adjust...)
	}
	return names
}

// versions are the resource versions of all Groups, by name.
func (w *world) versions() map[string]string {
	w.Helper()
	var list v1alpha1.GroupList
	if err := api.List(context.Background(), &list, client.InNamespace(w.namespace)); err != nil {
		w.Fatal(err)
	}
	versions := map[string]string{}
	for _, g := range list.Items {
		versions[g.Name] = g.ResourceVersion
	}
	return versions
}

// occurrences is how often an event about an object was recorded so far.
func (w *world) occurrences(name, reason string) int {
	w.Helper()
	var list eventsv1.EventList
	if err := api.List(context.Background(), &list, client.InNamespace(w.namespace)); err != nil {
		w.Fatal(err)
	}
	n := 0
	for _, e := range list.Items {
		if e.Regarding.Name != name || e.Reason != reason {
			continue
		}
		n++
		if e.Series != nil {
			n += int(e.Series.Count) - 1
		}
	}
	return n
}

// recoveries is how many creates without a clear answer the present manager has
// recovered with this outcome.
func (w *world) recoveries(outcome string) float64 {
	w.Helper()
	registry, ok := w.options.Registry.(*prometheus.Registry)
	if !ok {
		w.Fatalf("the registry is a %T", w.options.Registry)
	}
	families, err := registry.Gather()
	if err != nil {
		w.Fatal(err)
	}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			if family.GetName() == "klink_create_recoveries_total" && m.GetLabel()[0].GetValue() == outcome {
				return m.GetCounter().GetValue()
			}
		}
	}
	return 0
}

// passes is how many looks at the account began since the last reset: a listing is
// several calls.
func (w *world) passes() int {
	n, mayGrow := 0, false // a look that begins with the usual page may ask for a larger one
	for _, r := range w.sim.Requests() {
		if r.Kind() != "GET list" || strings.Contains(r.Query, "archived") || strings.Contains(r.Query, "starting_after") || strings.Contains(r.Query, "page=") {
			continue
		}
		grown := strings.Contains(r.Query, "limit=200")
		if !grown || !mayGrow {
			n++
		}
		mayGrow = !grown
	}
	return n
}

// nextPasses waits for so many more looks at the account to begin.
func (w *world) nextPasses(n int) {
	w.Helper()
	before := w.passes()
	w.eventually(func() string {
		if have := w.passes(); have < before+n {
			return fmt.Sprintf("waiting for look %d at the account, have %d", before+n, have)
		}
		return ""
	})
}
