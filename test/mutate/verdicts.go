// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// verdict is what became of a mutant.
type verdict string

const (
	noticed   verdict = "noticed"
	passedOwn verdict = "not noticed by its own tests"
	scheduled verdict = "noticed by schedules"
	survived  verdict = "survived"
	unviable  verdict = "does not compile"
)

// record is a verdict as it is kept.
type record struct {
	Name   string // of the mutant
	Place  int    // where the broken piece begins, in bytes
	Digest string // of the file

	Verdict verdict
	Took    time.Duration
}

func (r record) key() string { return fmt.Sprint(r.Name, r.Place, r.Digest) }

// results are the verdicts so far, kept in a file.
type results struct {
	file  *os.File
	mu    sync.Mutex
	known map[string]verdict
}

// openResults reads what is known; again: but for what nothing noticed.
func openResults(path string, again bool) (*results, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, fmt.Errorf("keeping verdicts: %w", err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("keeping verdicts: %w", err)
	}
	b := &results{file: file, known: map[string]verdict{}}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var r record
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return nil, errors.Join(fmt.Errorf("reading %s: %w", path, err), file.Close())
		}
		if b.known[r.key()] = r.Verdict; again && (r.Verdict == survived || r.Verdict == passedOwn) {
			delete(b.known, r.key())
		}
	}
	return b, nil
}

func (b *results) write(t trial, v verdict, took time.Duration) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.known[t.key()] = v
	text, err := json.Marshal(record{t.name(), t.start, t.digest(), v, took.Round(time.Millisecond)})
	if err == nil {
		_, err = b.file.Write(append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("keeping a verdict: %w", err)
	}
	return nil
}

// of returns the numbers of the trials with a verdict.
func (b *results) of(trials []trial, v verdict) (numbers []int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, t := range trials {
		if b.known[t.key()] == v {
			numbers = append(numbers, i+1)
		}
	}
	return numbers
}

// sum prints what came of a package, and returns its score.
func (b *results) sum(name string, trials []trial, reasons map[string]string, out io.Writer) float64 {
	counts := map[verdict]int{}
	excused := 0
	var alive []trial
	for _, t := range trials {
		v := b.known[t.key()]
		if v == passedOwn {
			v = survived
		}
		switch {
		case v == survived && reasons[t.name()] != "":
			excused++
		case v == survived:
			alive = append(alive, t)
			counts[v]++
		default:
			counts[v]++
		}
	}
	for _, t := range alive {
		_, _ = fmt.Fprintf(out, "survived %s:%d: %s: %s\n", t.file, t.line, t.kind, t.code)
	}
	all := counts[noticed] + counts[scheduled] + counts[survived]
	score := 100.0
	if all > 0 {
		score = 100 * float64(counts[noticed]+counts[scheduled]) / float64(all)
	}
	_, _ = fmt.Fprintf(out, "%s: %.1f %%: of %d breaks %d were noticed by its own tests, %d by schedules, %d by nothing; %d are equivalent, %d do not compile\n",
		name, score, all, counts[noticed], counts[scheduled], counts[survived], excused, counts[unviable])
	return score
}
