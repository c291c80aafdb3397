// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"hash/fnv"
	"math/rand/v2"
	"sync"
	"time"
)

// chance is all that is drawn from a seed: each has dice of its own. It touches the
// journal alone, to count what strikes.
type chance struct {
	journal *journal

	mu         sync.Mutex
	streams    map[string]*rand.Rand
	faultRates faultRates
}

// faultRates is how likely a fault is at each call, all zero once the faults stop, and
// how long a change takes to reach a cache at the most.
type faultRates struct {
	http, kube float64
	slowCache  time.Duration
}

func newChance(j *journal) *chance { return &chance{journal: j, streams: map[string]*rand.Rand{}} }

func (c *chance) setFaultRates(change func(*faultRates)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.faultRates)
}

// crowded: every second world is, so that the others keep their histories.
func (c *chance) crowded() bool { return c.journal.seed%2 == 0 }

// people's dice decide what happens to the world.
func (c *chance) people() dice { return dice{c, "people"} }

func (c *chance) roll(n int) int { return c.people().roll(n) }

func (c *chance) pickName() string { return []string{"alpha", "beta", "gamma"}[c.roll(3)] }

// dice are somebody's own: what one draws does not depend on who else woke at the
// same instant and drew first, which the machine decides.
type dice struct {
	chance *chance
	key    string
}

// use hands out the stream of these dice. The chance is locked meanwhile.
func (d dice) use(f func(*rand.Rand)) {
	c := d.chance
	c.mu.Lock()
	defer c.mu.Unlock()
	stream := c.streams[d.key]
	if stream == nil {
		h := fnv.New64a()
		_, _ = h.Write([]byte(d.key))
		stream = rand.New(rand.NewPCG(c.journal.seed, h.Sum64()))
		c.streams[d.key] = stream
	}
	f(stream)
}

// roll draws a number below n.
func (d dice) roll(n int) (drawn int) {
	d.use(func(r *rand.Rand) { drawn = r.IntN(n) })
	return drawn
}

// latency is what one step takes: a few milliseconds, practically never the same.
func (d dice) latency() (drawn time.Duration) {
	d.use(func(r *rand.Rand) { drawn = time.Duration(r.Int64N(int64(10*time.Millisecond))) + time.Microsecond })
	return drawn
}

// lag is how long a change takes to reach a cache.
func (d dice) lag() (drawn time.Duration) {
	d.use(func(r *rand.Rand) {
		drawn = time.Duration(r.Int64N(int64(d.chance.faultRates.slowCache)+int64(5*time.Millisecond))) + time.Microsecond
	})
	return drawn
}

// http tells whether a fault strikes a call to the API, and which.
func (d dice) http(faults ...string) string {
	return d.fault(func(now faultRates) float64 { return now.http }, faults)
}

// kube tells whether a fault strikes a call to Kubernetes, and which.
func (d dice) kube(faults ...string) string {
	return d.fault(func(now faultRates) float64 { return now.kube }, faults)
}

func (d dice) fault(probability func(faultRates) float64, faults []string) (fault string) {
	d.use(func(r *rand.Rand) {
		if r.Float64() < probability(d.chance.faultRates) {
			fault = faults[r.IntN(len(faults))]
			d.chance.journal.count(fault)
		}
	})
	return fault
}
