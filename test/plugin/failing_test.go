// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

const lists = "/groups$"

// TestAListingThatFailsHalfway is no account: nothing is told from its first pages.
func TestAListingThatFailsHalfway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for n := range 250 {
		w.sim.Seed(simulator.Group{Name: fmt.Sprint("Plaza ", n)})
	}
	w.operate()
	w.groups.create("bound", func(g *v1alpha1.Group) { g.Spec.Name, g.Spec.AdoptionPolicy = "Plaza 7", v1alpha1.AdoptByName })
	w.groups.create("taken", func(g *v1alpha1.Group) { g.Spec.Name = "Plaza 8" })
	w.groups.await("bound", v1alpha1.ReasonSynced)
	w.groups.await("taken", v1alpha1.ReasonNameTaken)
	w.sim.AddFault(simulator.Fault{
		Method: http.MethodGet, PathRegexp: lists, QueryRegexp: "starting_after", Action: simulator.Status, Status: http.StatusInternalServerError,
		Body: `{"message":"no\u001b[2J more \u009b31m"}`,
	})
	for _, args := range [][]string{
		{"import", "--connection", "kconn/sim"}, {"orphans", "--connection", "kconn/sim"}, {"adopt", "--yes"}, {"diff"}, {"diff", "bound"},
	} {
		s := w.want(w.klink(args...), 2, "error:")
		if strings.Contains(s.out, "Plaza") || strings.Contains(s.out, "nothing") || strings.ContainsAny(s.out+s.err, "\x1b\u009b") {
			t.Errorf("%v:\n%s\n%s", args, s.out, s.err)
		}
	}
	if g := w.groups.get("taken"); g.Spec.AdoptionPolicy != v1alpha1.AdoptNever {
		t.Errorf("taken says %s", g.Spec.AdoptionPolicy)
	}
}

// TestAnAccountThatCannotBeListed is never said to be known as a whole.
func TestAnAccountThatCannotBeListed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for n := range 150 {
		w.sim.Seed(simulator.Group{Name: fmt.Sprint("Plaza ", n)})
	}
	w.sim.Configure(func(s *simulator.Settings) { s.Paging = simulator.Incomplete })
	w.groups.create("taken", func(g *v1alpha1.Group) { g.Spec.Name = "Plaza 149" })
	w.groups.sayNameTaken("taken")
	for args, code := range map[string]int{"import --connection kconn/sim": 2, "orphans --connection kconn/sim": 2, "adopt --yes": 2} {
		s := w.want(w.klink(strings.Fields(args)...), code, "listed completely")
		if strings.Contains(s.out, "Plaza") {
			t.Errorf("%v:\n%s", args, s.out)
		}
	}
	if g := w.groups.get("taken"); g.Spec.AdoptionPolicy != v1alpha1.AdoptNever {
		t.Errorf("taken says %s", g.Spec.AdoptionPolicy)
	}
}

// TestAnAccountThatHidesArchivedGroups from every list says that it is complete. The Groups
// know better.
func TestAnAccountThatHidesArchivedGroups(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sim.Seed(simulator.Group{Name: "Stray"})
	old := w.sim.Seed(simulator.Group{Name: "Old", ArchivedAt: time.Unix(9, 0)})
	stop := w.operate()
	w.groups.create("old", func(g *v1alpha1.Group) { g.Spec.GroupID, g.Spec.Name, g.Spec.Archived = old, "Old", new(true) })
	w.groups.create("lost", func(g *v1alpha1.Group) { g.Spec.GroupID = "gone0000" })
	w.groups.await("old", v1alpha1.ReasonSynced)
	stop()
	w.want(w.klink("import", "--connection", "kconn/sim"), 0, "1 of 2 groups declared")
	w.sim.AddFault(simulator.Fault{Method: http.MethodGet, PathRegexp: lists, Action: simulator.Hide, IDs: []string{old}})
	for _, command := range []string{"import", "orphans"} {
		s := w.want(w.klink(command, "--connection", "kconn/sim"), 2, "cannot be listed completely")
		if s.out != "" {
			t.Errorf("%s: %s", command, s.out)
		}
	}
}

// TestDiffOfAConnectionThatTheOperatorRefuses: the plugin could read the account, and the
// operator does not.
func TestDiffOfAConnectionThatTheOperatorRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.url = "https://api.klink.example" // what is allowed
	w.operate()
	w.groups.create("plaza")
	w.groups.await("plaza", v1alpha1.ReasonConnectionNotReady)
	w.want(w.klink("diff"), 0, "kgrp/plaza: nothing (ConnectionNotReady", "EndpointNotAllowed")
	if n := len(w.sim.Requests()); n != 0 {
		t.Errorf("%d requests to an endpoint that is not allowed", n)
	}
}
