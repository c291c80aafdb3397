// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// found is a verdict by the keys concerned.
type found struct {
	Duplicates, Leaks, Unsettled []string
}

func keys(findings []finding) []string {
	set := map[string]bool{}
	for _, f := range findings {
		set[f.key] = true
	}
	return slices.Sorted(maps.Keys(set))
}

// remote is a remote group made for a key.
func remote(id, key string, archived bool) simulator.Group {
	g := simulator.Group{ID: id, Name: "The " + key, Description: new(key + " as written first")}
	if archived {
		g.ArchivedAt = time.Now()
	}
	return g
}

// synced is a Group of key a that says it is bound to a remote group.
func synced(name, id string) v1alpha1.Group {
	g := v1alpha1.Group{ObjectMeta: metav1.ObjectMeta{Name: name, Generation: 1}}
	g.Spec.Name, g.Spec.Description = "The a", new("a as written first")
	g.Status.ID = id
	g.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, ObservedGeneration: 1}}
	return g
}

func TestVerdict(t *testing.T) {
	twins := []*declared{{name: "a1", key: "a"}, {name: "a2", key: "a"}}
	one := []*declared{{name: "a", key: "a"}}
	gone := func(p v1alpha1.DeletionPolicy) []*declared {
		return []*declared{{name: "a", key: "a", policy: p, deleted: true}}
	}
	unready, deleting, stale := synced("a", "1"), synced("a", "1"), synced("a", "1")
	unready.Status.Conditions[0].Status = metav1.ConditionFalse
	deleting.DeletionTimestamp = &metav1.Time{Time: time.Now()}
	stale.Generation = 2
	for name, tc := range map[string]struct {
		declared []*declared
		groups   []v1alpha1.Group
		remote   []simulator.Group
		want     found
	}{
		"as it should be":              {one, []v1alpha1.Group{synced("a", "1")}, []simulator.Group{remote("1", "a", false)}, found{}},
		"archived with its Group":      {gone(v1alpha1.DeletionArchive), nil, []simulator.Group{remote("1", "a", true)}, found{}},
		"left on purpose":              {gone(v1alpha1.DeletionOrphan), nil, []simulator.Group{remote("1", "a", false)}, found{}},
		"left behind":                  {gone(v1alpha1.DeletionArchive), nil, []simulator.Group{remote("1", "a", false)}, found{Leaks: []string{"a"}}},
		"left behind beside the owned": {one, []v1alpha1.Group{synced("a", "1")}, []simulator.Group{remote("1", "a", false), remote("2", "a", false)}, found{Duplicates: []string{"a"}, Leaks: []string{"a"}}},
		"made twice, one archived":     {gone(v1alpha1.DeletionOrphan), nil, []simulator.Group{remote("1", "a", false), remote("2", "a", true)}, found{Duplicates: []string{"a"}}},
		"twins": {
			twins, []v1alpha1.Group{synced("a1", "2"), synced("a2", "1")},
			[]simulator.Group{remote("1", "a", false), remote("2", "a", false)}, found{},
		},
		"twins that share a remote group": {
			twins, []v1alpha1.Group{synced("a1", "1"), synced("a2", "1")},
			[]simulator.Group{remote("1", "a", false)}, found{Duplicates: []string{"a"}},
		},
		"not ready":                 {one, []v1alpha1.Group{unready}, []simulator.Group{remote("1", "a", false)}, found{Unsettled: []string{"a"}}},
		"ready as it was before":    {one, []v1alpha1.Group{stale}, []simulator.Group{remote("1", "a", false)}, found{Unsettled: []string{"a"}}},
		"being deleted":             {gone(v1alpha1.DeletionArchive), []v1alpha1.Group{deleting}, []simulator.Group{remote("1", "a", false)}, found{Unsettled: []string{"a"}}},
		"gone without a reason":     {one, nil, nil, found{Unsettled: []string{"a"}}},
		"its remote group gone":     {one, []v1alpha1.Group{synced("a", "1")}, nil, found{Unsettled: []string{"a"}}},
		"its remote group archived": {one, []v1alpha1.Group{synced("a", "1")}, []simulator.Group{remote("1", "a", true)}, found{Unsettled: []string{"a"}}},
		"its remote group another's": {
			one, []v1alpha1.Group{synced("a", "1")}, []simulator.Group{remote("1", "b", false)},
			found{Duplicates: []string{"b"}, Unsettled: []string{"a"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := &stage{sim: simulator.New(simulator.Options{})}
			j := &judge{stage: s, people: &people{stage: s, all: tc.declared}}
			for _, g := range tc.remote {
				s.sim.Seed(g)
			}
			v := j.verdict(tc.groups)
			got := found{keys(v.duplicates), keys(v.leaks), keys(v.unsettled)}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
