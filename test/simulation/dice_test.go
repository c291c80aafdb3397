// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"time"
)

// dice are somebody's own: what one draws does not depend on who else woke at the
// same instant and drew first, which the machine decides.
type dice struct {
	w   *world
	key string
}

// people's dice decide what happens to the world.
func (w *world) roll(n int) int { return dice{w, "people"}.roll(n) }

func (w *world) pickName() string { return []string{"alpha", "beta", "gamma"}[w.roll(3)] }

// dice are those of something that a process does.
func (p *process) dice(of string) dice { return dice{p.world, fmt.Sprintf("%d %s", p.number, of)} }

// use hands out the stream of these dice. w.mu is held meanwhile.
func (d dice) use(f func(*rand.Rand)) {
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	stream := d.w.streams[d.key]
	if stream == nil {
		h := fnv.New64a()
		_, _ = h.Write([]byte(d.key))
		stream = rand.New(rand.NewPCG(d.w.seed, h.Sum64()))
		d.w.streams[d.key] = stream
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
		drawn = time.Duration(r.Int64N(int64(d.w.weather.slowCache)+int64(5*time.Millisecond))) + time.Microsecond
	})
	return drawn
}

// http tells whether a fault strikes a call to the API, and which.
func (d dice) http(faults ...string) string {
	return d.fault(func(now weather) float64 { return now.http }, faults)
}

// kube tells whether a fault strikes a call to Kubernetes, and which.
func (d dice) kube(faults ...string) string {
	return d.fault(func(now weather) float64 { return now.kube }, faults)
}

func (d dice) fault(probability func(weather) float64, faults []string) (fault string) {
	d.use(func(r *rand.Rand) {
		if r.Float64() < probability(d.w.weather) {
			fault = faults[r.IntN(len(faults))]
			d.w.counts[fault]++
		}
	})
	return fault
}
