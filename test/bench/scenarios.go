// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
	"github.com/klink-cloud/klink-operator/test/worlds"
)

// scenario is one thing to measure.
type scenario struct {
	name     string
	limit    simulator.RateLimit // that the operator is not told
	limited  bool                // left out of the short form
	defaults bool                // the default ceiling, else one that is out of the way
	run      func(context.Context, *world) error
}

func limitOf(perSecond float64) simulator.RateLimit {
	return simulator.RateLimit{RequestsPerSecond: perSecond, Burst: int(perSecond), RetryAfter: simulator.RetryAfterSeconds}
}

var scenarios = []scenario{
	{name: "create", run: create},
	{name: "defaults", defaults: true, run: neighbour},
	{name: "limit-20", limit: limitOf(20), limited: true, run: underLimit},
	{name: "limit-50", limit: limitOf(50), limited: true, run: underLimit},
	{name: "large", run: large},
}

// declare declares Groups, 16 at a time.
func (w *world) declare(ctx context.Context, namespace string, n, contacts int) error {
	var group errgroup.Group
	group.SetLimit(16)
	for i := range n {
		group.Go(func() error {
			g := worlds.Group(namespace, fmt.Sprint("g-", i), w.scenario, func(g *v1alpha1.Group) {
				g.Spec.ConnectionRef.Kind = v1alpha1.KindClusterConnection
				for c := range contacts {
					g.Spec.Contacts = append(g.Spec.Contacts, v1alpha1.Contact{Username: fmt.Sprintf("person-%d-%d", i, c)})
				}
			})
			return w.api.Create(ctx, g)
		})
	}
	return group.Wait()
}

// eventually waits until done, and says how long that took.
func eventually(ctx context.Context, pause time.Duration, done func() (bool, error)) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	for began := time.Now(); ; {
		if ok, err := done(); ok || err != nil {
			return time.Since(began), err
		}
		select {
		case <-ctx.Done():
			return 0, fmt.Errorf("it is not done in time: %w", ctx.Err())
		case <-time.After(pause):
		}
	}
}

func (w *world) made() int { return len(w.sim.Groups()) }

func isSynced(g *v1alpha1.Group) bool {
	return g.Status.ObservedGeneration == g.Generation && meta.IsStatusConditionTrue(g.Status.Conditions, v1alpha1.ConditionReady)
}

// synced waits until all Groups of a namespace are.
func (w *world) synced(ctx context.Context, namespace string) (time.Duration, error) {
	return eventually(ctx, time.Second, func() (bool, error) {
		var list v1alpha1.GroupList
		if err := w.api.List(ctx, &list, client.InNamespace(namespace)); err != nil {
			return false, err
		}
		return !slices.ContainsFunc(list.Items, func(g v1alpha1.Group) bool { return !isSynced(&g) }), nil
	})
}

// create makes many Groups without a limit, and then looks at what it costs to have them.
func create(ctx context.Context, w *world) error {
	before, err := w.patches(ctx)
	if err != nil {
		return err
	}
	began := time.Now()
	if err := w.declare(ctx, w.mass, w.groups, w.contacts); err != nil {
		return err
	}
	if _, err := eventually(ctx, 50*time.Millisecond, func() (bool, error) { return w.made() >= w.groups, nil }); err != nil {
		return err
	}
	w.note("groups a second", float64(w.groups)/time.Since(began).Seconds(), "1/s", "")
	if _, err := w.synced(ctx, w.mass); err != nil {
		return err
	}
	after, err := w.patches(ctx)
	if err != nil {
		return err
	}
	w.note("POSTs a group", float64(w.sim.Counts()["POST"])/float64(w.groups), "", "1.00")
	w.note("Kubernetes writes a group", (after-before)/float64(w.groups), "", "3.00")
	for _, rest := range []func(context.Context, *world) error{idle, restart, drift, memory} {
		if err := rest(ctx, w); err != nil {
			return err
		}
	}
	return nil
}

// idle looks at three resync intervals in which nothing happens.
func idle(ctx context.Context, w *world) error {
	const intervals = 3
	began, err := w.processor()
	if err != nil {
		return err
	}
	before, err := w.patches(ctx)
	if err != nil {
		return err
	}
	w.sim.ResetRequests()
	select {
	case <-time.After(intervals * 10 * time.Second):
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	after, err := w.patches(ctx)
	if err != nil {
		return err
	}
	ended, err := w.processor()
	w.note("idle: calls a resync", float64(len(w.sim.Requests()))/intervals, "", "")
	w.note("idle: writes", after-before, "", "0")
	w.note("idle: processor, at a resync of 10 s", 100*(ended-began)/(intervals*10), "% of a core", "")
	return err
}

// restart kills the manager; a person changes a Group just when the next one starts.
func restart(ctx context.Context, w *world) error {
	w.stop()
	before, err := w.patches(ctx)
	if err != nil {
		return err
	}
	w.sim.ResetRequests()
	began := time.Now()
	if err := w.start(); err != nil {
		return err
	}
	took, err := w.edit(ctx, w.mass, "g-1", "changed at a restart")
	if err != nil {
		return err
	}
	w.note("restart: a person's change", took.Seconds(), "s", "")
	if _, err := eventually(ctx, 50*time.Millisecond, func() (bool, error) { return w.sim.Counts()["GET list"] >= w.groups/100, nil }); err != nil {
		return err
	}
	w.note("restart: listed after", time.Since(began).Seconds(), "s", "")
	after, err := w.patches(ctx)
	w.note("restart: writes, the changed Group's among them", after-before, "", "3")
	return err
}

// edit changes a Group's description and waits until that is done.
func (w *world) edit(ctx context.Context, namespace, name, text string) (time.Duration, error) {
	g := &v1alpha1.Group{}
	g.Namespace, g.Name = namespace, name
	patch := client.RawPatch(types.MergePatchType, fmt.Appendf(nil, `{"spec":{"description":%q}}`, text))
	if err := w.api.Patch(ctx, g, patch); err != nil {
		return 0, err
	}
	return w.await(ctx, g)
}

// await waits until one Group is synced.
func (w *world) await(ctx context.Context, g *v1alpha1.Group) (time.Duration, error) {
	return eventually(ctx, 20*time.Millisecond, func() (bool, error) {
		err := w.api.Get(ctx, client.ObjectKeyFromObject(g), g)
		return isSynced(g), err
	})
}

// drift has one in a hundred remote groups changed by somebody else.
func drift(ctx context.Context, w *world) error {
	w.sim.ResetRequests()
	n := max(1, w.groups/100)
	for i, g := range w.sim.Groups() {
		if i < n {
			w.sim.Mutate(g.ID, func(g *simulator.Group) { g.Name = "drifted" })
		}
	}
	took, err := eventually(ctx, 50*time.Millisecond, func() (bool, error) { return w.sim.Counts()["PUT"] >= n, nil })
	w.note("drift of 1 %: corrected after", took.Seconds(), "s, resync 10 s", "")
	return err
}

func memory(_ context.Context, w *world) error {
	settled, err := w.memory("VmRSS")
	if err != nil {
		return err
	}
	peak, err := w.memory("VmHWM")
	w.note("memory, settled", settled, "MB", "")
	w.note("memory, peak", peak, "MB", "")
	return err
}

// underLimit makes so many Groups that the limit alone takes -seconds.
func underLimit(ctx context.Context, w *world) error {
	limit := w.sim.Settings().RateLimit.RequestsPerSecond
	n := int(limit) * w.limited
	var declared errgroup.Group
	declared.Go(func() error { return w.declare(ctx, w.mass, n, 0) })
	took, err := eventually(ctx, 50*time.Millisecond, func() (bool, error) { return w.made() >= n, nil })
	if err := declared.Wait(); err != nil {
		return err
	}
	refused := 0
	for _, r := range w.sim.Requests() {
		if r.Status == 429 {
			refused++
		}
	}
	w.note("time, of the least possible", took.Seconds()/float64(w.limited), "", "1.10 at 100 s")
	w.note("refused", 100*float64(refused)/float64(n), "%", "1")
	return err
}

// neighbour makes many Groups at the default ceiling, and meanwhile, one after the other, a
// neighbour's single Groups.
func neighbour(ctx context.Context, w *world) error {
	began := time.Now()
	if err := w.declare(ctx, w.mass, w.groups, 0); err != nil {
		return err
	}
	var waits []float64
	for i := 0; w.made() < w.groups; i++ {
		g := worlds.Group(w.other, fmt.Sprint("single-", i), w.scenario, func(g *v1alpha1.Group) {
			g.Spec.ConnectionRef.Kind = v1alpha1.KindClusterConnection
		})
		if err := w.api.Create(ctx, g); err != nil {
			return err
		}
		took, err := w.await(ctx, g)
		if err != nil {
			return err
		}
		waits = append(waits, took.Seconds())
		time.Sleep(500 * time.Millisecond)
	}
	w.note("all are made after", time.Since(began).Seconds(), "s", "30 for 1,000")
	slices.Sort(waits)
	if len(waits) > 0 {
		w.note("a neighbour's Group meanwhile, p50", waits[len(waits)/2], "s", "")
		w.note("a neighbour's Group meanwhile, p99", waits[len(waits)*99/100], "s", "")
	}
	return nil
}

// large makes one Group of many contacts.
func large(ctx context.Context, w *world) error {
	began := time.Now()
	if err := w.declare(ctx, w.mass, 1, w.large); err != nil {
		return err
	}
	if _, err := w.synced(ctx, w.mass); err != nil {
		return err
	}
	w.note(fmt.Sprintf("a Group of %d contacts", w.large), time.Since(began).Seconds(), "s", "")
	return memory(ctx, w)
}
