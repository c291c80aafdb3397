// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Package metrics names and fills the operator's own metrics, beside those of
// controller-runtime. The dashboard and the alerts use exactly these names.
//
// What does not belong here: decisions, and labels without a bound. The label
// connection is Kind/namespace/name (Kind/name for a ClusterConnection).
package metrics

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/klink-cloud/klink-operator/internal/account"
	"github.com/klink-cloud/klink-operator/internal/klink"
)

const labelConnection = "connection"

// Metrics are the counters that the parts of the operator report to.
type Metrics struct {
	requests   *prometheus.CounterVec
	duration   *prometheus.HistogramVec
	throttled  *prometheus.CounterVec
	drift      *prometheus.CounterVec
	recoveries *prometheus.CounterVec
}

// New registers the counters.
func New(registry prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "klink_api_requests_total", Help: "Calls to the groups API by connection, method and status code; code is \"none\" where no reply came.",
		}, []string{labelConnection, "method", "code"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "klink_api_request_duration_seconds", Help: "Duration of calls to the groups API.",
			Buckets: []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{labelConnection, "method"}),
		throttled: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "klink_api_throttled_seconds_total", Help: "Seconds that the groups API asked to wait (429, Retry-After).",
		}, []string{labelConnection}),
		drift: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "klink_drift_total", Help: "Declared fields that were changed remotely and corrected.",
		}, []string{labelConnection, "field"}),
		recoveries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "klink_create_recoveries_total", Help: "Creates without a clear answer, by what became of them: bound or none.",
		}, []string{"outcome"}),
	}
	for _, c := range []prometheus.Collector{m.requests, m.duration, m.throttled, m.drift, m.recoveries} {
		if err := registry.Register(c); err != nil {
			return nil, fmt.Errorf("registering metrics: %w", err)
		}
	}
	return m, nil
}

// Observe counts one call.
func (m *Metrics) Observe(key account.Key, c klink.Call) {
	code := "none"
	if c.Code != 0 {
		code = strconv.Itoa(c.Code)
	}
	connection := key.String()
	m.requests.WithLabelValues(connection, c.Method, code).Inc()
	m.duration.WithLabelValues(connection, c.Method).Observe(c.Duration.Seconds())
	if e, ok := klink.AsError(c.Err); ok && e.Kind == klink.KindThrottled {
		m.throttled.WithLabelValues(connection).Add(max(time.Until(e.Until), time.Second).Seconds())
	}
}

// Drifted implements controller.Counter.
func (m *Metrics) Drifted(key account.Key, fields []string) {
	for _, field := range fields {
		m.drift.WithLabelValues(key.String(), field).Inc()
	}
}

// Recovered implements controller.Counter.
func (m *Metrics) Recovered(outcome string) { m.recoveries.WithLabelValues(outcome).Inc() }

// State reads what is the case when the metrics are scraped.
type State struct {
	// Accounts are the connections at run time.
	Accounts *account.Registry
	// Ready counts the Groups of a connection by whether they are ready.
	Ready func(ctx context.Context, key account.Key) (ready, notReady int)
}

var (
	groupsDesc = prometheus.NewDesc("klink_groups", "Groups by connection and readiness.", []string{labelConnection, "ready"}, nil)
	remoteDesc = prometheus.NewDesc("klink_remote_groups", "Remote groups in the newest complete listing.", []string{labelConnection}, nil)
	ageDesc    = prometheus.NewDesc("klink_listing_age_seconds", "Age of the newest complete listing.", []string{labelConnection}, nil)
	readyDesc  = prometheus.NewDesc("klink_connection_ready", "1 while the connection is up and trusted, else 0.", []string{labelConnection}, nil)
)

// Describe implements prometheus.Collector.
func (s *State) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{groupsDesc, remoteDesc, ageDesc, readyDesc} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (s *State) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	for _, a := range s.Accounts.All() {
		connection, state := a.Key().String(), a.State()
		up := 0.0
		if state.Up && state.Trusted {
			up = 1
		}
		gauge(readyDesc, up, connection)
		if !state.Listed.IsZero() {
			gauge(remoteDesc, float64(state.RemoteGroups), connection)
			gauge(ageDesc, time.Since(state.Listed).Seconds(), connection)
		}
		ready, notReady := s.Ready(context.Background(), a.Key())
		gauge(groupsDesc, float64(ready), connection, "true")
		gauge(groupsDesc, float64(notReady), connection, "false")
	}
}
