// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"context"
	"fmt"
	"time"

	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// create has the operator and the bare client make remote groups by turns, on one control
// plane, where no limit is in the way. While the one works, the other is stopped, and
// nothing is declared: what is made was declared before.
func create(ctx context.Context, w *world) error {
	if err := climb(ctx, w); err != nil {
		return err
	}
	sim, endpoint, end, err := standIn(ctx, simulator.Settings{Latency: w.latency})
	if err != nil {
		return err
	}
	defer end()
	b := w.bareClient(endpoint)
	var operator, bare turns
	before, err := w.counted(ctx)
	if err != nil {
		return err
	}
	for round := range w.rounds {
		if err := operatorsTurn(ctx, w, &operator, round); err != nil {
			return err
		}
		if err := bareClientsTurn(ctx, w, &bare, b, round); err != nil {
			return err
		}
	}
	if made := sim.Counts()["POST"]; made != w.rounds*w.size {
		return fmt.Errorf("the bare client has made %d groups", made)
	}
	n := float64(w.rounds * w.size)
	w.note("groups a second, the operator", n/operator.took.Seconds(), "1/s")
	w.note("groups a second, the bare client", n/bare.took.Seconds(), "1/s")
	w.judge("the operator's part of that", bare.took.Seconds()/operator.took.Seconds(), "", 0.7)
	w.note("processor time a group: the manager", operator.used.manager/n*1000, "ms")
	w.note("processor time a group: the control plane, for the operator", operator.used.controlPlane/n*1000, "ms")
	w.note("processor time a group: the control plane, for the bare client", bare.used.controlPlane/n*1000, "ms")
	return noteCalls(ctx, w, before, n)
}

// turns are what the turns of one of the two have cost.
type turns struct {
	took time.Duration
	used used
}

func bareClientsTurn(ctx context.Context, w *world, t *turns, b *bare, round int) error {
	groups, err := w.declare(ctx, "default", fmt.Sprintf("%s-bare-%d-", w.scenario, round), w.size, w.members)
	if err != nil {
		return err
	}
	if err := w.manager.pause(); err != nil {
		return err
	}
	before, err := w.manager.used()
	if err != nil {
		return err
	}
	took, err := b.create(ctx, groups)
	if err != nil {
		return err
	}
	after, err := w.manager.used()
	if err != nil {
		return err
	}
	t.took, t.used = t.took+took, t.used.plus(after.since(before))
	return w.manager.resume()
}

// climb makes the learned rate rise until it is no longer what holds creations up.
func climb(ctx context.Context, w *world) error {
	n := 2000
	if w.short {
		n = 600
	}
	began := time.Now()
	if _, err := w.declare(ctx, w.mass, "climb-", n, 0); err != nil {
		return err
	}
	if _, err := w.making(ctx, n); err != nil {
		return err
	}
	w.note(fmt.Sprintf("the climb, of %d groups", n), time.Since(began).Seconds(), "s")
	_, err := w.synced(ctx, w.mass)
	return err
}

func operatorsTurn(ctx context.Context, w *world, t *turns, round int) error {
	if err := w.manager.pause(); err != nil {
		return err
	}
	if _, err := w.declare(ctx, w.mass, fmt.Sprintf("g-%d-", round), w.size, w.members); err != nil {
		return err
	}
	made := w.made()
	before, err := w.manager.used()
	if err != nil {
		return err
	}
	began := time.Now()
	if err := w.manager.resume(); err != nil {
		return err
	}
	profiled := make(chan error, 1)
	go func() { profiled <- w.keepProfile(ctx, "profile?seconds=4", fmt.Sprint("cpu-", round)) }()
	if _, err := w.making(ctx, made+w.size); err != nil {
		return err
	}
	after, err := w.manager.used()
	if err != nil {
		return err
	}
	t.took, t.used = t.took+time.Since(began), t.used.plus(after.since(before))
	if err := <-profiled; err != nil {
		return err
	}
	_, err = w.synced(ctx, w.mass)
	return err
}

// counts are calls so far.
type counts struct{ posts, gets, writes, events float64 }

func (w *world) counted(ctx context.Context) (c counts, err error) {
	if c.writes, err = w.writes(ctx, "groups"); err != nil {
		return c, err
	}
	c.events, err = w.writes(ctx, "events")
	c.posts, c.gets = float64(w.made()), float64(w.sim.Counts()["GET one"])
	return c, err
}

// noteCalls notes what a group has cost in calls. The bare client's writes are left out.
func noteCalls(ctx context.Context, w *world, before counts, n float64) error {
	after, err := w.counted(ctx)
	if err != nil {
		return err
	}
	bare := 0.0
	if w.scenario == "create" {
		bare = 3 * n
	}
	w.judge("POSTs a group", (after.posts-before.posts)/n, "", 1)
	w.judge("GETs a group", (after.gets-before.gets)/n, "", 0)
	w.judge("Kubernetes writes on Groups a group", (after.writes-before.writes-bare)/n, "", 3)
	w.note("Kubernetes events a group", (after.events-before.events)/n, "")
	return nil
}
