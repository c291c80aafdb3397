// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package monitoring

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/klink-cloud/klink-operator/test/harness/checkout"
)

var metricRow = regexp.MustCompile("(?m)^\\| `(klink_[a-z_]+)` \\| (\\w+)[^|]* \\| ([^|]+) \\| [^|]{40,} \\|$")

// TestThePageExplainsEveryMetric of the operator, and no other.
func TestThePageExplainsEveryMetric(t *testing.T) {
	var names []string
	for _, row := range metricRow.FindAllStringSubmatch(checkout.Read(t, page), -1) {
		names = append(names, row[1])
	}
	slices.Sort(names)
	if diff := cmp.Diff(slices.Sorted(slices.Values(own)), names); diff != "" {
		t.Errorf("- in the code, + in the page:\n%s", diff)
	}
}

var (
	stalledRow  = regexp.MustCompile("(?m)^\\| `(\\w+)` \\| False, Stalled \\|")
	stalledGrep = regexp.MustCompile(`grep -E '([^']+)'`)
)

// TestTheRunbookFindsEveryStalledGroup wants its command to match each reason of which
// troubleshooting.md says that it is Stalled.
func TestTheRunbookFindsEveryStalledGroup(t *testing.T) {
	_, section, _ := strings.Cut(checkout.Read(t, page), "\n### KlinkGroupsStalled\n")
	section, _, _ = strings.Cut(section, "\n### ")
	found := stalledGrep.FindStringSubmatch(section)
	_, groups, _ := strings.Cut(checkout.Read(t, "docs/troubleshooting.md"), "\n## Reasons of a Group\n")
	groups, _, _ = strings.Cut(groups, "\n## ")
	rows := stalledRow.FindAllStringSubmatch(groups, -1)
	if found == nil || len(rows) < 8 {
		t.Fatalf("the command is %q, and %d reasons are Stalled", found, len(rows))
	}
	for _, row := range rows {
		if row[1] != "CreateUncertain" && !regexp.MustCompile(found[1]).MatchString(row[1]) { // which has an alert of its own
			t.Errorf("the command does not find %s", row[1])
		}
	}
}

// pageIsTrue compares the page's types and labels with a scrape.
func pageIsTrue(w *world) {
	families := w.scrape().families
	for _, row := range metricRow.FindAllStringSubmatch(checkout.Read(w, page), -1) {
		family := families[row[1]]
		if got := strings.ToLower(family.GetType().String()); got != row[2] {
			w.Errorf("%s is a %s, the page says %s", row[1], got, row[2])
		}
		for _, m := range family.GetMetric() {
			var labels []string
			for _, label := range m.GetLabel() {
				labels = append(labels, label.GetName())
			}
			want := strings.Split(row[3], ", ")
			slices.Sort(want)
			if !slices.Equal(labels, want) {
				w.Errorf("%s has the labels %v, the page says %v", row[1], labels, want)
			}
		}
	}
}
