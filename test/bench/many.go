// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// resync is the interval of every world here that does not have the default, the shortest there is.
const resync = 10 * time.Second

// settles is how long the manager keeps what it does not use.
const settles = 15 * time.Second

// byDefault is the default resync interval.
const byDefault = time.Minute

// many makes many Groups, looks meanwhile at how long a person and a neighbour wait, and
// then at what it costs to have them.
func many(ctx context.Context, w *world) error {
	before, err := w.counted(ctx)
	if err != nil {
		return err
	}
	if _, err := w.single(ctx, w.other, "first"); err != nil {
		return err
	}
	empty, err := w.manager.memory("VmRSS")
	if err != nil {
		return err
	}
	if err := massCreate(ctx, w); err != nil {
		return err
	}
	if err := noteCalls(ctx, w, before, float64(len(w.sim.Groups()))); err != nil {
		return err
	}
	for _, rest := range []func(context.Context, *world) error{idle, duringResync, restart, drift} {
		if err := rest(ctx, w); err != nil {
			return err
		}
	}
	settled, err := noteMemory(ctx, w)
	if err != nil {
		return err
	}
	w.note("memory of an empty manager", empty, "MB")
	w.note("memory a group, beyond that", (settled-empty)*(1<<20)/float64(w.size), "bytes")
	return w.keepProfile(ctx, "heap", fmt.Sprint("heap-", w.size))
}

// massCreate declares the Groups, and meanwhile, one after the other, a neighbour's
// single Groups, and edits of Groups that there are already.
func massCreate(ctx context.Context, w *world) error {
	if _, err := w.single(ctx, w.other, "edited"); err != nil {
		return err
	}
	began := time.Now()
	declared := make(chan error, 1)
	go func() {
		_, err := w.declare(ctx, w.mass, "g-", w.size, w.members)
		declared <- err
	}()
	w.watchLists()
	meanwhile := waits{}
	for i := 0; w.made() < w.size; i++ {
		if err := meet(ctx, w, meanwhile, fmt.Sprint("single-", i)); err != nil {
			return err
		}
	}
	if err := <-declared; err != nil {
		return err
	}
	if _, err := w.synced(ctx, w.mass); err != nil {
		return err
	}
	w.note("mass create: declared, made and synced", time.Since(began).Seconds(), "s")
	w.noteWaits("mass create", meanwhile, float64(w.size)/time.Since(began).Seconds())
	w.noteLists("mass create")
	return nil
}

// idle looks at a few resync intervals in which nothing happens.
func idle(ctx context.Context, w *world) error {
	intervals := 2
	if w.short {
		intervals = 1
	}
	if err := sleep(ctx, resync); err != nil { // what the creation has left is done by then
		return err
	}
	began, err := w.manager.used()
	if err != nil {
		return err
	}
	before, err := w.writes(ctx, "groups")
	if err != nil {
		return err
	}
	w.sim.ResetRequests()
	profiled := make(chan error, 1)
	go func() {
		profiled <- w.keepProfile(ctx, fmt.Sprint("profile?seconds=", intervals*10), fmt.Sprint("idle-", w.size))
	}()
	if err := sleep(ctx, time.Duration(intervals)*resync); err != nil {
		return err
	}
	if err := <-profiled; err != nil {
		return err
	}
	calls := float64(len(w.sim.Requests())) / float64(intervals)
	ended, err := w.manager.used()
	if err != nil {
		return err
	}
	after, err := w.writes(ctx, "groups")
	seconds := ended.since(began).manager / float64(intervals)
	w.judge("idle: calls a resync", calls, "", float64(w.size/100+1))
	w.judge("idle: writes", after-before, "", 0)
	w.note("idle: processor time a resync", seconds, "s")
	return err
}

// duringResync looks at how long a person and a neighbour wait while the account is listed,
// which with many Groups is nearly always.
func duringResync(ctx context.Context, w *world) error {
	during := 2 * resync
	if w.short {
		during = resync / 2
	}
	meanwhile := waits{}
	began := time.Now()
	for i := 0; time.Since(began) < during; i++ {
		if err := meet(ctx, w, meanwhile, fmt.Sprint("resync-", i)); err != nil {
			return err
		}
	}
	w.noteWaits("resync", meanwhile, defaultRate)
	return nil
}

// restart kills the manager; a person changes a Group just when the next one starts.
func restart(ctx context.Context, w *world) error {
	w.manager.stop()
	before, err := w.writes(ctx, "groups")
	if err != nil {
		return err
	}
	w.sim.ResetRequests()
	began := time.Now()
	if err := w.start(ctx); err != nil {
		return err
	}
	edited := make(chan error, 1)
	var took time.Duration
	go func() {
		var err error
		took, err = w.edit(ctx, w.mass, "g-1", "changed at a restart")
		edited <- err
	}()
	first, err := eventually(ctx, 5*time.Millisecond, func() (bool, error) { return len(w.sim.Requests()) > 0, nil })
	if err != nil {
		return err
	}
	sent, err := eventually(ctx, 5*time.Millisecond, func() (bool, error) { return w.sim.Counts()["PUT"] > 0, nil })
	if err != nil {
		return err
	}
	if err := <-edited; err != nil {
		return err
	}
	pages := (w.size + 99) / 100
	if _, err := eventually(ctx, 20*time.Millisecond, func() (bool, error) { return w.sim.Counts()["GET list"] >= pages, nil }); err != nil {
		return err
	}
	listed, calls := time.Since(began), len(w.sim.Requests())
	if err := sleep(ctx, resync/2); err != nil {
		return err
	}
	after, err := w.writes(ctx, "groups")
	w.note("restart: the first call after", first.Seconds(), "s")
	w.judge("restart: a person's change at the API, from then on", sent.Seconds(), "s", 1+w.latency.Seconds())
	w.note("restart: that change in status, from the start on", took.Seconds(), "s")
	w.note("restart: listed after", listed.Seconds(), "s")
	w.judge("restart: calls until then, the person's among them", float64(calls), "", float64(pages+3))
	w.judge("restart: writes beside the changed Group's status", after-before-2, "", 0)
	return err
}

// drift has one in a hundred remote groups changed by somebody else.
func drift(ctx context.Context, w *world) error {
	n := max(1, w.size/100)
	groups := w.sim.Groups()
	w.sim.ResetRequests()
	for i := range n {
		w.sim.Mutate(groups[i*100%len(groups)].ID, func(g *simulator.Group) { g.Name = "drifted" })
	}
	took, err := eventually(ctx, 50*time.Millisecond, func() (bool, error) { return w.sim.Counts()["PUT"] >= n, nil })
	w.note("drift of 1 %: corrected after", took.Seconds(), "s, resync 10 s")
	c := w.sim.Counts()
	w.note("drift of 1 %: calls beside the listing", float64(c["GET one"]+c["PUT"]), "")
	return err
}

// noteIdle looks at one default interval.
func noteIdle(ctx context.Context, w *world) error {
	began, err := w.manager.used()
	if err != nil {
		return err
	}
	profiled := make(chan error, 1)
	go func() {
		profiled <- w.keepProfile(ctx, fmt.Sprint("profile?seconds=", byDefault.Seconds()), fmt.Sprint("default-", w.size))
	}()
	if err := sleep(ctx, byDefault); err != nil {
		return err
	}
	if err := <-profiled; err != nil {
		return err
	}
	ended, err := w.manager.used()
	if err != nil {
		return err
	}
	w.judge("idle: at the default interval", 100*ended.since(began).manager/byDefault.Seconds(), "% of a core", 0.5)
	return nil
}

// noteMemory reads what the manager takes once it has settled, in MB: a while after the
// last listing, at the default interval.
func noteMemory(ctx context.Context, w *world) (settled float64, _ error) {
	rare := client.RawPatch(types.MergePatchType, fmt.Appendf(nil, `{"spec":{"resyncInterval":%q}}`, byDefault))
	connection := &v1alpha1.ClusterConnection{ObjectMeta: metav1.ObjectMeta{Name: w.connection()}}
	if err := w.api.Patch(ctx, connection, rare); err != nil {
		return 0, fmt.Errorf("changing the connection: %w", err)
	}
	if !w.short { // there a default interval is too long to wait for
		if err := errors.Join(sleep(ctx, settles), noteIdle(ctx, w)); err != nil {
			return 0, err
		}
	}
	settled, err := w.manager.memory("VmRSS")
	if err != nil {
		return 0, err
	}
	peak, err := w.manager.memory("VmHWM")
	w.judge("memory, settled", settled, "MB", 120)
	w.note("memory, peak since the start", peak, "MB")
	return settled, err
}
