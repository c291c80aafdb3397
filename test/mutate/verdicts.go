// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// verdict is what became of a mutant.
type verdict string

const (
	noticed   verdict = "noticed"
	scheduled verdict = "noticed by schedules"
	survived  verdict = "survived"
	unviable  verdict = "does not compile"
)

// record is a verdict as it is kept.
type record struct {
	Name   string // of the mutant
	Place  int    // where the broken piece begins, in bytes
	With   string
	Digest string // of the file

	Verdict verdict
	Took    time.Duration
}

// trial is a mutant in its file.
type trial struct {
	source
	mutant
}

func (t trial) key() string {
	return fmt.Sprint(t.name(), t.start, t.with, t.digest())
}

func (r record) key() string { return fmt.Sprint(r.Name, r.Place, r.With, r.Digest) }

// breakPackage tries the mutants of a package and returns the share that was noticed, in
// percent.
func (o *options) breakPackage(ctx context.Context, name string, reasons map[string]string, out io.Writer) (float64, error) {
	folder := filepath.Join("internal", name)
	trials, err := o.trialsOf(folder)
	if err != nil {
		return 0, err
	}
	results, err := openResults(filepath.Join(o.state, name+".jsonl"), o.again)
	if err != nil {
		return 0, err
	}
	defer func() { _ = results.file.Close() }()
	left := slices.DeleteFunc(slices.Clone(trials), func(t trial) bool { return results.known[t.key()] != "" })
	if err := o.tryAll(ctx, folder, left, results, out); err != nil {
		return 0, err
	}
	return results.sum(name, trials, reasons, out), nil
}

func (o *options) trialsOf(folder string) ([]trial, error) {
	sources, err := sourcesOf(folder)
	if err != nil {
		return nil, err
	}
	var trials []trial
	for _, s := range sources {
		mutants, err := s.mutants()
		if err != nil {
			return nil, err
		}
		for _, m := range mutants {
			trials = append(trials, trial{s, m})
		}
	}
	var some []trial
	for i := 0; i < len(trials); i += o.every {
		some = append(some, trials[i])
	}
	return some, nil
}

// tryAll tries mutants side by side.
func (o *options) tryAll(ctx context.Context, folder string, left []trial, results *results, out io.Writer) error {
	queue := make(chan trial)
	var wait sync.WaitGroup
	var failures error
	began := time.Now()
	for range o.workers {
		wait.Go(func() {
			for t := range queue {
				err := o.try(ctx, folder, t, results)
				results.mu.Lock()
				failures = errors.Join(failures, err)
				results.mu.Unlock()
			}
		})
	}
	said := time.Now()
	for i, t := range left {
		if ctx.Err() != nil {
			break
		}
		queue <- t
		if time.Since(said) > 15*time.Second {
			said = time.Now()
			each := time.Since(began) / time.Duration(i+1)
			_, _ = fmt.Fprintf(out, "%s: %d of %d, %s left\n", folder, i+1, len(left), (each * time.Duration(len(left)-i)).Round(time.Second))
		}
	}
	close(queue)
	wait.Wait()
	return errors.Join(ctx.Err(), failures)
}

// try finds out what notices a mutant.
func (o *options) try(ctx context.Context, folder string, t trial, results *results) error {
	began := time.Now()
	v, err := judge(ctx, t, "./"+folder, "-timeout=3m")
	if err == nil && v == survived && !o.quick {
		v, err = judge(ctx, t, "./test/simulation", "-timeout=5m", "-run=^(TestSingles|TestWhatSchedulesFoundStaysFixed)$", "-every=9")
		if v == noticed {
			v = scheduled
		}
	}
	if err != nil {
		return err
	}
	return results.write(record{t.name(), t.start, t.with, t.digest(), v, time.Since(began).Round(time.Millisecond)})
}

// results are the verdicts so far, kept in a file.
type results struct {
	file  *os.File
	mu    sync.Mutex
	known map[string]verdict
}

// openResults reads what is known; again: but for what survived.
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
		if b.known[r.key()] = r.Verdict; again && r.Verdict == survived {
			delete(b.known, r.key())
		}
	}
	return b, nil
}

func (b *results) write(r record) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.known[r.key()] = r.Verdict
	text, err := json.Marshal(r)
	if err == nil {
		_, err = b.file.Write(append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("keeping a verdict: %w", err)
	}
	return nil
}

// sum prints what came of a package, and returns its score.
func (b *results) sum(name string, trials []trial, reasons map[string]string, out io.Writer) float64 {
	counts := map[verdict]int{}
	excused := 0
	var alive []trial
	for _, t := range trials {
		v := b.known[t.key()]
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
