// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package monitoring

import (
	"log/slog"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/klink-cloud/klink-operator/test/harness/checkout"
)

const (
	page    = "docs/monitoring.md"
	runbook = "https://github.com/klink-cloud/klink-operator/blob/main/docs/monitoring.md#"
)

var extraction = regexp.MustCompile(`(?m)^    curl -fsSL https://github\.com/klink-cloud/klink-operator/raw/v[^/]+/(\S+) \| (sed .*) > \S+$`)

// alertRules are the rules as plain Prometheus reads them, which the command in the
// page takes out of the PrometheusRule: the published one, here that of the checkout.
func alertRules(t *testing.T) []rulefmt.Rule {
	t.Helper()
	checkout.Read(t, "config/prometheus/rules.yaml") // the go command is to see that it changes
	command := extraction.FindStringSubmatch(checkout.Read(t, page))
	if command == nil {
		t.Fatal("the page does not say how to have the rules without the Prometheus Operator")
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-c", command[2]+" < "+command[1])
	cmd.Dir = checkout.Path(".")
	content, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", command[2], err)
	}
	groups, errs := rulefmt.Parse(content, false, model.LegacyValidation, parser.NewParser(parser.Options{}), slog.New(slog.DiscardHandler))
	for _, err := range errs {
		t.Error(err)
	}
	if t.Failed() || len(groups.Groups) == 0 {
		t.Fatalf("the rules cannot be read:\n%s", content)
	}
	var rules []rulefmt.Rule
	for _, group := range groups.Groups {
		rules = append(rules, group.Rules...)
	}
	return rules
}

// TestAlertsSayWhatToDo wants of each alert what those need whom it wakes.
func TestAlertsSayWhatToDo(t *testing.T) {
	headings := map[string]string{}
	for _, section := range strings.Split(checkout.Read(t, page), "\n### ")[1:] {
		title, text, _ := strings.Cut(section, "\n")
		headings[strings.ToLower(title)] = text
	}
	for _, rule := range alertRules(t) {
		if rule.Alert == "" || rule.For == 0 {
			t.Errorf("%s%s: want alerts that hold for some time", rule.Record, rule.Alert)
		}
		if severity := rule.Labels["severity"]; severity != "critical" && severity != "warning" {
			t.Errorf("%s: severity %q", rule.Alert, severity)
		}
		for _, name := range []string{"summary", "description"} {
			if len(rule.Annotations[name]) < 20 {
				t.Errorf("%s: %s %q", rule.Alert, name, rule.Annotations[name])
			}
		}
		anchor := strings.ToLower(rule.Alert)
		if rule.Annotations["runbook_url"] != runbook+anchor || len(headings[anchor]) < 100 {
			t.Errorf("%s: the runbook %s is not a section about the alert", rule.Alert, rule.Annotations["runbook_url"])
		}
	}
}
