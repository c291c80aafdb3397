// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package chart

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// effects renders the chart with values and with their base, and returns what differs:
// "object path: value" of what is added, and "-object path" of what is gone. An object
// that comes or goes is named alone.
func effects(t *testing.T, base, vals map[string]any) []string {
	t.Helper()
	before, after := objects(t, render(t, base).Manifest), objects(t, render(t, vals).Manifest)
	var found []string
	for key := range before {
		if after[key] == nil {
			found = append(found, "-"+key)
		}
	}
	for key, object := range after {
		if before[key] == nil {
			found = append(found, "+"+key)
			continue
		}
		found = append(found, changes(key, before[key], object)...)
	}
	slices.Sort(found)
	return found
}

func changes(key string, before, after *unstructured.Unstructured) []string {
	old, now := map[string]string{}, map[string]string{}
	flatten("", before.Object, old)
	flatten("", after.Object, now)
	var found []string
	for path := range old {
		if _, stays := now[path]; !stays {
			found = append(found, "-"+key+" "+path)
		}
	}
	for path, value := range now {
		if was, there := old[path]; !there || was != value {
			found = append(found, key+" "+path+": "+value)
		}
	}
	return found
}

// flatten writes down each leaf of a value by its path.
func flatten(path string, value any, into map[string]string) {
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			flatten(strings.TrimPrefix(path+"."+key, "."), inner, into)
		}
	case []any:
		for i, inner := range v {
			flatten(fmt.Sprintf("%s[%d]", path, i), inner, into)
		}
	default:
		into[path] = fmt.Sprint(v)
	}
}

// effect is what a value, on top of a base, changes, and nothing else.
type effect struct {
	base, values string
	want         []string
}

// TestEachValueHasItsEffect sets one value at a time.
func TestEachValueHasItsEffect(t *testing.T) {
	t.Parallel()
	for _, table := range []map[string]effect{podEffects, argEffects, objectEffects, connectionEffects} {
		for name, e := range table {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				base := values(t, e.base)
				for i, line := range e.want {
					e.want[i] = strings.Replace(line, "RELEASE", pinned(t), 1)
				}
				slices.Sort(e.want)
				if diff := cmp.Diff(e.want, effects(t, base, merged(base, values(t, e.values)))); diff != "" {
					t.Errorf("values %s (-want +have):\n%s", e.values, diff)
				}
			})
		}
	}
}

// TestNoValueIsForgotten wants each value of values.yaml in one of the tables, and in
// testdata/full.yaml.
func TestNoValueIsForgotten(t *testing.T) {
	t.Parallel()
	named, full := map[string]bool{}, map[string]bool{}
	leaves("", fullValues(t), full)
	for _, table := range []map[string]effect{podEffects, argEffects, objectEffects, connectionEffects} {
		for _, e := range table {
			leaves("", values(t, e.values), named)
		}
	}
	all := map[string]bool{}
	leaves("", loadChart(t).Values, all)
	if len(all) < 40 {
		t.Errorf("values.yaml has %d values", len(all))
	}
	for _, path := range slices.Sorted(maps.Keys(all)) {
		if !covers(named, path) {
			t.Errorf("no table has an effect of %s", path)
		}
		if !covers(full, path) {
			t.Errorf("testdata/full.yaml does not set %s", path)
		}
	}
}

// leaves are the paths of values. A list or an empty map is one.
func leaves(path string, value any, into map[string]bool) {
	inner, isMap := value.(map[string]any)
	if !isMap || len(inner) == 0 {
		into[path] = true
		return
	}
	for key, v := range inner {
		leaves(strings.TrimPrefix(path+"/"+key, "/"), v, into)
	}
}

// covers says whether a path or something below it is named. Keys of free maps, such as
// labels, stand for one another.
func covers(named map[string]bool, path string) bool {
	if free := "grafanaDashboard/labels"; strings.HasPrefix(path, free+"/") {
		path = free
	}
	for name := range named {
		if name == path || strings.HasPrefix(name, path+"/") {
			return true
		}
	}
	return false
}

// merged lays values over others, as Helm does.
func merged(base, over map[string]any) map[string]any {
	result := maps.Clone(base)
	for key, value := range over {
		inner, isMap := value.(map[string]any)
		below, wasMap := result[key].(map[string]any)
		if isMap && wasMap {
			value = merged(below, inner)
		}
		result[key] = value
	}
	return result
}
