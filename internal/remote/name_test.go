// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package remote

import "testing"

func TestNamesThatAnAPIMayTakeForOne(t *testing.T) {
	const name = "Caf\u00e9 Plaza"
	for _, same := range []string{name, " " + name + "\t\r\n", "Cafe\u0301 Plaza", "caf\u00c9 PLAZA", "CAFE\u0301 plaza\u00a0"} {
		if NameKey(same) != NameKey(name) {
			t.Errorf("%q is another name than %q", same, name)
		}
	}
	for _, other := range []string{"Cafe Plaza", "Caf\u00e9  Plaza", "Caf\u00e9Plaza", "", "Caf\u00e9 Plaza 2"} {
		if NameKey(other) == NameKey(name) {
			t.Errorf("%q is no other name than %q", other, name)
		}
	}
	if NameKey("\u03b1\u0345") != NameKey("\u1fb3") { // folding parts what is not composed before
		t.Error("a composed letter is told apart from its parts")
	}
	if NameKey("\u212a") != NameKey("k") { // the sign of Kelvin
		t.Error("runes that differ in case alone are told apart")
	}
}
