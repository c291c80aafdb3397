// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// remembers lists the maps and lists of the operator's own types that a process still
// holds something in, by the way that leads there.
func (p *process) remembers() []string {
	m := memoryWalk{seen: map[uintptr]bool{}}
	for _, kind := range slices.Sorted(maps.Keys(p.reconcilers)) {
		m.walk(kind, reflect.ValueOf(p.reconcilers[kind]))
	}
	return m.held
}

type memoryWalk struct {
	seen map[uintptr]bool
	held []string
}

// ours tells which structures are walked: those of the operator, but not what its
// configuration and this simulation put into them.
func ours(t reflect.Type) bool {
	return strings.Contains(t.PkgPath(), "klink-operator/internal/")
}

func (m *memoryWalk) walk(path string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() || m.seen[v.Pointer()] {
			return
		}
		m.seen[v.Pointer()] = true
		m.walk(path, v.Elem())
	case reflect.Interface:
		m.walk(path, v.Elem())
	case reflect.Map:
		if v.Len() > 0 {
			m.held = append(m.held, fmt.Sprintf("%s has %d: %v", path, v.Len(), v.MapKeys()))
		}
	case reflect.Slice:
		if v.Len() > 0 {
			m.held = append(m.held, fmt.Sprintf("%s has %d", path, v.Len()))
		}
	case reflect.Struct:
		if !ours(v.Type()) || strings.Contains(path, ".Rules") {
			return
		}
		for i := range v.NumField() {
			m.walk(path+"."+v.Type().Field(i).Name, v.Field(i))
		}
	}
}
