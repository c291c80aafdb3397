// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package integration

import (
	"net/http"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/rest"
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
