// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/go-logr/logr"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/plan"
)

// decisions keeps the facts of the last decision about each Group, from what a
// process logs with -v=2: a failed schedule prints them, and they are what a table
// test of the plan needs to repeat the decision alone.
type decisions struct {
	journal *journal
	key     string
}

var _ logr.LogSink = decisions{}

func (decisions) Init(logr.RuntimeInfo)            {}
func (decisions) Enabled(level int) bool           { return level == 2 }
func (decisions) Error(error, string, ...any)      {}
func (d decisions) WithValues(...any) logr.LogSink { return d }
func (d decisions) WithName(string) logr.LogSink   { return d }

func (d decisions) Info(_ int, _ string, values ...any) {
	for _, value := range values {
		if facts, ok := value.(*plan.Facts); ok {
			d.journal.decide(d.key, facts)
		}
	}
}

// What a failed schedule prints of its decisions decides alike when it is read back.
func TestAFailedSchedulePrintsItsFacts(t *testing.T) {
	w := live(t, 1, breaks{})
	lines := w.journal.decided()
	if len(lines) == 0 {
		t.Fatal("nothing was decided")
	}
	for _, line := range lines {
		_, printed, _ := strings.Cut(line, ": ")
		if token := strings.Contains(printed, rightToken) || strings.Contains(printed, foreignToken); token {
			t.Errorf("the token is printed: %s", line)
		}
		var facts plan.Facts
		if err := json.Unmarshal([]byte(printed), &facts); err != nil {
			t.Fatalf("%v in %s", err, printed)
		}
		key, _, _ := strings.Cut(strings.TrimPrefix(line, "the last facts of "), ": ")
		if first, again := plan.Next(w.journal.decisions[key]), plan.Next(&facts); first.Action != again.Action || first.Report.Message != again.Report.Message {
			t.Errorf("%s: %s at first, and then %s", key, first.Action, again.Action)
		}
	}
	w.journal.violate("for the sake of it")
	if !strings.Contains(w.journal.text(), lines[0]) {
		t.Error("a failed schedule does not print them")
	}
}

// What is decided after a violation did not cause it, and is not printed in place of what did.
func TestAFailedSchedulePrintsTheFactsOfItsViolation(t *testing.T) {
	j := newJournal(1)
	wrong, later := &plan.Facts{Group: &v1alpha1.Group{}}, &plan.Facts{Group: &v1alpha1.Group{}}
	wrong.Group.Name, later.Group.Name = "wrong", "later"
	j.decide("g", wrong)
	for n := range 100 {
		j.note("line %d: %s", n, strings.Repeat("…", 1000))
	}
	j.violate("the first")
	j.note("what came of it")
	j.decide("g", later)
	j.violate("the second")
	for kind, text := range map[string]string{"whole": j.text(), "excerpt": j.excerpt(5, 80)} {
		if !strings.Contains(text, wrong.String()) || strings.Contains(text, later.String()) {
			t.Errorf("%s: not the facts of the violation: %s", kind, text)
		}
	}
	lines := strings.Split(j.excerpt(5, 80), "\n")
	if len(lines) != 7 || !strings.HasPrefix(lines[0], "… 96 lines") || !strings.Contains(lines[5], "the first") || len(lines[1]) > 80+len("…") {
		t.Errorf("the excerpt is %d lines: %q", len(lines), lines)
	}
}
