// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
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

// position is how far a lane is, as it is kept in a file.
type position struct {
	Next, Played, New int
}

// TestExplore plays, after each schedule of one choice, those that choose once more
// nearby, as deep as -depth says.
func TestExplore(t *testing.T) {
	if *lane >= 0 || *positions == "" {
		exploreLane(t, max(0, *lane), exploreLanes())
		return
	}
	if err := os.MkdirAll(*positions, 0o755); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for n := range exploreLanes() {
		wait.Go(func() {
			cmd := exec.CommandContext(t.Context(), self, "-test.run=^TestExplore$", "-test.v", "-test.timeout=0", "-lane="+strconv.Itoa(n),
				"-positions="+*positions, "-manifest="+*explored, "-depth="+strconv.Itoa(*depth), "-near="+strconv.Itoa(*steps), "-all="+strconv.FormatBool(*anywhere), "-from="+*from, "-outer="+strconv.Itoa(*outer))
			cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
			if err := cmd.Run(); err != nil {
				t.Errorf("lane %d: %v", n, err)
			}
		})
	}
	wait.Wait()
}

// exploreLanes is one for each processor where positions are kept, and else one.
func exploreLanes() int {
	if *positions == "" {
		return 1
	}
	return runtime.NumCPU()
}

func exploreLane(t *testing.T, lane, lanes int) {
	e := explorer{t: t, found: totals{}}
	all := slices.DeleteFunc(singles(t, *explored), func(s schedule) bool { return !strings.HasPrefix(s.choices[0].String(), *from) })
	if *outer > 0 {
		all = all[:min(*outer, len(all))]
	}
	at := readPosition(t, lane)
	began, begunAt, said := time.Now(), at.Next, time.Now()
	e.played, e.news = at.Played, at.New
	for i := at.Next; i < len(all); i++ {
		if i%lanes == lane {
			e.deepen(all[i])
		}
		writePosition(t, lane, position{i + 1, e.played, e.news})
		if time.Since(said) > 15*time.Second {
			said = time.Now()
			done := float64(i + 1 - begunAt)
			left := time.Duration(float64(time.Since(began)) * float64(len(all)-i-1) / done).Round(time.Second)
			fmt.Printf("lane %d: %d of %d, %d schedules, %.0f a second, %s left, %d new violations\n",
				lane, i+1, len(all), e.played, float64(e.played-at.Played)/time.Since(began).Seconds(), left, e.news)
		}
	}
	t.Logf("lane %d: all %d schedules of one choice, %d played to depth %d, %d new violations; known: %s", lane, len(all), e.played, *depth, e.news, e.found)
}

// deepen plays a schedule, and those that it is the beginning of. What is violated needs
// no further choice.
func (e *explorer) deepen(s schedule) {
	told := e.play(s)
	if len(s.choices) >= *depth || told.violation() != "" {
		return
	}
	for _, more := range s.extended(told.near(*steps)) {
		e.deepen(more)
	}
}

func positionFile(lane int) string {
	near := strconv.Itoa(*steps)
	if *anywhere {
		near = "all"
	}
	return filepath.Join(*positions, fmt.Sprintf("%s-%sdepth%d-near%s-lane%d.json", *explored, strings.ReplaceAll(*from, "/", "-"), *depth, near, lane))
}

func readPosition(t *testing.T, lane int) (at position) {
	t.Helper()
	if *positions == "" {
		return at
	}
	text, err := os.ReadFile(positionFile(lane))
	if os.IsNotExist(err) {
		return at
	}
	if err == nil {
		err = json.Unmarshal(text, &at)
	}
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func writePosition(t *testing.T, lane int, at position) {
	t.Helper()
	if *positions == "" {
		return
	}
	text, err := json.Marshal(at)
	if err == nil {
		err = os.WriteFile(positionFile(lane), text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
