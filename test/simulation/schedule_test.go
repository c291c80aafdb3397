// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"fmt"
	"strings"
	"time"
)

// schedule is a small story in which something is chosen: what goes wrong, or what
// somebody does, at points that are named by what happens there. The same schedule
// has the same history each time.
type schedule struct {
	manifest string
	choices  []choice
}

// choice is one deviation from the story: at a point, a fault of the call or write that
// the point names, or an event while it is under way.
type choice struct{ point, what string }

func (c choice) String() string {
	if isEvent(c.what) {
		return c.point + ": " + c.what
	}
	return c.point + "=" + c.what
}

// String is the schedule as a person writes it, and as parseSchedule reads it.
func (s schedule) String() string {
	texts := make([]string, 0, len(s.choices))
	for _, c := range s.choices {
		texts = append(texts, c.String())
	}
	return s.manifest + " | " + strings.Join(texts, "; ")
}

// dialect is the one that is chosen for the account, "" for the page's most literal reading.
func (s schedule) dialect() string {
	for _, c := range s.choices {
		if c.point == accountPoint {
			return c.what
		}
	}
	return ""
}

// parseSchedule reads what String writes.
func parseSchedule(text string) (schedule, error) {
	manifest, rest, found := strings.Cut(text, " | ")
	s := schedule{manifest: manifest}
	if !found || manifests[manifest] == nil {
		return s, fmt.Errorf("%q names no manifest", text)
	}
	for _, part := range strings.Split(rest, "; ") {
		if part == "" {
			continue
		}
		point, what, found := strings.Cut(part, ": ")
		if !found {
			point, what, found = strings.Cut(part, "=")
		}
		if c := (choice{point, what}); !found || c.String() != part || !isEvent(what) && !isFault(what) {
			return s, fmt.Errorf("%q is no choice", part)
		}
		s.choices = append(s.choices, choice{point, what})
	}
	return s, nil
}

// script plays the choices of a schedule, and notes the points that are passed. It knows
// of calls and writes, and touches neither the account nor a cluster: what an event does
// is the story's to say.
type script struct {
	schedule schedule
	play     func(point, event string)
	// phase is the part of the story; quiet: what happens now is not to be chosen.
	phase string
	quiet bool

	ordinals map[string]int
	points   []string // in their order, those that can be chosen
	played   int      // of the choices
	spell    spell
	// kubeUntil is until when Kubernetes keeps statuses from being written or seen.
	kubeUntil time.Time
}

func newScript(s schedule, play func(point, event string)) *script {
	return &script{schedule: s, play: play, ordinals: map[string]int{}}
}

// enter begins a part of the story: the points in it are counted from one.
func (s *script) enter(phase string) {
	s.phase, s.quiet = phase, false
	clear(s.ordinals)
}

// pass names the point that is reached, as in "create/POST groups#1".
func (s *script) pass(what string) (point string) {
	s.ordinals[what]++
	point = fmt.Sprintf("%s/%s#%d", s.phase, what, s.ordinals[what])
	if !s.quiet {
		s.points = append(s.points, point)
	}
	return point
}

// at lists what was chosen at a point.
func (s *script) at(point string, events bool) (chosen []string) {
	if s.quiet {
		return nil
	}
	for _, c := range s.schedule.choices {
		if c.point == point && isEvent(c.what) == events {
			chosen = append(chosen, c.what)
			s.played++
		}
	}
	return chosen
}

// fault is the fault chosen at a point, or "".
func (s *script) fault(point string) string {
	if chosen := s.at(point, false); len(chosen) > 0 {
		return chosen[0]
	}
	return ""
}

// happen lets the events of a point happen.
func (s *script) happen(point string) {
	for _, what := range s.at(point, true) {
		s.play(point, what)
	}
}
