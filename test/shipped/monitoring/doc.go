// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Package monitoring checks what people watch the operator by: the metrics and the
// log lines of the real manager, scraped as Prometheus would, and the dashboard and
// the alerts in config, which must use names that such a scrape has.
//
// The alerts are evaluated by Prometheus's own engine, config/prometheus is decoded by
// the types of the Prometheus Operator and the dashboard by Grafana's schema.
//
// What a metric counts in detail is for the tests next to internal/metrics.
package monitoring
