// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plan

import (
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// leaves calls visit for each value within v that is no struct, with the type that it is a
// field of: what one Remote or Backoff proves, each does.
func leaves(path string, v reflect.Value, visit func(path, value string)) {
	show := func(v any) {
		text, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		visit(path, string(text))
	}
	switch {
	case v.Type() == reflect.TypeFor[*v1alpha1.Group](): // its spec and status have tests of their own
	case v.Kind() == reflect.Struct && v.Type().PkgPath() != "time":
		for i := range v.NumField() {
			leaves(v.Type().Name()+"."+v.Type().Field(i).Name, v.Field(i), visit)
		}
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Struct:
		show(v.Len())
		for i := range v.Len() {
			leaves(path+"[]", v.Index(i), visit)
		}
	case v.Kind() == reflect.Pointer && v.Type().Elem().Kind() == reflect.Struct:
		visit(path, strconv.FormatBool(v.IsNil()))
		if !v.IsNil() {
			leaves(path, v.Elem(), visit)
		}
	default:
		show(v.Interface())
	}
}

// neverDrawn are the facts that the draw leaves as they are: what all times are counted
// from, what is only shown, and what tells the group of an attempt from others of its
// name, which TestRecover has rows for: the properties know nothing that fine.
var neverDrawn = []string{"Facts.Now", "Group.ConversationID", "Attempt.Time", "Attempt.Known"}

// The strongest test once drew no input that was a function, and one of these was false.
// Each fact has to have two values among what is drawn, or a line among those that have not.
func TestEveryFactIsDrawn(t *testing.T) {
	first, differs := map[string]string{}, map[string]bool{}
	rapid.Check(t, func(t *rapid.T) {
		for range factsAtOnce {
			leaves("Facts", reflect.ValueOf(*anyFacts(t)), func(path, value string) {
				if before, seen := first[path]; !seen {
					first[path] = value
				} else if before != value {
					differs[path] = true
				}
			})
		}
	})
	for path := range first {
		if differs[path] == slices.Contains(neverDrawn, path) {
			t.Errorf("%s: drawn %t", path, differs[path])
		}
	}
}
