// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"slices"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/klink-cloud/klink-operator/internal/account"
)

// Its connection is kept by what is being made and by what is left behind, and says which is
// which; another connection says nothing of it.
func TestAConnectionTellsWhatIsMadeFromWhatIsLeftBehind(t *testing.T) {
	var l leftBehind
	connection, other := account.Key{Kind: "Connection", Name: "one"}, account.Key{Kind: "Connection", Name: "other"}
	name := func(n string) types.NamespacedName { return types.NamespacedName{Namespace: "a", Name: n} }
	gone := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	says := func(when string, key account.Key, making, left []string) {
		t.Helper()
		if got := l.creating(key); !slices.Equal(got, making) {
			t.Errorf("%s, being made are %q, want %q", when, got, making)
		}
		if got := l.on(key); !slices.Equal(got, left) {
			t.Errorf("%s, left behind are %q, want %q", when, got, left)
		}
	}
	for _, n := range []string{"three", "one", "two"} {
		l.begin(types.UID(n), connection, name(n))
	}
	l.begin("else", other, name("else"))
	says("at first", connection, []string{"a/one", "a/three", "a/two"}, nil)
	for _, n := range []string{"two", "one"} {
		if !l.add(types.UID(n), leftGroup{connection: connection, id: "id-" + n, group: name(n), since: gone}) {
			t.Errorf("that %s is left behind is no news", n)
		}
	}
	if l.add("one", leftGroup{connection: connection, id: "id-one", group: name("one"), since: gone.Add(time.Hour)}) {
		t.Error("what is known to be left behind is news")
	}
	says("when two Groups are gone", connection, []string{"a/three"}, []string{"id-one, made for a/one", "id-two, made for a/two"})
	says("all the while", other, []string{"a/else"}, nil)
	if l.expired("one", gone.Add(leftKept-time.Second)) || !l.expired("one", gone.Add(leftKept)) {
		t.Error("an hour of trying begins when the Group was first found gone")
	}
	if l.expired("three", gone.Add(24*time.Hour)) || l.expired("unknown", gone) {
		t.Error("what is being made, or unknown, was tried for long enough")
	}
	if g, noted := l.remove("one"); !noted || g.id != "id-one" || g.connection != connection {
		t.Errorf("removed: %+v, %t", g, noted)
	}
	if _, noted := l.remove("one"); noted {
		t.Error("it is removed twice")
	}
	says("in the end", connection, []string{"a/three"}, []string{"id-two, made for a/two"})
}

// The first that is left behind may be what a manager before has made.
func TestWhatWasNotSeenBeingMadeIsLeftBehindToo(t *testing.T) {
	var l leftBehind
	connection := account.Key{Kind: "Connection", Name: "one"}
	if !l.add("one", leftGroup{connection: connection, id: "id", since: time.Now()}) || len(l.on(connection)) != 1 {
		t.Error("nothing is left behind")
	}
}
