// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

const example = `package p

const kept = 1 < 2

func f(a, b int) (sum int) {
	if a < b && b != 0 {
		return 1
	}
	for a > 0 {
		a--
	}
	sum = a + b
	g(true)
	return sum
}
`

func TestEachKindOfBreakIsMade(t *testing.T) {
	s := source{"p.go", []byte(example)}
	mutants, err := s.mutants()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range mutants {
		got = append(got, m.kind+" "+m.code)
		if broken := s.broken(m); bytes.Equal(broken, s.text) || !bytes.Contains(broken, []byte("const kept = 1 < 2")) {
			t.Errorf("%s makes %s", m.name(), broken)
		}
	}
	for _, want := range []string{
		"left out if a < b && b != 0 {", "negated if a < b && b != 0 {", "exchanged && if a < b && b != 0 {", "exchanged < if a < b && b != 0 {",
		"exchanged != if a < b && b != 0 {", "negated for a > 0 {", "exchanged > for a > 0 {", "left out a--", "left out sum = a + b",
		"exchanged + sum = a + b", "left out g(true)", "exchanged true g(true)",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("no %q among %q", want, got)
		}
	}
	if len(got) != 12 {
		t.Errorf("%d breaks: %q", len(got), got)
	}
}

func TestTheScoreLeavesOutWhatCannotBeNoticed(t *testing.T) {
	trials := make([]trial, 6)
	known := map[string]verdict{}
	for i, v := range []verdict{noticed, noticed, scheduled, survived, survived, unviable} {
		trials[i] = trial{source{}, mutant{file: "p.go", line: i, start: i, kind: "left out", code: string(rune('a' + i))}}
		known[trials[i].key()] = v
	}
	b := &results{known: known}
	var out bytes.Buffer
	if score := b.sum("p", trials, map[string]string{"p.go: left out: d": "d does nothing"}, &out); score != 75 {
		t.Errorf("the score is %.1f", score)
	}
	if !strings.Contains(out.String(), "survived p.go:4: left out: e\n") || strings.Contains(out.String(), ": d\n") {
		t.Errorf("it prints %s", out.String())
	}
}

func TestAnEquivalentBreakHasAReason(t *testing.T) {
	if _, err := parseEquivalent("# why\n\np.go: left out: d -- it does nothing\n"); err != nil {
		t.Error(err)
	}
	if _, err := parseEquivalent("p.go: left out: d"); err == nil {
		t.Error("no error without a reason")
	}
	if _, err := parseEquivalent(equivalent); err != nil {
		t.Error(err)
	}
}
