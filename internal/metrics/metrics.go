// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package metrics

import (
	"net/http"
	"strconv"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/klink-cloud/klink-operator/internal/account"
	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/plan"
)

const labelConnection = "connection"

// outcomes are what becomes of creates without a clear answer.
var outcomes = []string{"bound", "none", "uncertain"}

// Metrics are the counters that the parts of the operator report to.
type Metrics struct {
	requests   *prometheus.CounterVec
	duration   *prometheus.HistogramVec
	drift      *prometheus.CounterVec
	recoveries *prometheus.CounterVec

	mu sync.Mutex
	// seen are the connections that have series.
	seen map[account.Key]struct{}
}

// fields are those that can drift, by their names in spec.
var fields = []string{plan.FieldName, plan.FieldDescription, plan.FieldAvatarURL, plan.FieldContacts, plan.FieldArchived}

// New returns counters that Register shows.
func New() *Metrics {
	m := &Metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "klink_api_requests_total",
			Help: `Calls to the groups API by connection, method and status code; code is "none" where no reply came, "other" where it is no known one.`,
		}, []string{labelConnection, "method", "code"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "klink_api_request_duration_seconds", Help: "Duration of calls to the groups API by connection and method, from the request to the last byte of the reply.",
			Buckets: []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{labelConnection, "method"}),
		drift: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "klink_drift_total", Help: "Declared fields that were changed remotely and corrected, by connection and field.",
		}, []string{labelConnection, "field"}),
		recoveries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "klink_create_recoveries_total",
			Help: "Creates without a clear answer, by what became of them: bound to the group that was made, none was made, or uncertain.",
		}, []string{"outcome"}),
		seen: map[account.Key]struct{}{},
	}
	for _, outcome := range outcomes { // an increase from nothing is not seen as one
		m.recoveries.WithLabelValues(outcome)
	}
	return m
}

// Observe counts one call.
func (m *Metrics) Observe(key account.Key, c klink.Call) {
	connection := m.see(key)
	m.requests.WithLabelValues(connection, c.Method, codeOf(c.Code)).Inc()
	m.duration.WithLabelValues(connection, c.Method).Observe(c.Duration.Seconds())
}

// codeOf keeps the number of values small, whatever a server answers.
func codeOf(code int) string {
	switch {
	case code == 0:
		return "none"
	case http.StatusText(code) == "":
		return "other"
	default:
		return strconv.Itoa(code)
	}
}

// Drifted implements controller.Counter.
func (m *Metrics) Drifted(key account.Key, fields []string) {
	connection := m.see(key)
	for _, field := range fields {
		m.drift.WithLabelValues(connection, field).Inc()
	}
}

// Recovered implements controller.Counter.
func (m *Metrics) Recovered(outcome string) { m.recoveries.WithLabelValues(outcome).Inc() }

// see notes that a connection has series, and returns its label.
func (m *Metrics) see(key account.Key) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	connection := key.String()
	if _, again := m.seen[key]; !again {
		m.seen[key] = struct{}{}
		for _, field := range fields { // as with recoveries
			m.drift.WithLabelValues(connection, field)
		}
	}
	return connection
}

// prune removes the series of connections that are gone. It is done at each scrape,
// not once when one goes: a call that is under way then counts later.
func (m *Metrics) prune(exists func(account.Key) bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for key := range m.seen {
		if exists(key) {
			continue
		}
		gone := prometheus.Labels{labelConnection: key.String()}
		m.requests.DeletePartialMatch(gone)
		m.duration.DeletePartialMatch(gone)
		m.drift.DeletePartialMatch(gone)
		delete(m.seen, key)
	}
}

func (m *Metrics) collectors() []prometheus.Collector {
	return []prometheus.Collector{m.requests, m.duration, m.drift, m.recoveries}
}
