// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
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
	s := source{path: "p.go", text: []byte(example)}
	if err := s.find(); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range s.mutants {
		got = append(got, m.kind+" "+m.code)
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

// calculator is a package whose tests notice some breaks, miss one, and reach one not at all;
// a break of its text does not compile.
var calculator = map[string]string{
	"go.mod": "module calculator\n\ngo 1.26\n",
	"sum/sum.go": `package sum

func Max(a, b int) int {
	if a > b {
		return a
	}
	return b
}

func Hello(name string) string { return "hello " + name }

func Untested(a int) int { return a - 1 }

func Last(a, b bool) bool { return a && b }
`,
	"sum/sum_test.go": `package sum

import "testing"

func TestMax(t *testing.T) {
	if Max(1, 2) != 2 || Max(2, 1) != 2 {
		t.Fatal()
	}
}

func TestLast(t *testing.T) {
	if Last(true, false) || !Last(true, true) {
		t.Fatal()
	}
}

func TestFails(t *testing.T) { t.Fatal() }
`,
}

func TestABreakIsJudgedByTheTestsThatReachIt(t *testing.T) {
	root := t.TempDir()
	for path, text := range calculator {
		path = filepath.Join(root, path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o750), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(root)
	sources, err := sourcesOf("sum")
	if err != nil {
		t.Fatal(err)
	}
	p := &program{folder: "sum", name: "sum", sources: sources, unviable: map[int]bool{}}
	for _, m := range sources[0].mutants {
		p.trials = append(p.trials, trial{sources[0], m})
	}
	results, err := openResults(filepath.Join(t.TempDir(), "sum.jsonl"), false)
	if err != nil {
		t.Fatal(err)
	}
	o := &options{workers: 2}
	s := &suite{binary: filepath.Join(t.TempDir(), "own.test"), folder: "sum", without: "^TestFails$"}
	if err := o.tryAll(t.Context(), p, s, round{"", noticed, passedOwn}, results, io.Discard); err != nil {
		t.Fatal(err)
	}
	got := map[string]verdict{}
	for _, trial := range p.trials {
		got[trial.kind+" "+trial.code] = results.known[trial.key()]
	}
	want := map[string]verdict{
		"left out if a > b {":    noticed,
		"negated if a > b {":     noticed,
		"exchanged > if a > b {": passedOwn,
		`exchanged + func Hello(name string) string { return "hello " + name }`: unviable,
		"exchanged - func Untested(a int) int { return a - 1 }":                 passedOwn,
		"exchanged && func Last(a, b bool) bool { return a && b }":              noticed,
	}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// What takes long runs only where all that is faster notices nothing.
func TestSlowTestsRunAlone(t *testing.T) {
	reached := map[int]bool{7: true}
	s := suite{tests: []test{{"A", slow / 2, reached}, {"B", slow, reached}, {"C", slow, nil}, {"D", 2 * slow, reached}, {"E", 3 * slow, reached}}}
	var got []string
	for _, b := range s.batches(7) {
		got = append(got, strings.Join(b.names, "+"))
	}
	if want := []string{"A+B", "D", "E"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
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

func TestOnlyTheChosenFilesAreBroken(t *testing.T) {
	t.Chdir(filepath.Join("..", ".."))
	o := &options{every: 1, files: []string{"echo.go"}}
	p, err := o.programOf("plan")
	if err == nil {
		t.Errorf("a file that is not there has %d breaks", len(p.trials))
	}
	o.files = []string{"next.go"}
	if p, err = o.programOf("plan"); err != nil || slices.ContainsFunc(p.trials, func(t trial) bool { return filepath.Base(t.path) != "next.go" }) {
		t.Errorf("other files are broken too, or none: %v", err)
	}
}

func TestFlagsThatTryNothingAreRefused(t *testing.T) {
	for _, args := range [][]string{{"-every=0"}, {"-workers=0"}, {"more"}} {
		if err := run(t.Context(), args, io.Discard); err == nil {
			t.Errorf("%q is taken", args)
		}
	}
}
