// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// trial is a mutant in its file.
type trial struct {
	source
	mutant
}

func (t trial) key() string { return fmt.Sprint(t.name(), t.start, t.digest()) }

// breakPackage tries the mutants of a package and returns the share that was noticed, in
// percent: first by the package's own tests, and of the rest by those of test/simulation.
func (o *options) breakPackage(ctx context.Context, name string, reasons map[string]string, out io.Writer) (_ float64, err error) {
	p, err := o.programOf(name)
	if err != nil {
		return 0, err
	}
	results, err := openResults(filepath.Join(o.state, name+".jsonl"), o.again)
	if err != nil {
		return 0, err
	}
	room, err := os.MkdirTemp("", "mutate-")
	if err != nil {
		return 0, fmt.Errorf("making room for breaks: %w", err)
	}
	defer func() { err = errors.Join(err, results.file.Close(), os.RemoveAll(room)) }()

	own := &suite{binary: filepath.Join(room, "own.test"), folder: p.folder}
	if err := o.tryAll(ctx, p, own, round{"", noticed, passedOwn}, results, out); err != nil {
		return 0, err
	}
	if !o.quick {
		schedules := &suite{
			binary: filepath.Join(room, "schedules.test"), folder: filepath.Join("test", "simulation"),
			args: []string{"-every=9", "-runs=20", "-first"}, without: breaksItself,
		}
		if err := o.tryAll(ctx, p, schedules, round{passedOwn, scheduled, survived}, results, out); err != nil {
			return 0, err
		}
	}
	return results.sum(name, p.trials, reasons, out), nil
}

// breaksItself are the tests of test/simulation that fail where a break is not noticed, or
// where a slow machine shuffles goroutines.
const breaksItself = "^(TestDeliberateBreaksAreCaught|TestASeedRepeatsItsHistory)$"

// round is which mutants are tried, by their verdict so far, and what verdict they get.
type round struct {
	from, noticed, not verdict
}

// programOf breaks a package at every place, or at one in so many.
func (o *options) programOf(name string) (*program, error) {
	p := &program{folder: filepath.Join("internal", name), name: name, unviable: map[int]bool{}}
	var err error
	if p.sources, err = sourcesOf(p.folder); err != nil {
		return nil, err
	}
	n := 0
	for _, s := range p.sources {
		if len(o.files) > 0 && !slices.Contains(o.files, filepath.Base(s.path)) {
			continue
		}
		for _, m := range s.mutants {
			if n%o.every == 0 {
				p.trials = append(p.trials, trial{s, m})
			}
			n++
		}
	}
	if n == 0 {
		return nil, fmt.Errorf("there is nothing to break in %s", p.folder)
	}
	return p, nil
}

// tryAll tries mutants side by side.
func (o *options) tryAll(ctx context.Context, p *program, s *suite, r round, results *results, out io.Writer) error {
	if len(results.of(p.trials, r.from)) == 0 {
		return nil
	}
	began := time.Now()
	if err := p.build(ctx, "./"+s.folder, s.binary); err != nil {
		return err
	}
	for number := range p.unviable {
		if err := results.write(p.trials[number-1], unviable, 0); err != nil {
			return err
		}
	}
	names, err := s.names(ctx)
	if err != nil {
		return err
	}
	if err := s.measure(ctx, names, o.workers); err != nil {
		return err
	}
	left := results.of(p.trials, r.from)
	_, _ = fmt.Fprintf(out, "%s: %d breaks for %d tests of %s, after %s\n", p.folder, len(left), len(s.tests), s.folder, time.Since(began).Round(time.Second))

	queue := make(chan int)
	var wait sync.WaitGroup
	var mu sync.Mutex
	var failures error
	for range o.workers {
		wait.Go(func() {
			for number := range queue {
				err := try(ctx, p.trials[number-1], number, s, r, results)
				mu.Lock()
				failures = errors.Join(failures, err)
				mu.Unlock()
			}
		})
	}
	began = time.Now()
	said := began
	for i, number := range left {
		if ctx.Err() != nil {
			break
		}
		queue <- number
		if time.Since(said) > 15*time.Second {
			said = time.Now()
			each := time.Since(began) / time.Duration(i+1)
			_, _ = fmt.Fprintf(out, "%s: %d of %d, %s left\n", p.folder, i+1, len(left), (each * time.Duration(len(left)-i)).Round(time.Second))
		}
	}
	close(queue)
	wait.Wait()
	return errors.Join(ctx.Err(), failures)
}

// try finds out whether a suite notices a mutant.
func try(ctx context.Context, t trial, number int, s *suite, r round, results *results) error {
	began := time.Now()
	seen, err := s.notices(ctx, number)
	if err != nil {
		return err
	}
	v := r.not
	if seen {
		v = r.noticed
	}
	return results.write(t, v, time.Since(began))
}
