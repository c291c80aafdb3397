// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/klink-cloud/klink-operator/internal/plan"
)

// journal keeps what happened, what was violated, and how often what happened. Everything
// writes to it; it touches nothing.
type journal struct {
	seed  uint64
	began time.Time

	mu         sync.Mutex
	history    []string
	violations []string
	counts     totals
	decisions  map[string]*plan.Facts
	frozen     []string // the decisions as they were when the first promise was broken
}

func newJournal(seed uint64) *journal {
	return &journal{seed: seed, began: time.Now(), counts: totals{}, decisions: map[string]*plan.Facts{}}
}

func (j *journal) count(what string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.counts[what]++
}

// note adds a line to the history.
func (j *journal) note(format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.history = append(j.history, fmt.Sprintf("%12s  ", time.Since(j.began).Truncate(time.Microsecond))+fmt.Sprintf(format, args...))
}

// violationMark is how a line of the history begins that notes a violation.
const violationMark = "  VIOLATION: "

// violate notes that a promise was broken.
func (j *journal) violate(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	j.note("VIOLATION: %s", text)
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.violations) == 0 {
		j.frozen = j.lastDecisions()
	}
	j.violations = append(j.violations, text)
}

func (j *journal) violated() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.violations) > 0
}

// decide keeps the facts of the last decision about a Group.
func (j *journal) decide(key string, facts *plan.Facts) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.decisions[key] = facts
}

// decided are the facts that each Group and process decided on last: until the first
// violation, if there is one, since what was decided after it did not cause it.
func (j *journal) decided() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.violations) > 0 {
		return j.frozen
	}
	return j.lastDecisions()
}

func (j *journal) lastDecisions() []string {
	var lines []string
	for _, key := range slices.Sorted(maps.Keys(j.decisions)) {
		lines = append(lines, fmt.Sprintf("the last facts of %s: %s", key, j.decisions[key]))
	}
	return lines
}

// text is the history as a person reads it.
func (j *journal) text() string {
	return strings.Join(slices.Concat([]string{fmt.Sprintf("seed %d", j.seed)}, j.history, j.decided(), j.violations), "\n")
}

// excerpt is the end of the history up to the first violation, and the facts that were
// decided on by then: so many lines of so many bytes.
func (j *journal) excerpt(lines, width int) string {
	facts := j.decided()
	j.mu.Lock()
	defer j.mu.Unlock()
	history := j.history
	if i := slices.IndexFunc(history, func(line string) bool { return strings.Contains(line, violationMark) }); i >= 0 {
		history = history[:i+1]
	}
	var text []string
	if left := len(history) - lines; left > 0 {
		text = append(text, fmt.Sprintf("… %d lines before; the replay prints them", left))
		history = history[left:]
	}
	for _, line := range history {
		if len(line) > width {
			line = strings.ToValidUTF8(line[:width], "") + "…"
		}
		text = append(text, line)
	}
	return strings.Join(slices.Concat(text, facts), "\n")
}
