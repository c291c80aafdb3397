// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// switchText is the file that a broken package gets besides: what its edited expressions
// call. The environment variable MUTANT chooses the one break that is in force.
//
//go:embed switch.go.txt
var switchText string

// edit is a change of a text at one place.
type edit struct {
	at, remove int // in bytes
	rank       rank
	text       string // # stands for the number of the mutant
}

// rank is the order of edits at one place: what ends there, what is replaced, what begins.
type rank int

const (
	closes rank = iota
	replaces
	opens
)

// program is a package with all its breaks in it at once, so that it is compiled once, and
// each break costs no more than the tests that reach it. A break is known by its number,
// its place in trials and 1.
type program struct {
	folder   string // from the root of the repository
	name     string // of the package
	sources  []source
	trials   []trial
	unviable map[int]bool // those that do not compile
}

// written is a file as it is compiled, and where in it each mutant stands.
type written struct {
	text  []byte
	spans map[int][2]int
}

// edited returns a file with the mutants in it that compile.
func (p *program) edited(s source) written {
	type numbered struct {
		edit
		number int
	}
	var all []numbered
	for i, t := range p.trials {
		if t.path != s.path || p.unviable[i+1] {
			continue
		}
		for _, e := range t.edits {
			all = append(all, numbered{e, i + 1})
		}
	}
	slices.SortFunc(all, func(a, b numbered) int {
		inner := a.number - b.number // what stands around another has the lower number
		if a.rank == closes {
			inner = -inner
		}
		return cmp.Or(a.at-b.at, int(a.rank-b.rank), inner)
	})
	w := written{spans: map[int][2]int{}}
	at := 0
	for _, e := range all {
		w.text = append(w.text, s.text[at:e.at]...)
		if e.rank == opens {
			w.spans[e.number] = [2]int{len(w.text), 0}
		}
		w.text = append(w.text, strings.ReplaceAll(e.text, "#", strconv.Itoa(e.number))...)
		if e.rank == closes {
			w.spans[e.number] = [2]int{w.spans[e.number][0], len(w.text)}
		}
		at = e.at + e.remove
	}
	w.text = append(w.text, s.text[at:]...)
	return w
}

// build compiles the tests of a package, with the broken one in the place of its files,
// which an overlay puts there: the checkout is not touched. What keeps it from compiling
// is left out.
func (p *program) build(ctx context.Context, pkg, to string) error {
	for {
		files := map[string]written{}
		for _, s := range p.sources {
			files[s.path] = p.edited(s)
		}
		overlay, err := p.writeOverlay(files, filepath.Dir(to))
		if err != nil {
			return err
		}
		// -e: all errors, and not the first ten
		cmd := exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", "-overlay="+overlay, "-gcflags=./"+p.folder+"=-e", "-o", to, pkg)
		said, err := cmd.CombinedOutput()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx) //nolint:wrapcheck // it was interrupted
		}
		if !p.leaveOut(files, string(said)) {
			return fmt.Errorf("compiling the tests of %s: %w\n%s", pkg, err, said)
		}
	}
}

// compileError is how the compiler names a place: the file, the line, and the column in bytes.
var compileError = regexp.MustCompile(`(?m)^\S*?([^/\s]+\.go):(\d+):(\d+): `)

// leaveOut finds the mutants that the compiler complains of, and tells whether there is a new one.
func (p *program) leaveOut(files map[string]written, said string) (found bool) {
	for _, m := range compileError.FindAllStringSubmatch(said, -1) {
		w, ok := files[filepath.Join(p.folder, m[1])]
		line, _ := strconv.Atoi(m[2])
		column, _ := strconv.Atoi(m[3])
		if !ok {
			continue
		}
		if number := w.innermost(line, column); number > 0 && !p.unviable[number] {
			p.unviable[number], found = true, true
		}
	}
	return found
}

// innermost is the mutant around a place that has none in it that is around that place, too.
func (w written) innermost(line, column int) (number int) {
	at := column - 1
	for range line - 1 {
		at += slices.Index(w.text[at-column+1:], '\n') + 1
	}
	shortest := len(w.text) + 1
	for n, span := range w.spans {
		if length := span[1] - span[0]; span[0] <= at && at < span[1] && length < shortest {
			number, shortest = n, length
		}
	}
	return number
}

// writeOverlay writes the files of the broken package and what says where they belong.
func (p *program) writeOverlay(files map[string]written, room string) (string, error) {
	replace := map[string]string{}
	put := func(path string, text []byte) error {
		original, err := filepath.Abs(path)
		if err != nil {
			return fmt.Errorf("finding %s: %w", path, err)
		}
		broken := filepath.Join(room, filepath.Base(path))
		replace[original] = broken
		return os.WriteFile(broken, text, 0o600) //nolint:wrapcheck // wrapped below
	}
	added := strings.NewReplacer("PACKAGE", p.name, "COUNT", strconv.Itoa(len(p.trials)+1)).Replace(switchText)
	errs := []error{put(filepath.Join(p.folder, "mutants_switch.go"), []byte(added))}
	for path, w := range files {
		errs = append(errs, put(path, w.text))
	}
	overlay := filepath.Join(room, "overlay.json")
	text, err := json.Marshal(map[string]any{"Replace": replace})
	errs = append(errs, err, os.WriteFile(overlay, text, 0o600))
	if err := errors.Join(errs...); err != nil {
		return "", fmt.Errorf("writing what is to be broken: %w", err)
	}
	return overlay, nil
}
