// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

// crowded is a group of many members, whose names begin so.
func crowded(id, prefix string) klink.Group {
	g := group(id, "described")
	for i := range 100 {
		g.Contacts = append(g.Contacts, fmt.Sprintf("%s-%d-%s", prefix, i, strings.Repeat("x", 100)))
	}
	return g
}

// What a listing shows was bounded, and what was read, or answered to a write, was kept as
// it came: 300 groups of a megabyte were more than the memory of the manager.
func TestWhatIsReadIsKeptWithinBounds(t *testing.T) {
	one := crowded("a", "guest")
	for how, take := range map[string]func(*mirror, klink.Group){
		"read":    func(m *mirror, g klink.Group) { m.read(g, start) },
		"written": func(m *mirror, g klink.Group) { m.wrote(g, []string{"contacts"}, start) },
	} {
		m := newMirror()
		m.room.most = 10 * bulk(&one)
		for n := range 3 * 100 {
			take(m, crowded(fmt.Sprint("group-", n%100), "guest"))
		}
		sum := 0
		for _, e := range m.entries {
			sum += bulk(&e.group)
		}
		if sum > m.room.most || sum != m.room.used {
			t.Errorf("%s: %d bytes are kept, of %d, and counted as %d", how, sum, m.room.most, m.room.used)
		}
		if r := m.lookup("group-99", start); r.Presence != Present || !r.Group.Unknown.Has(bulky) || r.Group.Name == "" {
			t.Errorf("%s: the last one is %+v", how, r)
		}
		for n := range 100 {
			m.drop(fmt.Sprint("group-", n))
		}
		if m.room.used != 0 {
			t.Errorf("%s: of nothing %d bytes are counted", how, m.room.used)
		}
	}
}

// Of what is not kept the digest tells whether it has changed, and each look at the account
// reads it, as lists leave it out.
func TestWhatIsNotKeptIsStillWatched(t *testing.T) {
	m := newMirror()
	m.room.most = 1
	if g := m.read(crowded("a", "guest"), start); len(g.Contacts) != 100 {
		t.Errorf("who reads it is shown %d members", len(g.Contacts))
	}
	listed := crowded("a", "guest")
	listed.Contacts, listed.Unknown = []string{}, remote.FieldContacts|remote.FieldDescription
	listed.Description = ""
	changedBy(t, m.take(listing(time.Minute, listed), "a"))
	declares := Bindings{Declares: map[string]remote.FieldSet{"a": remote.FieldContacts}}
	if ids := m.entries.hidden(declares); len(ids) != 1 {
		t.Errorf("to be read are %v", ids)
	}
	e := m.entries["a"]
	for prefix, want := range map[string]bool{"guest": false, "stranger": true} {
		before, left := e.group, e.left
		if changed := !shownAs(before, left, crowded("a", prefix)); changed != want {
			t.Errorf("with a member called %s it has changed: %t", prefix, changed)
		}
	}
	shown := crowded("a", "guest")
	m.take(listing(2*time.Minute, shown), "a")
	if r := m.lookup("a", at(2*time.Minute)); r.Group.Unknown != 0 || len(m.entries.hidden(declares)) != 0 {
		t.Errorf("a listing that shows all of it is not believed: %+v", r.Group.Unknown)
	}
}

// A lagging list may show what our write has replaced, however large that was.
func TestWhatOurWriteReplacedIsTheAPIsLagWhateverItsSize(t *testing.T) {
	m := newMirror()
	m.read(crowded("a", "before"), start)
	m.wrote(crowded("a", "after"), []string{"contacts"}, at(time.Minute))
	m.takeLate(listing(time.Minute+time.Second, crowded("a", "before")), at(time.Minute+2*time.Second), "a")
	if r := m.lookup("a", at(time.Minute+3*time.Second)); !strings.HasPrefix(r.Group.Contacts[0], "after") {
		t.Errorf("the lag undoes our write: %s", r.Group.Contacts[0])
	}
	m.room.most = 1
	m.wrote(crowded("a", "last-but-longer"), []string{"contacts"}, at(2*time.Minute))
	lagging := crowded("a", "after")
	lagging.AvatarURL = "https://changed"
	m.takeLate(listing(2*time.Minute+time.Second, lagging), at(2*time.Minute+2*time.Second), "a")
	if r := m.lookup("a", at(2*time.Minute+3*time.Second)); !r.Group.Unknown.Has(remote.FieldContacts) {
		t.Errorf("of what is not kept the lag is believed: %s", r.Group.Contacts[0])
	}
}

// Up to the bound all is kept, and beyond it only what is small, or no larger than before.
func TestWhatFitsIsKept(t *testing.T) {
	const size = 2 * smallBulk
	text := func(n int) klink.Group { return group("a", strings.Repeat("x", n)) }
	for name, c := range map[string]struct {
		used, had, size int
		kept            bool
	}{
		"as much as there is room for": {size, 0, size, true},
		"one more":                     {size + 1, 0, size, false},
		"in the place of what it had":  {2*size - 10, size - 10, size, true},
		"no larger than before":        {10 * size, size, size, true},
		"small":                        {10 * size, 0, smallBulk, true},
		"not so small":                 {10 * size, 0, smallBulk + 1, false},
	} {
		r := room{used: c.used, most: 2 * size}
		e := &entry{group: text(c.had), left: &sum{}}
		if kept := r.fit(e, text(c.size)); (len(kept.Description) == c.size) != c.kept || (e.left == nil) != c.kept {
			t.Errorf("%s: %d bytes of %d are kept", name, len(kept.Description), c.size)
		}
	}
}

func TestWhatMakesAGroupLargeIsCounted(t *testing.T) {
	g := klink.Group{Name: "not counted", Description: "1234", AvatarURL: "123", Contacts: []string{"12", "1"}, MoreContacts: true}
	if got, want := bulk(&g), 4+3+2+1+2*memberCost; got != want {
		t.Errorf("%d bytes are counted, want %d", got, want)
	}
	if light := lightened(g); bulk(&light) != 0 || light.Name != g.Name || light.MoreContacts || light.Unknown != bulky {
		t.Errorf("without it: %+v", light)
	}
}

// What a state that our write replaced did not show is not what a listing shows now.
func TestNothingIsShownAsItWasWhereItWasNotShown(t *testing.T) {
	g := group("a", "")
	known := pastOf(&g)
	if !known.shows(remote.FieldDescription, &g) {
		t.Error("the same text is not known again")
	}
	hidden := g
	hidden.Unknown = remote.FieldDescription
	unknown := pastOf(&hidden)
	if unknown.shows(remote.FieldDescription, &g) || known.shows(remote.FieldDescription, &hidden) || !unknown.shows(remote.FieldName, &g) {
		t.Error("a text that one of the two does not show is taken for the same")
	}
}
