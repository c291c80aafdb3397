// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plan

import (
	"encoding/json"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// notData lists what in a type is no plain data: what can be called, locked or
// waited for, and what can be neither compared nor printed.
func notData(t reflect.Type, path string, seen map[reflect.Type]bool) []string {
	if seen[t] || t == reflect.TypeFor[time.Time]() {
		return nil
	}
	seen[t] = true
	if strings.HasPrefix(t.PkgPath(), "sync") || reflect.PointerTo(t).Implements(reflect.TypeFor[sync.Locker]()) {
		return []string{path + " can be locked"}
	}
	switch t.Kind() {
	case reflect.Func, reflect.Chan, reflect.Interface, reflect.UnsafePointer:
		return []string{path + " is a " + t.Kind().String()}
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return notData(t.Elem(), path, seen)
	case reflect.Map:
		return append(notData(t.Key(), path+" key", seen), notData(t.Elem(), path, seen)...)
	case reflect.Struct:
		var found []string
		for field := range t.Fields() {
			if !field.IsExported() {
				found = append(found, path+"."+field.Name+" is not exported")
			}
			found = append(found, notData(field.Type, path+"."+field.Name, seen)...)
		}
		return found
	default:
		return nil
	}
}

// A function among the facts once locked the account, listed Groups and enqueued
// them in the middle of a decision, and no test could draw it.
func TestFactsArePlainData(t *testing.T) {
	for _, found := range notData(reflect.TypeFor[Facts](), "Facts", map[reflect.Type]bool{}) {
		t.Error(found)
	}
	type impure struct {
		Call  func()
		Wait  []chan int
		Guard map[string]*struct{ Mu sync.RWMutex }
		Any   any
		Own   struct{ hidden int }
	}
	want := []string{"impure.Call is a func", "impure.Wait is a chan", "impure.Guard.Mu can be locked", "impure.Any is a interface", "impure.Own.hidden is not exported"}
	if diff := cmp.Diff(want, notData(reflect.TypeFor[impure](), "impure", map[reflect.Type]bool{})); diff != "" {
		t.Errorf("the test does not see what it is there for (-want +got):\n%s", diff)
	}
}

// What is printed of a decision's input is all of it: read back, it decides alike.
func TestPrintedFactsDecideAlike(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := anyFacts(t)
		var read Facts
		if err := json.Unmarshal([]byte(f.String()), &read); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(Next(f), Next(&read)); diff != "" {
			t.Fatalf("printed and read back, it decides otherwise (-first +second):\n%s\n%s", diff, f)
		}
	})
}

// A name that the API showed cleared the screen of a person who read the log at -v=2.
func TestPrintedFactsMoveNoCursor(t *testing.T) {
	f := facts(remoteGroup(plaza(named("\x1b[2J\u202e\u009b31m\U000E0001 é"))))
	printed := f.String()
	for _, r := range printed {
		if !unicode.IsPrint(r) {
			t.Errorf("printed %q as it is", r)
		}
	}
	var read Facts
	if err := json.Unmarshal([]byte(printed), &read); err != nil || read.Remote.Group.Name != f.Remote.Group.Name {
		t.Errorf("read back as %q: %v", read.Remote.Group.Name, err)
	}
}

// A time beyond the year 9999 has no JSON.
func TestFactsThatCannotBePrintedSaySo(t *testing.T) {
	f := facts()
	f.Now = time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)
	if got := f.String(); !strings.HasPrefix(got, "facts that cannot be printed: ") {
		t.Errorf("printed as %.40q", got)
	}
}
