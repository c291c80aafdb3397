// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package monitoring

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/rules"
)

const (
	shared = `connection="ClusterConnection/default"`
	nobody = `connection="none"`
)

// of is a series of a replica's target, a sample a minute.
func of(pod, name, more, values string) string {
	return fmt.Sprintf("  %s{job=\"klink-operator-metrics\",namespace=\"klink-operator-system\",pod=%q,instance=%q,%s} %s\n", name, pod, pod+":8443", more, values)
}

// leads is what the leader shows as long as it leads.
func leads(pod, values string) string { return of(pod, "klink_groups", nobody+`,ready="true"`, values) }

// TestAlerts evaluates all rules each minute. What fires is written as
// alert(connection) from the first minute on which it fires to the first on which
// it does not.
func TestAlerts(t *testing.T) {
	ready := of("a", "klink_connection_ready", shared, "1x300")
	failing := of("a", "klink_api_requests_total", shared+`,method="GET",code="500"`, "0+2x300")
	groups := func(state, values string) string {
		return of("a", "klink_groups", shared+`,ready="`+state+`"`, values)
	}
	for name, tc := range map[string]struct {
		series string
		want   []string
	}{
		"all is well": {
			leads("a", "1x300") + ready + groups("true", "9x300") + groups("stalled", "0x300") + groups("false", "0x300") +
				of("a", "klink_api_requests_total", shared+`,method="GET",code="200"`, "0+9x300") +
				of("a", "klink_listing_age_seconds", shared, "30x300") + of("a", "klink_api_throttled_seconds_total", shared, "3x300"),
			nil,
		},

		"nobody leads":               {leads("a", "0x19 _x40 0x240"), []string{"KlinkOperatorAbsent() 34-60"}}, // a sample holds for five minutes
		"nobody leads for a moment":  {leads("a", "0x19 _x8 0x270"), nil},
		"another replica takes over": {leads("a", "0x19 stale") + leads("b", "_x22 0x280"), nil},

		"a connection goes down": {
			leads("a", "0x300") + of("a", "klink_connection_ready", shared, "1x9 0x29 1x60"),
			[]string{"KlinkConnectionDown(ClusterConnection/default) 20-40"},
		},
		"a connection goes down for a moment": {leads("a", "0x300") + of("a", "klink_connection_ready", shared, "1x9 0x8 1x60"), nil},
		"a restart does not interrupt the alert": {
			leads("a", "0x300") + of("a", "klink_connection_ready", shared, "1x9 0x14 stale") + of("b", "klink_connection_ready", shared, "_x25 0x14 1x60"),
			[]string{"KlinkConnectionDown(ClusterConnection/default) 20-40"},
		},

		"listings fail": {
			leads("a", "0x300") + ready + failing + of("a", "klink_listing_age_seconds", shared, "0+60x39 30x60"),
			[]string{"KlinkListingOld(ClusterConnection/default) 21-40"},
		},
		"listings are not due for an hour": {
			leads("a", "0x300") + ready + of("a", "klink_api_requests_total", shared+`,method="GET",code="404"`, "0+2x300") +
				of("a", "klink_listing_age_seconds", shared, "0+60x59 0+60x59 0+60x59 0+60x59"), nil,
		},
		"listings stop without a failure": {
			leads("a", "0x1600") + of("a", "klink_connection_ready", shared, "1x1600") + of("a", "klink_listing_age_seconds", shared, "0+60x1600"),
			[]string{"KlinkListingOld(ClusterConnection/default) 1506-1601"},
		},
		"a connection that is down has an old listing": {
			leads("a", "0x300") + failing + of("a", "klink_connection_ready", shared, "0x300") + of("a", "klink_listing_age_seconds", shared, "0+60x300") + groups("false", "3x300"),
			[]string{"KlinkConnectionDown(ClusterConnection/default) 10-301"},
		},

		"a create is uncertain": {leads("a", "0x300") + ready + groups("uncertain", "0x4 2x34 0x60"), []string{"KlinkCreateUncertain(ClusterConnection/default) 15-40"}},
		"a create is found":     {leads("a", "0x300") + ready + groups("uncertain", "0x4 1x8 0x60"), nil},

		"groups are stalled":              {leads("a", "0x300") + ready + groups("stalled", "0x4 1x9 3x24 0x60"), []string{"KlinkGroupsStalled(ClusterConnection/default) 20-40"}},
		"groups are stalled for a moment": {leads("a", "0x300") + ready + groups("stalled", "0x4 1x13 0x60"), nil},

		"groups wait":              {leads("a", "0x300") + ready + groups("false", "0x9 2x69 0x20"), []string{"KlinkGroupsWaiting(ClusterConnection/default) 70-80"}},
		"groups are being created": {leads("a", "0x300") + ready + groups("false", "0x9 900x58 0x20"), nil},
		"groups have no connection": {
			leads("a", "0x300") + of("a", "klink_groups", nobody+`,ready="false"`, "1x79 0x20"),
			[]string{"KlinkGroupsWaiting(none) 60-80"},
		},

		// A third of the time; the rate looks back a quarter of an hour.
		"the API has calls wait": {
			leads("a", "0x300") + ready + of("a", "klink_api_throttled_seconds_total", shared, "0x9 20+20x39 800x60"),
			[]string{"KlinkThrottled(ClusterConnection/default) 36-53"},
		},
		"one pause of five minutes": {leads("a", "0x300") + ready + of("a", "klink_api_throttled_seconds_total", shared, "0x9 60+60x4 300x60"), nil},

		"reconciles fail": {
			leads("a", "0x300") + ready + of("a", "klink_create_recoveries_total", `outcome="bound"`, "0x200") +
				of("a", "controller_runtime_reconcile_errors_total", `controller="group"`, "0x9 1+1x79 80x100") +
				`  controller_runtime_reconcile_errors_total{job="other",instance="c:8443",controller="group"} 0+9x200` + "\n",
			[]string{"KlinkReconcileErrors() 43-116"},
		},
		"a few conflicts": {
			leads("a", "0x300") + ready + of("a", "klink_create_recoveries_total", `outcome="bound"`, "0x200") +
				of("a", "controller_runtime_reconcile_errors_total", `controller="group"`, "0x9 3x190"),
			nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, fired(t, tc.series)); diff != "" {
				t.Errorf("- wanted, + fired:\n%s", diff)
			}
		})
	}
}

// fired evaluates the rules as Prometheus does, once a minute while there are samples.
func fired(t *testing.T, series string) []string {
	t.Helper()
	storage := promqltest.LoadedStorage(t, "load 1m\n"+series)
	query := rules.EngineQueryFunc(promqltest.NewTestEngine(t, false, 5*time.Minute, 1e6), storage)
	head := storage.Head()
	last := int(time.UnixMilli(head.MaxTime()).Sub(time.Unix(0, 0)).Minutes())
	begun, periods := map[string]int{}, []string(nil)
	alerts := alerting(t)
	for minute := range last + 2 {
		now := map[string]struct{}{}
		at := time.Unix(0, 0).Add(time.Duration(minute) * time.Minute)
		for _, rule := range alerts {
			if minute <= last {
				if _, err := rule.Eval(t.Context(), 0, at, query, nil, 0); err != nil {
					t.Fatal(err)
				}
				for _, alert := range rule.ActiveAlerts() {
					if alert.State == rules.StateFiring {
						checkText(t, alert.Annotations)
						now[fmt.Sprintf("%s(%s)", rule.Name(), alert.Labels.Get("connection"))] = struct{}{}
					}
				}
			}
		}
		for _, name := range slices.Sorted(maps.Keys(begun)) {
			if _, still := now[name]; !still {
				periods = append(periods, fmt.Sprintf("%s %d-%d", name, begun[name], minute))
				delete(begun, name)
			}
		}
		for name := range now {
			if _, known := begun[name]; !known {
				begun[name] = minute
			}
		}
	}
	return periods
}

// checkText looks for templates that came out wrong.
func checkText(t *testing.T, annotations labels.Labels) {
	t.Helper()
	annotations.Range(func(l labels.Label) {
		for _, bad := range []string{"<error", "<no value>", "{{", "  "} {
			if strings.Contains(l.Value, bad) || strings.HasPrefix(l.Value, " ") {
				t.Errorf("%s: %q", l.Name, l.Value)
			}
		}
	})
}

func alerting(t *testing.T) []*rules.AlertingRule {
	t.Helper()
	var all []*rules.AlertingRule
	for _, r := range alertRules(t) {
		expr, err := parser.NewParser(parser.Options{}).ParseExpr(r.Expr)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, rules.NewAlertingRule(r.Alert, expr, time.Duration(r.For), time.Duration(r.KeepFiringFor),
			labels.FromMap(r.Labels), labels.FromMap(r.Annotations), labels.EmptyLabels(), "", true, slog.New(slog.DiscardHandler)))
	}
	return all
}
