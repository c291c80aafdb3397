// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"sigs.k8s.io/controller-runtime/pkg/log"
)

// TestMain lets goroutines run one at a time: those that wake at the same instant
// then run in the order in which they were woken, so that a seed repeats itself.
func TestMain(m *testing.M) {
	flag.Parse()
	if flag.NArg() > 0 { // the flags behind it would not be read
		fmt.Fprintf(os.Stderr, "%q is no flag\n", flag.Arg(0))
		os.Exit(2)
	}
	runtime.GOMAXPROCS(1)
	log.SetLogger(log.Log.WithSink(log.NullLogSink{})) // or each logger is kept until there is a sink
	os.Exit(m.Run())
}

// live runs one world in virtual time.
func live(t *testing.T, seed uint64, b breaks) *world {
	t.Helper()
	var w *world
	synctest.Test(t, func(*testing.T) {
		w = newWorld(seed, b)
		w.run()
	})
	return w
}

// What schedules have found stays fixed. Each seed was seen to fail again with its
// fix taken out.
func TestWhatSeedsFoundStaysFixed(t *testing.T) {
	for accident, seed := range map[string]uint64{
		"two leaders bound two Groups to one group":                                         2005341,
		"a connection not looked at yet hid what its Groups own":                            1837,
		"a crash in the middle of a take-over left a Group that looked like one that waits": 3007489,
		"an archiving by somebody else, seen late, hid that we had unarchived":              40015596,
		"a foreign account was trusted, as the cache showed no owned group yet":             42033918,
		"a call to unarchive arrived after its Group was gone":                              10004565,
		"a call to unarchive of the manager before arrived after its Group was gone":        600004187,
		"the status of a Group that was gone was written to another of its name":            52018168,
		"a foreign account was trusted, as the only owned group counted as missing still":   600008834,
		"a Group waited for ever for an account to be judged, which nothing told it of":     600071312,
		"two Groups named one id, and each gave way to the other":                           600001208,
		"a deletion gave way to a Group that went at once, as it had no finalizer":          910031996,
		"a deletion gave way to a binding that was never written":                           920060597,
		"an id was said to be missing by a manager that had not seen it written":            930026783,
	} {
		if w := live(t, seed, breaks{}); len(w.journal.violations) > 0 {
			t.Errorf("%s:\n%s", accident, w.journal.text())
		}
	}
}

// A seed repeats its history, or a failure could not be replayed. Not each time: where the
// machine takes the processor away, another goroutine of the same instant may run first.
func TestASeedRepeatsItsHistory(t *testing.T) {
	const lives = 6
	for seed := range uint64(5) {
		var histories []string
		for !repeated(histories) && len(histories) < lives {
			histories = append(histories, strings.Join(live(t, seed, breaks{}).journal.history, "\n"))
		}
		if !repeated(histories) {
			t.Errorf("seed %d: %d lives, and no two alike:\n%s", seed, lives, firstDifference(histories[0], histories[1]))
		}
	}
}

// repeated tells whether the last history is one of those before.
func repeated(histories []string) bool {
	last := len(histories) - 1
	return last > 0 && slices.Contains(histories[:last], histories[last])
}

// firstDifference is the first line in which two histories differ, of both.
func firstDifference(first, second string) string {
	a, b := strings.Split(first, "\n"), strings.Split(second, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("line %d is\n%s\nand then\n%s", i, a[i], b[i])
		}
	}
	return fmt.Sprintf("%d lines, and then %d", len(a), len(b))
}
