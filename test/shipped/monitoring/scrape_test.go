// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package monitoring

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"sigs.k8s.io/yaml"

	"github.com/klink-cloud/klink-operator/test/harness/checkout"
)

// monitorEndpoint is how config/prometheus/monitor.yaml has Prometheus scrape.
type monitorEndpoint struct {
	Scheme, Path string
	TLSConfig    struct{ InsecureSkipVerify bool }
}

func serviceMonitor(t *testing.T) monitorEndpoint {
	t.Helper()
	var monitor struct {
		Spec struct{ Endpoints []monitorEndpoint }
	}
	if err := yaml.Unmarshal([]byte(checkout.Read(t, "config/prometheus/monitor.yaml")), &monitor); err != nil || len(monitor.Spec.Endpoints) != 1 {
		t.Fatalf("the ServiceMonitor: %+v, %v", monitor, err)
	}
	return monitor.Spec.Endpoints[0]
}

// get asks for the metrics as a ServiceAccount of namespace monitoring; "" is nobody.
func (w *world) get(as string) (status int, body string, err error) {
	w.Helper()
	endpoint := serviceMonitor(w.T)
	request, err := http.NewRequestWithContext(w.Context(), http.MethodGet, endpoint.Scheme+"://"+w.address+endpoint.Path, nil)
	if err != nil {
		return 0, "", err
	}
	if as != "" {
		config, err := w.cp.ConfigFor(w.Context(), "monitoring", as)
		if err != nil {
			return 0, "", err
		}
		request.Header.Set("Authorization", "Bearer "+config.BearerToken)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: endpoint.TLSConfig.InsecureSkipVerify}}
	defer transport.CloseIdleConnections()
	reply, err := (&http.Client{Transport: transport, Timeout: time.Minute}).Do(request)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = reply.Body.Close() }()
	content, err := io.ReadAll(reply.Body)
	return reply.StatusCode, string(content), err
}

// scrape is one as Prometheus makes it.
type scrape struct {
	text     string
	families map[string]*dto.MetricFamily
}

func (w *world) scrape() scrape {
	w.Helper()
	status, text, err := w.get("prometheus")
	if err != nil || status != http.StatusOK {
		w.Fatalf("the scrape: %d %v %s", status, err, text)
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		w.Fatal(err)
	}
	return scrape{text: text, families: families}
}

// awaitServing waits until the metrics are served, by a leader.
func (w *world) awaitServing() {
	w.Helper()
	w.eventually(func() string {
		status, text, err := w.get("prometheus")
		if err != nil || status != http.StatusOK || !strings.Contains(text, "klink_groups{") {
			return fmt.Sprintf("no metrics: %d %v", status, err)
		}
		return ""
	})
}

// has reports whether the scrape has series of a name, as a query would write it.
func (s scrape) has(name string) bool {
	if s.families[name] != nil {
		return s.families[name].GetType() != dto.MetricType_HISTOGRAM
	}
	for _, suffix := range []string{"_bucket", "_sum", "_count"} {
		if family := s.families[strings.TrimSuffix(name, suffix)]; family.GetType() == dto.MetricType_HISTOGRAM && strings.HasSuffix(name, suffix) {
			return true
		}
	}
	return false
}

// value adds up the series whose labels have these values among theirs.
func (s scrape) value(name string, values ...string) float64 {
	sum := 0.0
	for _, m := range s.families[name].GetMetric() {
		labels := labelsOf(m)
		matches := true
		for _, value := range values {
			matches = matches && strings.Contains(labels, `="`+value+`"`)
		}
		if matches {
			sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return sum
}

// series lists what Prometheus would store of a name's prefix.
func (s scrape) series(prefix string) map[string]bool {
	all := map[string]bool{}
	for name, family := range s.families {
		if strings.HasPrefix(name, prefix) {
			for _, m := range family.GetMetric() {
				all[name+labelsOf(m)] = true
			}
		}
	}
	return all
}

func labelsOf(m *dto.Metric) string {
	var text strings.Builder
	for _, label := range m.GetLabel() {
		fmt.Fprintf(&text, " %s=%q", label.GetName(), label.GetValue())
	}
	return text.String()
}

// awaitValue waits until the series that match add up to something that is fine.
func (w *world) awaitValue(fine func(float64) bool, name string, values ...string) {
	w.Helper()
	w.eventually(func() string {
		if got := w.scrape().value(name, values...); !fine(got) {
			return fmt.Sprintf("%s%v is %v", name, values, got)
		}
		return ""
	})
}
