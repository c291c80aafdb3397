// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

const (
	// stormGroups are those of the namespace that keeps its neighbour waiting.
	stormGroups = 500
	// stormRequests are the Groups that a loop asks to be looked at each second.
	stormRequests = 12
	stormTime     = 30 * time.Second
	// defaultRate is the ceiling that a connection has by default, in calls a second.
	defaultRate = 50
)

// waits are how long somebody waited, by who it was.
type waits map[string][]float64

func (w waits) add(who string, took time.Duration) { w[who] = append(w[who], took.Seconds()) }

// meet lets the neighbour make one Group and change another, which is there.
func meet(ctx context.Context, w *world, into waits, name string) error {
	took, err := w.single(ctx, w.other, name)
	if err != nil {
		return err
	}
	into.add("a neighbour's new Group", took)
	if took, err = w.edit(ctx, w.other, "edited", name); err != nil {
		return err
	}
	into.add("a person's change", took)
	return sleep(ctx, 300*time.Millisecond)
}

// noteWaits notes the median and the 99th percentile, which among so few is about the longest.
// The limit is a second and the time of ten calls at the present rate.
func (w *world) noteWaits(when string, of waits, rate float64) {
	for _, who := range slices.Sorted(maps.Keys(of)) {
		took := of[who]
		slices.Sort(took)
		w.note(when+": "+who+" waits, p50", took[len(took)/2], "s")
		w.judge(fmt.Sprintf("%s: %s waits, p99 of %d", when, who, len(took)), took[len(took)*99/100], "s", 1+10/rate)
	}
}

// watchLists begins to look at how often the account is listed.
func (w *world) watchLists() { w.sim.ResetRequests() }

// noteLists notes the longest time from the beginning of one listing to that of the next.
func (w *world) noteLists(when string) {
	var last time.Time
	longest := time.Duration(0)
	pages := 0
	for _, r := range w.sim.Requests() {
		if r.Kind() != "GET list" {
			continue
		}
		pages++
		if strings.Contains(r.Query, "starting_after") {
			continue // the stand-in lists by cursor
		}
		if !last.IsZero() {
			longest = max(longest, r.Time.Sub(last))
		}
		last = r.Time
	}
	w.note(when+": longest time between two listings", longest.Seconds(), "s, resync 10 s")
	w.note(when+": pages listed", float64(pages), "")
}

// underLimit makes so many Groups that the limit alone takes -seconds.
func underLimit(ctx context.Context, w *world) error {
	limit := w.sim.Settings().RateLimit.RequestsPerSecond
	var declared errgroup.Group
	declared.Go(func() error {
		_, err := w.declare(ctx, w.mass, "g-", w.size, 0)
		return err
	})
	refused := 0
	took, err := eventually(ctx, 250*time.Millisecond, func() (bool, error) { return len(w.sim.Groups()) >= w.size, nil })
	if err != nil {
		return err
	}
	if err := declared.Wait(); err != nil {
		return err
	}
	for _, r := range w.sim.Requests() {
		if r.Status == 429 {
			refused++
		}
	}
	w.judge("time, of the least possible", took.Seconds()/(float64(w.size)/limit), "", 1.1)
	w.judge("refused", 100*float64(refused)/float64(len(w.sim.Requests())), "% of calls", 1)
	return nil
}

// storms lets one namespace change all its Groups at once, and then ask for twelve of them
// once a second, while a neighbour has single things to do. The ceiling is the default.
func storms(ctx context.Context, w *world) error {
	if _, err := w.declare(ctx, w.mass, "g-", w.size, 0); err != nil {
		return err
	}
	if _, err := w.synced(ctx, w.mass); err != nil {
		return err
	}
	if _, err := w.single(ctx, w.other, "edited"); err != nil {
		return err
	}
	w.watchLists()
	edited := make(chan error, 1)
	go func() { edited <- editAll(ctx, w) }()
	meanwhile, before := waits{}, w.sim.Counts()["PUT"]
	for i := 0; w.sim.Counts()["PUT"]-before < w.size; i++ {
		if err := meet(ctx, w, meanwhile, fmt.Sprint("edits-", i)); err != nil {
			return err
		}
	}
	if err := <-edited; err != nil {
		return err
	}
	w.noteWaits("mass edit", meanwhile, defaultRate)
	w.noteLists("mass edit")
	return requestStorm(ctx, w)
}

func editAll(ctx context.Context, w *world) error {
	var group errgroup.Group
	group.SetLimit(16)
	for i := range w.size {
		group.Go(func() error {
			g := &v1alpha1.Group{}
			g.Namespace, g.Name = w.mass, fmt.Sprint("g-", i)
			return w.api.Patch(ctx, g, client.RawPatch(types.MergePatchType, []byte(`{"spec":{"description":"all of them"}}`)))
		})
	}
	return group.Wait()
}

func requestStorm(ctx context.Context, w *world) error {
	storm, end := context.WithTimeout(ctx, stormTime)
	defer end()
	var asking errgroup.Group
	asking.Go(func() error {
		for round := 0; storm.Err() == nil; round++ {
			for i := range stormRequests {
				g := &v1alpha1.Group{}
				g.Namespace, g.Name = w.mass, fmt.Sprint("g-", i)
				patch := fmt.Appendf(nil, `{"metadata":{"annotations":{%q:%q}}}`, v1alpha1.AnnotationReconcileRequestedAt, strconv.Itoa(round))
				if err := w.api.Patch(ctx, g, client.RawPatch(types.MergePatchType, patch)); err != nil {
					return err
				}
			}
			_ = sleep(storm, time.Second) // the loop ends with the storm
		}
		return nil
	})
	w.watchLists()
	meanwhile := waits{}
	for i := 0; storm.Err() == nil; i++ {
		if err := meet(ctx, w, meanwhile, fmt.Sprint("requests-", i)); err != nil {
			return err
		}
	}
	if err := asking.Wait(); err != nil {
		return err
	}
	w.noteWaits("storm of requests", meanwhile, defaultRate)
	w.noteLists("storm of requests")
	return nil
}
