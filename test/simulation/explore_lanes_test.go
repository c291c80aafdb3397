// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"sync"
	"testing"
	"time"
)

var (
	depth     = flag.Int("depth", 1, "how many choices the explored schedules have at the most")
	steps     = flag.Int("near", 2, "how many points apart the choices of one schedule are")
	anywhere  = flag.Bool("all", false, "the choices of one schedule may be any number of points apart")
	from      = flag.String("from", "", "explore only schedules whose first choice reads like this, as in account=")
	outer     = flag.Int("outer", 4, "how many schedules of one choice are explored; 0: all")
	positions = flag.String("positions", "", "a folder that keeps how far the exploration is, so that it can go on from there")
	lane      = flag.Int("lane", -1, "the lane that this process explores; -1: all, each in a process of its own")
)

// TestExplore plays, after each schedule of one choice, those that choose once more
// nearby, as deep as -depth says.
func TestExplore(t *testing.T) {
	x := exploration{*explored, *from, *depth, *steps, *outer, *lanes, *anywhere, codeDigest(t)}
	if x.Depth < 1 || x.Near < 0 || x.Lanes < 0 {
		t.Fatalf("-depth=%d -near=%d -lanes=%d: there is nothing to explore", x.Depth, x.Near, x.Lanes)
	}
	if x.Lanes == 0 {
		x.Lanes = runtime.NumCPU()
	}
	if *positions != "" {
		if err := os.MkdirAll(*positions, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if *lane >= 0 || x.Lanes == 1 {
		newExplorer(t, x).explore(t, max(0, *lane), *positions)
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for n := range x.Lanes {
		wait.Go(func() {
			cmd := exec.CommandContext(t.Context(), self, "-test.run=^TestExplore$", "-test.v", "-test.timeout=0", fmt.Sprint("-lane=", n),
				fmt.Sprint("-lanes=", x.Lanes), "-positions="+*positions, "-manifest="+x.Manifest, "-from="+x.From, fmt.Sprint("-depth=", x.Depth),
				fmt.Sprint("-near=", x.Near), fmt.Sprint("-all=", x.All), fmt.Sprint("-outer=", x.Outer), fmt.Sprint("-known=", *everyKnown))
			cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
			if err := cmd.Run(); err != nil {
				t.Errorf("lane %d: %v", n, err)
			}
		})
	}
	wait.Wait()
}

// explore plays the schedules of a lane, and goes on where it stopped if positions is a
// folder.
func (e *explorer) explore(t *testing.T, lane int, positions string) {
	t.Helper()
	// Each story leaves a world behind: to collect it at once takes a fifth of the time.
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(256 << 20))
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	all, err := beginningLike(singles(t, e.of.Manifest), e.of.From)
	if err != nil {
		t.Fatal(err)
	}
	if e.of.Outer > 0 {
		all = all[:min(e.of.Outer, len(all))]
	}
	file := e.of.file(positions, lane)
	if positions != "" {
		at, again, err := readPosition(e.of, file)
		if err != nil {
			t.Fatal(err)
		}
		e.at = at
		if again != "" {
			e.log("lane %d begins again: %s", lane, again)
		}
	}
	e.playFailing()
	began, before, said := time.Now(), e.at, time.Now()
	if before.Next > 0 {
		e.log("lane %d goes on after %d of %d: %s", lane, before.Next, len(all), before)
	}
	for i := before.Next; i < len(all); i++ {
		if i%e.of.Lanes != lane {
			continue
		}
		e.deepen(all[i])
		e.at.Next = i + 1
		if positions != "" {
			if err := e.at.write(file); err != nil {
				t.Fatal(err)
			}
		}
		if time.Since(said) > 15*time.Second {
			said = time.Now()
			left := time.Duration(float64(time.Since(began)) * float64(len(all)-i-1) / float64(i+1-before.Next)).Round(time.Second)
			rate := float64(e.at.Played-before.Played) / time.Since(began).Seconds()
			fmt.Printf("lane %d: %d of %d, %.0f a second, %s left, %s\n", lane, i+1, len(all), rate, left, e.at)
		}
	}
	e.log("lane %d of %d: all %d schedules of one choice, to depth %d: %s", lane, e.of.Lanes, len(all), e.of.Depth, e.at)
}

// deepen plays a schedule, and those that it is the beginning of. What is violated needs
// no further choice.
func (e *explorer) deepen(s schedule) {
	told := e.play(s)
	if len(s.choices) >= e.of.Depth || told.violation() != "" {
		return
	}
	for _, more := range s.extended(told.near(e.of.Near, e.of.All)) {
		e.deepen(more)
	}
}
