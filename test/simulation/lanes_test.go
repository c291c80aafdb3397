// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

var (
	runs   = flag.Int("runs", 150, "how many schedules to run")
	seed   = flag.Uint64("seed", 1, "the seed of the first")
	lanes  = flag.Int("lanes", 1, "how many processes share them; 0: one for each processor")
	report = flag.String("report", "", "a file that gets the totals as JSON")
)

// totals count what happened, by what it was.
type totals map[string]int

func (t totals) add(more totals) {
	for what, n := range more {
		t[what] += n
	}
}

func (t totals) String() string {
	var counts []string
	for _, what := range slices.Sorted(maps.Keys(t)) {
		counts = append(counts, fmt.Sprintf("%s %d", what, t[what]))
	}
	return strings.Join(counts, ", ")
}

// TestSchedules runs many worlds and wants no promise broken in any.
func TestSchedules(t *testing.T) {
	began := time.Now()
	n := *lanes
	if n == 0 {
		n = runtime.NumCPU()
	}
	var all totals
	if n = min(n, *runs); n > 1 {
		all = runLanes(t, n)
	} else {
		all = runLane(t)
	}
	t.Logf("%d schedules from seed %d on in %s, %d violated: %s",
		all["schedules"], *seed, time.Since(began).Round(time.Millisecond), all["violated"], all)
	if *report != "" {
		keepIn(t, *report, all)
	}
}

// simulated is how far a lane is that is kept in a file: that of other code is not continued.
type simulated struct {
	Code   string
	Totals totals
}

// goOn returns what a lane has counted so far, if the same code has, and how to keep it.
func goOn(t *testing.T) (all totals, keep func(totals)) {
	t.Helper()
	all, keep = totals{"violated": 0}, func(totals) {}
	if *positions == "" {
		return all, keep
	}
	if err := os.MkdirAll(*positions, 0o755); err != nil {
		t.Fatal(err)
	}
	code := codeDigest(t)
	file := filepath.Join(*positions, fmt.Sprintf("simulated-%d-%d.json", *seed, *runs))
	var kept simulated
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, &kept)
	}
	switch {
	case os.IsNotExist(err):
	case err != nil:
		t.Fatalf("%s: %v", file, err)
	case kept.Code != code:
		t.Logf("%s is the position of other code: it begins again", file)
	default:
		t.Logf("it goes on after %d of %d schedules from seed %d on", kept.Totals["schedules"], *runs, *seed)
		all = kept.Totals
	}
	return all, func(so totals) { keepIn(t, file, simulated{code, so}) }
}

// runLane runs the schedules one by one, and stops at the first that is violated.
func runLane(t *testing.T) totals {
	all, keep := goOn(t)
	for n := uint64(all["schedules"]); n < uint64(*runs); n++ {
		w := live(t, *seed+n, breaks{})
		all.add(w.journal.counts)
		all["schedules"]++
		if len(w.journal.violations) > 0 {
			all["violated"]++
			t.Errorf("%s\nreplay: go test ./test/simulation -run TestSchedules -runs=1 -seed=%d", w.journal.text(), w.journal.seed)
			return all
		}
		if (n+1)%500 == 0 {
			keep(all)
		}
		if (n+1)%5000 == 0 {
			t.Logf("%d of %d schedules from seed %d on", n+1, *runs, *seed)
		}
	}
	keep(all)
	return all
}

// runLanes shares the schedules among processes: in each, goroutines run one at a
// time. The first that finds a violation ends the others.
func runLanes(t *testing.T, n int) totals {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	dir := t.TempDir()
	var wait sync.WaitGroup
	first := *seed
	for lane := range n {
		share := *runs / n
		if lane < *runs%n {
			share++
		}
		from := first
		wait.Go(func() {
			if err := startLane(ctx, from, share, laneFile(dir, lane)); err != nil {
				t.Errorf("lane %d: %v", lane, err)
				cancel()
			}
		})
		first += uint64(share)
	}
	wait.Wait()
	all := totals{}
	for lane := range n {
		all.add(readReport(t, laneFile(dir, lane)))
	}
	return all
}

func laneFile(dir string, lane int) string { return filepath.Join(dir, fmt.Sprintf("%d.json", lane)) }

func startLane(ctx context.Context, seed uint64, runs int, report string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, self, "-test.run=^TestSchedules$", "-test.v", "-test.timeout=0",
		fmt.Sprint("-seed=", seed), fmt.Sprint("-runs=", runs), "-lanes=1", "-report="+report, "-positions="+*positions)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}

// readReport reads what a lane left: nothing, if it was ended.
func readReport(t *testing.T, path string) totals {
	t.Helper()
	text, err := os.ReadFile(path)
	if os.IsNotExist(err) && t.Failed() {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	var lane totals
	if err := json.Unmarshal(text, &lane); err != nil {
		t.Fatal(err)
	}
	return lane
}
