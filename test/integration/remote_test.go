// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package integration

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// remote is the account as its other users see and change it: past the operator, and past
// the API. It touches the simulator alone.
type remote struct {
	*testing.T

	sim *simulator.Instance
}

// get is the remote group of this id, which must exist.
func (r remote) get(id string) simulator.Group {
	r.Helper()
	g, ok := r.sim.Group(id)
	if !ok {
		r.Fatalf("there is no remote group %q among %d", id, len(r.sim.Groups()))
	}
	return g
}

// seed puts a group into the account, past the API: an old one, unless told
// otherwise, so that it is nobody's create of just now.
func (r remote) seed(name string, adjust ...func(*simulator.Group)) string {
	g := simulator.Group{Name: name, CreatedAt: longAgo}
	for _, f := range adjust {
		f(&g)
	}
	return r.sim.Seed(g)
}

// crowd seeds so many old groups that nobody declares.
func (r remote) crowd(n int) {
	for i := range n {
		r.seed(fmt.Sprintf("Somebody else's %d", i))
	}
}

// wantCount checks how many remote groups there are: none was made twice, none lost.
func (r remote) wantCount(n int) {
	r.Helper()
	if groups := r.sim.Groups(); len(groups) != n {
		r.Errorf("want %d remote groups, have %d: %+v", n, len(groups), groups)
	}
}

// refuse answers the calls that match with a status and a message.
func (r remote) refuse(method string, status int, text string) *simulator.FaultHandle {
	return r.sim.AddFault(simulator.Fault{
		Method: method, PathRegexp: pathOf(method), Action: simulator.Status, Status: status, Body: fmt.Sprintf(`{"message":%q}`, text),
	})
}

// wantArchived is for tests that want to see what a deletion left.
func (r remote) wantArchived(id string, want bool) {
	r.Helper()
	if have := r.get(id).Archived(); have != want {
		r.Errorf("remote group %s has archived=%t, want %t", id, have, want)
	}
}

// pathOf keeps listings out of what a fault of GET concerns.
func pathOf(method string) string {
	if method == "GET" {
		return "/groups/."
	}
	return ""
}

// longAgo is before any Group of a test.
var longAgo = time.Date(1991, 12, 8, 19, 0, 0, 0, time.UTC)

// justNow is for groups that may be somebody's create of just now.
func justNow(g *simulator.Group) { g.CreatedAt = time.Time{} }

func usernames(g simulator.Group) []string {
	var names []string
	for _, c := range g.Contacts {
		names = append(names, c.Username)
	}
	slices.Sort(names)
	return names
}
