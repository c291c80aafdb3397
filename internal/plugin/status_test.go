// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"testing"
	"time"
)

// TestAtMostIsNeverLess: what is said to be a bound is one.
func TestAtMostIsNeverLess(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "1s", 0: "1s", time.Nanosecond: "1s", 90*time.Second + 1: "91s", 4*time.Minute + 59*time.Second: "4m59s",
		10*time.Minute + 1: "11m", 7*time.Hour + 30*time.Minute + time.Second: "7h31m", 9*time.Hour + time.Second: "10h", 9*24*time.Hour + time.Second: "10d",
	} {
		if got := atMost(d); got != want {
			t.Errorf("%s is at most %s, want %s", d, got, want)
		}
	}
}
