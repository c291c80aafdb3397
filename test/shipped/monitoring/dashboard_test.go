// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package monitoring

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/klink-cloud/klink-operator/test/harness/checkout"
)

// own are the operator's metrics: what the design promises, and the code has.
var own = []string{
	"klink_api_requests_total", "klink_api_request_duration_seconds", "klink_api_throttled_seconds_total",
	"klink_api_rate", "klink_groups", "klink_groups_by_reason", "klink_remote_groups", "klink_drift_total", "klink_create_recoveries_total",
	"klink_listing_age_seconds", "klink_connection_ready",
}

// loadDashboard decodes the dashboard; what Grafana's schema does not know is an error.
func loadDashboard(t *testing.T) dashboard.Dashboard {
	t.Helper()
	plugins.RegisterDefaultPlugins()
	var d dashboard.Dashboard
	if err := d.UnmarshalJSONStrict([]byte(checkout.Read(t, "config/grafana/klink-operator.json"))); err != nil {
		t.Fatal(err)
	}
	if err := d.Validate(); err != nil {
		t.Fatal(err)
	}
	return d
}

// panels are those that show something: rows only part them.
func panels(t *testing.T, d dashboard.Dashboard) []dashboard.Panel {
	t.Helper()
	var all []dashboard.Panel
	for _, p := range d.Panels {
		switch {
		case p.Panel != nil:
			all = append(all, *p.Panel)
		case p.RowPanel != nil:
			all = append(all, p.RowPanel.Panels...)
		}
	}
	if len(all) == 0 {
		t.Fatal("the dashboard has no panels")
	}
	return all
}

// variables stand in for Grafana's where an expression is parsed.
var variables = strings.NewReplacer("$__rate_interval", "5m", "$job", "klink-operator-metrics", "$connection", "ClusterConnection/default")

// expression parses what Prometheus will be asked.
func expression(t *testing.T, text string) parser.Expr {
	t.Helper()
	text = variables.Replace(text)
	if strings.Contains(text, "$") {
		t.Errorf("an unknown variable: %s", text)
	}
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return expr
}

// selectors are the series that an expression asks for.
func selectors(expr parser.Expr) []*parser.VectorSelector {
	var all []*parser.VectorSelector
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		if s, ok := node.(*parser.VectorSelector); ok {
			all = append(all, s)
		}
		return nil
	})
	return all
}

// queries are the parsed queries of the panels.
func queries(t *testing.T) []parser.Expr {
	t.Helper()
	var all []parser.Expr
	for _, p := range panels(t, loadDashboard(t)) {
		if len(p.Targets) == 0 {
			t.Errorf("%s: asks for nothing", *p.Title)
		}
		for _, target := range p.Targets {
			query, ok := target.(*prometheus.Dataquery)
			if !ok {
				t.Fatalf("%s: %T is no query of Prometheus", *p.Title, target)
			}
			all = append(all, expression(t, query.Expr))
		}
	}
	return all
}

// TestTheDashboardShowsEveryMetric of the operator.
func TestTheDashboardShowsEveryMetric(t *testing.T) {
	var shown []string
	for _, expr := range queries(t) {
		for _, s := range selectors(expr) {
			shown = append(shown, strings.TrimSuffix(s.Name, "_bucket"))
		}
	}
	for _, name := range own {
		if !slices.Contains(shown, name) {
			t.Errorf("no panel shows %s", name)
		}
	}
}

// TestTheDashboardCanBeRead looks at what the schema leaves open.
func TestTheDashboardCanBeRead(t *testing.T) {
	d := loadDashboard(t)
	var names []string
	for _, v := range d.Templating.List {
		names = append(names, v.Name)
	}
	if !slices.Equal(names, []string{"datasource", "job", "connection"}) {
		t.Errorf("variables: %v", names)
	}
	taken, ids := map[[2]uint32]string{}, map[uint32]bool{}
	for _, p := range panels(t, d) {
		if p.Datasource == nil || p.Datasource.Uid == nil || *p.Datasource.Uid != "${datasource}" {
			t.Errorf("%s: another data source than the variable's", *p.Title)
		}
		if p.Description == nil || len(*p.Description) < 10 {
			t.Errorf("%s: no description", *p.Title)
		}
		if p.Id == nil || ids[*p.Id] {
			t.Errorf("%s: its id is another panel's", *p.Title)
		} else {
			ids[*p.Id] = true
		}
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := taken[[2]uint32{x, y}]; other != "" || x >= 24 {
					t.Fatalf("%s: lies on %s, or beyond the right edge", *p.Title, other)
				}
				taken[[2]uint32{x, y}] = *p.Title
			}
		}
	}
}

// TestTheVariablesAskForWhatExists parses the queries of the variables.
func TestTheVariablesAskForWhatExists(t *testing.T) {
	for name, expr := range variableQueries(t) {
		if len(selectors(expr)) != 1 {
			t.Errorf("%s: %s", name, expr)
		}
	}
}

// variableQueries are the series in label_values(series, label), by variable.
func variableQueries(t *testing.T) map[string]parser.Expr {
	t.Helper()
	all := map[string]parser.Expr{}
	for _, v := range loadDashboard(t).Templating.List {
		if v.Type != dashboard.VariableTypeQuery {
			continue
		}
		var query struct{ Query string }
		text, err := json.Marshal(v.Query)
		if err == nil {
			err = json.Unmarshal(text, &query)
		}
		inner, isValues := strings.CutPrefix(query.Query, "label_values(")
		end := strings.LastIndex(inner, ", ")
		if err != nil || !isValues || end < 0 || inner[end+2:] != v.Name+")" {
			t.Fatalf("%s: %s: %v", v.Name, text, err)
		}
		all[v.Name] = expression(t, inner[:end])
	}
	if len(all) == 0 {
		t.Fatal("no variable asks for anything")
	}
	return all
}
