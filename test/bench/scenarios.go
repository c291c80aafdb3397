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
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
)

// scenario is one thing to measure.
type scenario struct {
	name     string
	limit    simulator.RateLimit // that the operator is not told
	named    bool                // run only when it is named
	grows    bool                // run once for each of -sizes
	bare     bool                // Groups without contacts
	defaults bool                // the default ceiling, else one that is out of the way
	interval time.Duration       // between two listings, resync when zero
	size     func(*options) int
	run      func(context.Context, *world) error
}

func (s *scenario) sizes(o *options) []int {
	if s.grows {
		return o.sizes
	}
	return []int{s.size(o)}
}

func limitOf(perSecond float64) simulator.RateLimit {
	return simulator.RateLimit{RequestsPerSecond: perSecond, Burst: int(perSecond), RetryAfter: simulator.RetryAfterSeconds}
}

func underLimitOf(perSecond int) scenario {
	return scenario{
		name: fmt.Sprint("limit-", perSecond), limit: limitOf(float64(perSecond)), interval: byDefault, run: underLimit,
		size: func(o *options) int { return perSecond * o.seconds },
	}
}

func someGroups(o *options) int { return o.groups }
func manyGroups(o *options) int { return o.many }
func oneGroup(*options) int     { return 1 }

// scenarios are in the order in which they are run.
var scenarios = []scenario{
	{name: "create", size: someGroups, run: create},
	{name: "defaults", size: someGroups, defaults: true, run: massCreate},
	{name: "many", size: manyGroups, run: many},
	{name: "large", size: oneGroup, run: large},
	{name: "storms", size: func(*options) int { return stormGroups }, defaults: true, named: true, run: storms},
	{name: "no-contacts", size: manyGroups, bare: true, named: true, run: many},
	{name: "growth", grows: true, named: true, run: many},
	{name: "limits", named: true}, // underLimitOf each of -rates
}

// declare declares Groups, 16 at a time.
func (w *world) declare(ctx context.Context, namespace, prefix string, n, contacts int) ([]v1alpha1.Group, error) {
	var group errgroup.Group
	group.SetLimit(16)
	groups := make([]v1alpha1.Group, n)
	for i := range n {
		group.Go(func() error {
			g := w.group(namespace, fmt.Sprint(prefix, i), func(g *v1alpha1.Group) {
				for c := range contacts {
					g.Spec.Contacts = append(g.Spec.Contacts, v1alpha1.Contact{Username: fmt.Sprintf("person-%d", (i*7+c*c)%2000+c)})
				}
			})
			err := w.api.Create(ctx, g)
			groups[i] = *g
			return err
		})
	}
	return groups, group.Wait()
}

func (w *world) group(namespace, name string, adjust ...func(*v1alpha1.Group)) *v1alpha1.Group {
	return worlds.Group(namespace, name, w.connection(), append(adjust, func(g *v1alpha1.Group) {
		g.Spec.ConnectionRef.Kind = v1alpha1.KindClusterConnection
	})...)
}

// eventually waits until done, and says how long that took.
func eventually(ctx context.Context, pause time.Duration, done func() (bool, error)) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Minute)
	defer cancel()
	for began := time.Now(); ; {
		if ok, err := done(); ok || err != nil {
			return time.Since(began), err
		}
		if err := sleep(ctx, pause); err != nil {
			return 0, fmt.Errorf("it is not done in time: %w", err)
		}
	}
}

// made is how many remote groups the operator has made.
func (w *world) made() int { return w.sim.Counts()["POST"] }

// making waits until so many are made.
func (w *world) making(ctx context.Context, n int) (time.Duration, error) {
	return eventually(ctx, 10*time.Millisecond, func() (bool, error) { return w.made() >= n, nil })
}

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

// edit changes a Group's description and waits until the API has it.
func (w *world) edit(ctx context.Context, namespace, name, text string) (time.Duration, error) {
	g := &v1alpha1.Group{}
	g.Namespace, g.Name = namespace, name
	patch := client.RawPatch(types.MergePatchType, fmt.Appendf(nil, `{"spec":{"description":%q}}`, text))
	if err := w.api.Patch(ctx, g, patch); err != nil {
		return 0, err
	}
	return w.await(ctx, g)
}

// single declares one Group and waits until it is made.
func (w *world) single(ctx context.Context, namespace, name string) (time.Duration, error) {
	g := w.group(namespace, name)
	if err := w.api.Create(ctx, g); err != nil {
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

// large makes one Group of many contacts.
func large(ctx context.Context, w *world) error {
	began := time.Now()
	if _, err := w.declare(ctx, w.mass, "g-", 1, w.largest); err != nil {
		return err
	}
	if _, err := w.synced(ctx, w.mass); err != nil {
		return err
	}
	w.note(fmt.Sprintf("made with %d contacts", w.largest), time.Since(began).Seconds(), "s")
	took, err := w.edit(ctx, w.mass, "g-0", "changed")
	if err != nil {
		return err
	}
	w.note("a person's change of it", took.Seconds(), "s")
	_, err = noteMemory(ctx, w)
	return err
}
