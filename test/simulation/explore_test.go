// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

var (
	explored   = flag.String("manifest", "plain", "the manifests whose schedules are played, separated by commas, or all")
	every      = flag.Int("every", 5, "play one in so many of the schedules of one choice")
	firstOnly  = flag.Bool("first", false, "stop at the first schedule that shows what is not known, and do not shorten it")
	everyKnown = flag.Bool("known", false, "print each schedule that shows a known violation")
	oneStory   = flag.String("schedule", "", "one schedule to play and to print, as a failure prints it")
)

// singles are all schedules of one choice, for some manifests: each fault of each call and
// write, and each event at each of them and at rest.
func singles(t *testing.T, names string) []schedule {
	t.Helper()
	chosen, err := chooseManifests(names)
	if err != nil {
		t.Fatal(err)
	}
	var all []schedule
	for _, manifest := range chosen {
		s := schedule{manifest: manifest}
		all = append(all, s.extended(tell(t, s).script.points)...)
	}
	return all
}

// chooseManifests are those of a list of names, separated by commas, or all. A name that is
// none would leave out what it should have meant.
func chooseManifests(names string) ([]string, error) {
	all := slices.Sorted(maps.Keys(manifests))
	if names == "all" {
		return all, nil
	}
	chosen := strings.Split(names, ",")
	for _, name := range chosen {
		if manifests[name] == nil {
			return nil, fmt.Errorf("-manifest: there is no %q; there are all, %s", name, strings.Join(all, ", "))
		}
	}
	slices.Sort(chosen)
	return slices.Compact(chosen), nil
}

// beginningLike are the schedules whose first choice begins with a text: at least one.
func beginningLike(all []schedule, text string) ([]schedule, error) {
	var chosen []schedule
	points := map[string]bool{}
	for _, s := range all {
		points[s.choices[0].point] = true
		if strings.HasPrefix(s.choices[0].String(), text) {
			chosen = append(chosen, s)
		}
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("-from: no choice begins with %q; the points are %s", text, strings.Join(slices.Sorted(maps.Keys(points)), ", "))
	}
	return chosen, nil
}

// extended are the schedules with one choice more, at one of the points.
func (s schedule) extended(points []string) []schedule {
	var all []schedule
	for _, point := range points {
		for _, what := range choicesAt(point) {
			more := choice{point, what}
			// One call meets one fault.
			clash := func(c choice) bool { return c.point == point && (c.what == what || isFault(c.what) && isFault(what)) }
			if !slices.ContainsFunc(s.choices, clash) {
				all = append(all, schedule{s.manifest, append(slices.Clone(s.choices), more)})
			}
		}
	}
	return all
}

// choicesAt is all that can be chosen at a point.
func choicesAt(point string) []string {
	switch {
	case point == accountPoint:
		return slices.Sorted(maps.Keys(dialects))
	case strings.Contains(point, "/rest#"):
		return eventNames()
	case strings.Contains(point, "/PATCH "):
		return slices.Concat(kubeFaults, eventNames())
	}
	return slices.Concat(callFaults, eventNames())
}

// near are the points that a schedule passes from its last choice on, so many at most or
// all; none if it never came to that choice.
func (s *story) near(steps int, all bool) []string {
	choices := s.script.schedule.choices
	i := slices.Index(s.script.points, choices[len(choices)-1].point)
	if i < 0 || s.script.played < len(choices) {
		return nil
	}
	if all {
		return s.script.points[i:]
	}
	return s.script.points[i:min(len(s.script.points), i+1+steps)]
}

// unplayed counts the choices of a story that it never came to.
func (s *story) unplayed() int { return len(s.script.schedule.choices) - s.script.played }

// TestSingles plays every schedule of one choice. What is violated is on the list of what
// is known, and what is on that list is still violated.
func TestSingles(t *testing.T) {
	if *oneStory != "" {
		s, err := parseSchedule(*oneStory)
		if err != nil {
			t.Fatal(err)
		}
		told := tell(t, s)
		if told.violation() != "" {
			t.Errorf("%s\n%s", s, told.world.journal.text())
		} else if missed := told.unplayed(); missed > 0 {
			t.Errorf("%s: %d of its choices were never reached; there are %s", s, missed, strings.Join(told.script.points, ", "))
		}
		return
	}
	e := newExplorer(t, exploration{})
	for i, s := range singles(t, *explored) {
		if i%*every == 0 && (len(e.at.Failing) == 0 || !*firstOnly) {
			e.play(s)
		}
	}
	t.Log(e.at)
}

// explorer plays schedules, and counts what they show.
type explorer struct {
	of   exploration
	at   position
	tell func(schedule) *story
	// fail says what is violated that should not, log all else.
	fail, log func(format string, args ...any)
}

func newExplorer(t *testing.T, of exploration) *explorer {
	return &explorer{of: of, at: beginning(of), tell: func(s schedule) *story { return tell(t, s) }, fail: t.Errorf, log: t.Logf}
}

// play plays a schedule. One that violates what it should not is kept and printed in its
// shortest form.
func (e *explorer) play(s schedule) *story {
	told := e.tell(s)
	e.at.Played++
	violation := told.violation()
	if violation == "" {
		if told.unplayed() > 0 {
			e.at.Unplayed++
		}
		return told
	}
	known := knownAs(s, violation)
	if *everyKnown {
		e.log("%s: %s => %s", known, s, violation)
	}
	if known != "" {
		e.at.Known[known]++
		return told
	}
	shortest := told
	if !*firstOnly {
		shortest = e.shrink(told)
	}
	key := shortest.script.schedule.String()
	if e.at.Failing[key] == 0 {
		e.print(shortest)
	}
	e.at.Failing[key]++
	return told
}

// playFailing plays what failed before the position was written: it fails this run too, as
// long as it fails.
func (e *explorer) playFailing() {
	for _, text := range slices.Sorted(maps.Keys(e.at.Failing)) {
		s, err := parseSchedule(text)
		if err != nil {
			e.fail("%v", err)
			continue
		}
		told := e.tell(s)
		if violation := told.violation(); violation == "" || knownAs(s, violation) != "" {
			e.log("%s failed before, and does not now", s)
			delete(e.at.Failing, text)
			continue
		}
		e.print(told)
	}
}

// print prints a story that fails: its schedule, what is violated, how it came to that, and
// on which facts was decided by then.
func (e *explorer) print(told *story) {
	s := told.script.schedule
	history := strings.ReplaceAll(told.world.journal.excerpt(40, 240), "\n", "\n\t")
	e.fail("%s\n\t%s\n\t%s\n\treplay: go test ./test/simulation -run TestSingles -v -schedule=%q", s, told.violation(), history, s)
}

// shrink leaves out each choice that a violation of the same kind does not need.
func (e *explorer) shrink(told *story) *story {
	for i := 0; i < len(told.script.schedule.choices); {
		s := told.script.schedule
		less := schedule{s.manifest, slices.Delete(slices.Clone(s.choices), i, i+1)}
		shorter := e.tell(less)
		if v := shorter.violation(); v != "" && kindOfViolation(v) == kindOfViolation(told.violation()) && knownAs(less, v) == "" {
			told = shorter
			continue
		}
		i++
	}
	return told
}

// kindOfViolation is what stands before its colon.
func kindOfViolation(violation string) string {
	kind, _, _ := strings.Cut(violation, ":")
	return kind
}

// violation is the first one that is not known, else the first one.
func (s *story) violation() string {
	for _, v := range s.world.journal.violations {
		if knownAs(s.script.schedule, v) == "" {
			return v
		}
	}
	if len(s.world.journal.violations) == 0 {
		return ""
	}
	return s.world.journal.violations[0]
}

// TestKnownViolationsAreStillThere has each fix of the operator take its row off the list.
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
