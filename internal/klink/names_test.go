// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"encoding/json"
	"fmt"
	"testing"
	"unsafe"
)

// What is read the short way says what any JSON reader would say.
func FuzzPlainMember(f *testing.F) {
	for _, raw := range []string{
		`{"username":"Hector"}`, `{"username": "Hector"}`, `{"username":""}`, `{"username":null}`, `{"username":"a","username":"b"}`,
		`{"username":"a\u0062"}`, `{"username":"a\\"}`, `{"username":"a"} `, `{"username":"Zoë"}`, "{\"username\":\"\xff\"}", `{"username":"}`,
		`{"username":"a","id":"b"}`, `{"Username":"a"}`, `null`, `"username"`,
	} {
		f.Add([]byte(raw))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		short, ok := plainMember(raw)
		if !ok || !json.Valid(raw) {
			return
		}
		long, err := username(raw)
		if err != nil || long != string(short) {
			t.Errorf("%q is read as %q, and as %q (%v)", raw, short, long, err)
		}
	})
}

func TestPlainMembersAreReadTheShortWay(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]bool{
		`{"username":"Hector"}`: true, `{"username": "Zoë"}`: true, `{"username":"a\u0062"}`: false, `{"username":"a","id":"b"}`: false, `null`: false,
		`{"username":"","id":"b"}`: false, `{"username":"\u0062"}`: false, `{"username":""}`: true,
	} {
		if _, ok := plainMember([]byte(raw)); ok != want {
			t.Errorf("%s: %t", raw, ok)
		}
	}
}

func TestANameIsKeptOnceWhileItComesAgain(t *testing.T) {
	t.Parallel()
	var n names
	first := n.of([]byte("Hector"))
	for i := range 10 * keptNames {
		n.of(fmt.Append(nil, "person-", i))
		if i%1000 == 0 && unsafe.StringData(n.of([]byte("Hector"))) != unsafe.StringData(first) {
			t.Fatal("one that comes again and again is forgotten")
		}
	}
	if kept := len(n.young) + len(n.aged); kept > 2*keptNames {
		t.Errorf("%d names are kept", kept)
	}
	if (*names)(nil).of([]byte("Hector")) != "Hector" {
		t.Error("without a place to keep it a name is lost")
	}
}
