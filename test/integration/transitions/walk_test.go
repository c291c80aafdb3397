// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package transitions

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// walk is a round trip over n states, from the first and back to it, that takes
// every step from one state to another exactly once.
func walk(n int) []int {
	round := []int{0}
	for i := range n - 1 {
		for j := n - 1; j > i+1; j-- {
			round = append(round, j, i)
		}
		round = append(round, i+1)
	}
	for i := n - 2; i >= 0; i-- {
		round = append(round, i)
	}
	return round
}

// pairs are all ordered pairs of n states, as rounds of one step.
func pairs(n int) [][]int {
	var all [][]int
	for i := range n {
		for j := range n {
			if i != j {
				all = append(all, []int{i, j})
			}
		}
	}
	return all
}

func TestAWalkTakesEveryStepOnce(t *testing.T) {
	for n := 2; n < 10; n++ {
		round, taken := walk(n), map[[2]int]int{}
		for k := range len(round) - 1 {
			taken[[2]int{round[k], round[k+1]}]++
		}
		want := map[[2]int]int{}
		for _, pair := range pairs(n) {
			want[[2]int{pair[0], pair[1]}] = 1
		}
		if diff := cmp.Diff(want, taken); diff != "" {
			t.Errorf("the walk over %d states (-want +have):\n%s", n, diff)
		}
	}
}
