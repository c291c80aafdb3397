// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"flag"
	"maps"
	"slices"
	"strings"
	"testing"
)

var (
	explored   = flag.String("manifest", "plain", "the manifests whose single schedules are played, separated by commas, or all")
	every      = flag.Int("every", 5, "play one in so many of them")
	everyKnown = flag.Bool("known", false, "print each schedule that shows a known violation")
	oneStory   = flag.String("schedule", "", "one schedule to play and to print, as a failure prints it")
)

// singles are all schedules of one choice, for some manifests: each fault of each call and
// write, and each event at each of them and at rest.
func singles(t *testing.T, names string) []schedule {
	var all []schedule
	for _, manifest := range slices.Sorted(maps.Keys(manifests)) {
		if names != "all" && !slices.Contains(strings.Split(names, ","), manifest) {
			continue
		}
		for _, point := range pointsOf(t, schedule{manifest: manifest}) {
			for _, what := range choicesAt(point) {
				all = append(all, schedule{manifest, []choice{{point, what}}})
			}
		}
	}
	return all
}

// pointsOf are the points that a schedule passes.
func pointsOf(t *testing.T, s schedule) []string {
	return tell(t, s).script.points
}

// choicesAt is all that can be chosen at a point.
func choicesAt(point string) []string {
	switch {
	case strings.Contains(point, "/rest#"):
		return eventNames()
	case strings.Contains(point, "/PATCH "):
		return slices.Concat(kubeFaults, eventNames())
	}
	return slices.Concat(callFaults, eventNames())
}

// TestSingles plays every schedule of one choice. What is violated is on the list of what
// is known, and what is on that list is still violated.
func TestSingles(t *testing.T) {
	if *oneStory != "" {
		s, err := parseSchedule(*oneStory)
		if err != nil {
			t.Fatal(err)
		}
		if w := tell(t, s); len(w.violations) > 0 {
			t.Errorf("%s\n%s", s, w.text())
		}
		return
	}
	all := singles(t, *explored)
	found := map[string]int{}
	for i, s := range all {
		if i%*every != 0 {
			continue
		}
		violation := tell(t, s).violation()
		if violation == "" {
			continue
		}
		known := knownAs(s, violation)
		if *everyKnown {
			t.Logf("%s: %s => %s", known, s, violation)
		}
		if found[known]++; known == "" {
			t.Errorf("%s\n\t%s\n\treplay: go test ./test/simulation -run TestSingles -v -schedule=%q", s, violation, s)
		}
	}
	t.Logf("%d schedules; violated: %s", len(all), totals(found))
}

// violation is the first one.
func (w *world) violation() string {
	if len(w.violations) == 0 {
		return ""
	}
	return w.violations[0]
}

// TestKnownViolationsAreStillThere has each mend of the operator take its row off the list.
func TestKnownViolationsAreStillThere(t *testing.T) {
	for _, k := range knownViolations {
		s, err := parseSchedule(k.schedule)
		if err != nil {
			t.Fatal(err)
		}
		violation := tell(t, s).violation()
		if as := knownAs(s, violation); as != k.name {
			t.Errorf("%s: %s is violated by %q, which is %q. If it is fixed, remove it from the list of known_test.go", k.name, s, violation, as)
			continue
		}
		t.Logf("KNOWN %s: %s\n\t%s\n\t%s", k.name, k.promise, s, violation)
	}
}
