// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package monitoring

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var metricRow = regexp.MustCompile("(?m)^\\| `(klink_[a-z_]+)` \\| (\\w+)[^|]* \\| ([^|]+) \\| [^|]{40,} \\|$")

// TestThePageExplainsEveryMetric of the operator, and no other.
func TestThePageExplainsEveryMetric(t *testing.T) {
	var names []string
	for _, row := range metricRow.FindAllStringSubmatch(read(t, page), -1) {
		names = append(names, row[1])
	}
	slices.Sort(names)
	if diff := cmp.Diff(slices.Sorted(slices.Values(own)), names); diff != "" {
		t.Errorf("- in the code, + in the page:\n%s", diff)
	}
}

// pageIsTrue compares the page's types and labels with a scrape.
func pageIsTrue(w *world) {
	families := w.scrape().families
	for _, row := range metricRow.FindAllStringSubmatch(read(w.T, page), -1) {
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
