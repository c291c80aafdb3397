// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package monitoring

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/util/teststorage"

	"github.com/klink-cloud/klink-operator/internal/locked"
)

// scrapeEvery is how often the manager is scraped, and rateOver what a dashboard's
// $__rate_interval is then.
const (
	scrapeEvery = time.Second
	rateOver    = "8s"
)

// history is what a Prometheus would have stored of a manager.
type history struct {
	storage *teststorage.TestStorage
	engine  *promql.Engine
	begun   time.Time
	last    locked.Value[time.Time]
	stop    func()
}

// keepHistory scrapes the manager from now on, until stop is called.
func (w *world) keepHistory() *history {
	w.Helper()
	h := &history{storage: teststorage.New(w), engine: promqltest.NewTestEngine(w, false, 5*time.Minute, 1e7), begun: time.Now()}
	w.Cleanup(func() { _ = h.storage.Close() })
	done := make(chan struct{})
	var scraping sync.WaitGroup
	h.stop = sync.OnceFunc(func() { close(done); scraping.Wait() })
	w.Cleanup(h.stop)
	scraping.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(scrapeEvery):
			}
			if status, text, err := w.get("prometheus"); err == nil && status == http.StatusOK {
				h.store(w.T, text, time.Now())
			}
		}
	})
	return h
}

// store keeps one scrape, with the labels that the ServiceMonitor has Prometheus add.
func (h *history) store(t *testing.T, text string, at time.Time) {
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Error(err)
		return
	}
	app := h.storage.Appender(t.Context())
	for _, family := range families {
		samples, err := expfmt.ExtractSamples(&expfmt.DecodeOptions{Timestamp: model.TimeFromUnixNano(at.UnixNano())}, family)
		if err != nil {
			t.Error(err)
		}
		for _, s := range samples {
			named := map[string]string{"job": "klink-operator-metrics", "namespace": operatorNamespace, "pod": "klink-operator-0", "instance": "10.0.0.8:8443"}
			for name, value := range s.Metric {
				named[string(name)] = string(value)
			}
			if _, err := app.Append(0, labels.FromMap(named), at.UnixMilli(), float64(s.Value)); err != nil {
				t.Error(err)
			}
		}
	}
	if err := app.Commit(); err != nil {
		t.Error(err)
	}
	h.last.Do(func(last *time.Time) { *last = at })
}

// await waits for two more scrapes: the first may have begun before.
func (h *history) await(w *world) {
	w.Helper()
	asked := time.Now()
	w.eventually(func() string {
		if h.newest().Sub(asked) < 2*scrapeEvery {
			return "no newer scrape"
		}
		return ""
	})
}

func (h *history) newest() (at time.Time) {
	h.last.Do(func(last *time.Time) { at = *last })
	return at
}

// ask asks as Grafana does, for all that was scraped.
func (h *history) ask(t *testing.T, query string) promql.Matrix {
	t.Helper()
	query = strings.NewReplacer("$__rate_interval", rateOver, "$job", ".*", "$connection", ".*").Replace(query)
	q, err := h.engine.NewRangeQuery(t.Context(), h.storage, nil, query, h.begun, h.newest(), scrapeEvery)
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	matrix, err := q.Exec(t.Context()).Matrix()
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	kept := make(promql.Matrix, len(matrix))
	for i, series := range matrix { // what q returns is gone with it
		kept[i] = promql.Series{Metric: series.Metric, Floats: append([]promql.FPoint(nil), series.Floats...)}
	}
	return kept
}
