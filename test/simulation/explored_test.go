// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// someSchedules is an exploration of a few schedules.
var someSchedules = exploration{Manifest: "plain", Depth: 1, Outer: 3, Lanes: 1, Code: "one"}

// explored plays an exploration in whose stories something is violated, and returns what
// it printed as failures and what else.
func exploredWith(t *testing.T, x exploration, folder string, violated func(schedule) bool) (e *explorer, failed, logged []string) {
	t.Helper()
	e = newExplorer(t, x)
	e.tell = func(s schedule) *story {
		told := tell(t, s)
		if violated(s) {
			told.world.journal.violate("made up: %s", s)
		}
		return told
	}
	e.fail = func(format string, args ...any) { failed = append(failed, fmt.Sprintf(format, args...)) }
	e.log = func(format string, args ...any) { logged = append(logged, fmt.Sprintf(format, args...)) }
	e.explore(t, 0, folder)
	return e, failed, logged
}

func never(schedule) bool { return false }

// What failed is not forgotten with the run that found it.
func TestAnExplorationThatFailedFailsWhenItGoesOn(t *testing.T) {
	folder := t.TempDir()
	chosen := singles(t, "plain")[1].String()
	broken := func(s schedule) bool { return s.String() == chosen }
	for run := range 3 {
		e, failed, _ := exploredWith(t, someSchedules, folder, broken)
		if len(failed) != 1 || !strings.Contains(failed[0], chosen) || !strings.Contains(failed[0], "the last facts of") || !strings.Contains(failed[0], "VIOLATION: made up") || e.at.failures() != 1 {
			t.Errorf("run %d failed by %q, and counts %d", run, failed, e.at.failures())
		}
		if e.at.Played != 3 {
			t.Errorf("run %d: %d schedules were played in all", run, e.at.Played)
		}
	}
	if e, failed, logged := exploredWith(t, someSchedules, folder, never); len(failed) > 0 || e.at.failures() > 0 || !strings.Contains(strings.Join(logged, "\n"), "does not now") {
		t.Errorf("what does not fail any more fails: %q, %q", failed, logged)
	}
}

// What an exploration of other code, of other lanes or of fewer schedules has played says
// nothing about this one.
func TestAPositionOfOtherThingsIsNotContinued(t *testing.T) {
	for what, other := range map[string]func(*exploration){
		"code":                     func(x *exploration) { x.Code = "another" },
		"the number of lanes":      func(x *exploration) { x.Lanes = 2 },
		"the number of schedules":  func(x *exploration) { x.Outer = 2 },
		"the distance of choices":  func(x *exploration) { x.Near = 7 },
		"the number of choices":    func(x *exploration) { x.Depth = 2 },
		"that they may be far off": func(x *exploration) { x.All = true },
	} {
		folder := t.TempDir()
		before := someSchedules
		other(&before)
		at := beginning(before)
		at.Next, at.Played = 3, 3
		if err := at.write(someSchedules.file(folder, 0)); err != nil {
			t.Fatal(err)
		}
		e, _, logged := exploredWith(t, someSchedules, folder, never)
		if e.at.Played != 3 || e.at.Of != someSchedules || !strings.Contains(strings.Join(logged, "\n"), "begins again") {
			t.Errorf("%s was other, and it went on: %d played, %q", what, e.at.Played, logged)
		}
	}
}

// What names nothing fails, and says what there is: it would pass, as nothing is played.
func TestATypoIsNoExploration(t *testing.T) {
	for names, want := range map[string]int{"plain": 1, "plain,byName new": 2, "all": len(manifests), "plian": 0, "plain,plian": 0, "": 0, "byName,": 0} {
		chosen, err := chooseManifests(names)
		if len(chosen) != want || (err == nil) != (want > 0) || err != nil && !strings.Contains(err.Error(), "byName archived") {
			t.Errorf("-manifest=%s: %q, %v", names, chosen, err)
		}
	}
	all := singles(t, "plain")
	for text, like := range map[string]bool{"": true, "account=": true, "create/POST groups#1=": true, "acount=": false} {
		chosen, err := beginningLike(all, text)
		if (len(chosen) > 0) != like || (err == nil) != like || err != nil && !strings.Contains(err.Error(), "create/POST groups#1") {
			t.Errorf("-from=%s: %d schedules, %v", text, len(chosen), err)
		}
	}
}

// A choice that is never reached is counted: it was not tried.
func TestWhatWasNotReachedIsCounted(t *testing.T) {
	e := newExplorer(t, someSchedules)
	for _, text := range []string{"plain | create/POST groups#1=503", "plain | create/POST groups#9=503"} {
		s, err := parseSchedule(text)
		if err != nil {
			t.Fatal(err)
		}
		e.play(s)
	}
	if e.at.Unplayed != 1 || !strings.Contains(e.at.String(), "2 played (1 of them") {
		t.Errorf("counted: %s", e.at)
	}
}

// Make hands a value with a space on as one word: the rest of it would end the flags.
func TestMakeHandsItsVariablesOnWhole(t *testing.T) {
	for target, variables := range map[string]map[string]string{
		"explore":  {"DEPTH": "-depth=", "MANIFEST": "-manifest=", "EXPLORED": "-positions="},
		"simulate": {"RUNS": "-runs=", "SEED": "-seed=", "SIMULATED": "-positions="},
		"chaos":    {"KILLS": "-kills=", "GROUPS": "-groups="},
	} {
		for variable, word := range variables {
			value := "/it's 1"
			cmd := exec.CommandContext(t.Context(), "make", "-C", "../..", "--no-print-directory", "GO=printf '%s\\n'", target, variable+"="+value)
			printed, err := cmd.CombinedOutput()
			if err != nil || !slices.Contains(strings.Split(string(printed), "\n"), word+value) {
				t.Errorf("make %s %s=%q: %v, %s", target, variable, value, err, printed)
			}
		}
	}
}
