// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/plan"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// creating notes on a Group that its create got no clear answer just now.
func creating(g *v1alpha1.Group) {
	note := plan.NewAttempt(plan.DeclaredBy(&g.Spec), time.Now(), nil)
	g.Annotations = map[string]string{v1alpha1.AnnotationCreateAttempt: note.Encode()}
}

// TestDiffFindsWhatAnAPIMayHaveRenamed: the operator takes what an API has trimmed, composed
// or folded for what its create may have made, and makes no second group beside it.
func TestDiffFindsWhatAnAPIMayHaveRenamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.groups.create("plaza", creating)
	id := w.sim.Seed(simulator.Group{Name: " the PLAZA", CreatedAt: time.Now()})
	w.want(w.klink("diff"), 0, "kgrp/plaza: nothing (CreateUncertain", id)
	w.operate()
	w.groups.await("plaza", v1alpha1.ReasonCreateUncertain)
	w.wantNoWrites()
}

// TestDiffTakesNoNameForFree where the listing does not show whose it is.
func TestDiffTakesNoNameForFree(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sim.Configure(func(s *simulator.Settings) { s.OmitInLists = []string{"name", "archived_at"} })
	id := w.sim.Seed(simulator.Group{Name: "Stray"})
	w.groups.create("plaza", func(g *v1alpha1.Group) { g.Spec.AdoptionPolicy = v1alpha1.AdoptByName })
	w.want(w.klink("diff"), 0, "kgrp/plaza: nothing (CreateUncertain", id)
	s := w.want(w.klink("orphans", "--connection", "kconn/sim"), 1, id)
	if strings.Count(s.out, "<unknown>") != 2 {
		t.Errorf("what the listing does not show is shown: %s", s.out)
	}
	w.operate()
	w.groups.await("plaza", v1alpha1.ReasonCreateUncertain)
	w.wantNoWrites()
}

// TestDiffKnowsWhoElseClaimsAGroup, before anything is bound.
func TestDiffKnowsWhoElseClaimsAGroup(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.sim.Seed(simulator.Group{Name: "The first"})
	for _, name := range []string{"first", "second"} {
		w.groups.create(name, func(g *v1alpha1.Group) { g.Spec.Name, g.Spec.GroupID = "The first", id })
	}
	s := w.want(w.klink("diff"), 1, "adopt "+id, "nothing (IDConflict: remote group "+id+" is owned by Group "+w.namespace+"/")
	adopts, waits := "first", "second"
	if strings.Contains(s.out, "kgrp/second: adopt") {
		adopts, waits = waits, adopts
	}
	w.operate()
	w.groups.await(adopts, v1alpha1.ReasonSynced)
	w.groups.await(waits, v1alpha1.ReasonIDConflict)
	w.wantNoWrites()
}

// TestDiffSeesTwoManifestsOfOneGroup, as a copied one is.
func TestDiffSeesTwoManifestsOfOneGroup(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, named := w.sim.Seed(simulator.Group{Name: "The plaza"}), w.sim.Seed(simulator.Group{Name: "The ritz"})
	text := ""
	for _, m := range [][2]string{
		{"plaza", "name: The plaza\n  groupID: " + id}, {"copy", "name: The plaza\n  groupID: " + id},
		{"ritz", "name: The ritz\n  adoptionPolicy: ByName"}, {"twin", "name: The ritz\n  adoptionPolicy: ByName"},
	} {
		text += fmt.Sprintf("---\napiVersion: klink.cloud/v1alpha1\nkind: Group\nmetadata: {name: %s}\nspec:\n  connectionRef: {kind: Connection, name: sim}\n  %s\n", m[0], m[1])
	}
	s := w.want(w.run(text, "diff", "-f", "-", "-n", w.namespace, "--kubeconfig", cluster.Kubeconfig()), 1,
		"adopt "+id, "nothing (IDConflict: remote group "+id, "kgrp/ritz: adopt "+named, "kgrp/twin: adopt "+named,
		"kgrp/twin: unless kgrp/ritz takes "+named+", which only one of them gets\n")
	if strings.Count(s.out, "adopt "+id) != 1 {
		t.Error(s.out)
	}
}

// TestDiffLeavesAGroupToTheCreateThatMayHaveMadeIt: another Group's, that is open still.
func TestDiffLeavesAGroupToTheCreateThatMayHaveMadeIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.groups.create("first", func(g *v1alpha1.Group) { g.Spec.Name, g.Spec.Description = "The second", new("not what was sent") }, creating)
	w.sim.Seed(simulator.Group{Name: "The second", CreatedAt: time.Now()})
	w.groups.create("second")
	w.want(w.klink("diff", "second"), 0, "kgrp/second: nothing (Creating: waiting for Group "+w.namespace+"/first")
}

// TestDiffShowsNoDifferenceThatIsNotKnown: what a listing leaves out, or shows in part, is no
// difference. A person would take it for drift, or merge against it.
func TestDiffShowsNoDifferenceThatIsNotKnown(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(map[string]any){
		"left out": func(g map[string]any) {
			delete(g, "contacts")
			delete(g, "description")
			delete(g, "avatar_url")
			delete(g, "archived_at")
			delete(g, "name")
		},
		"unreadable":    func(g map[string]any) { g["contacts"], g["description"], g["archived_at"] = "3", 7, "soon" },
		"empty members": func(g map[string]any) { g["contacts"] = []any{} },
		"a preview":     func(g map[string]any) { g["description"] = "World-" },
		"a count":       func(g map[string]any) { g["contacts"], g["contacts_count"] = []any{}, 2 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorldBehind(t, edit)
			id := w.sim.Seed(simulator.Group{
				Name: "Plaza", Description: new("World-renowned."), AvatarURL: new("https://klink.example/a.png"), Contacts: simulator.Contacts("Hector", "Eve"), ArchivedAt: time.Unix(9, 0),
			})
			const manifest = `
apiVersion: klink.cloud/v1alpha1
kind: Group
metadata: {name: %s}
spec:
  connectionRef: {kind: Connection, name: sim}
  name: Plaza
  groupID: %s
  description: %s
  avatarURL: https://klink.example/a.png
  archived: true
  contacts: [{username: Hector}, {username: Eve}]
%s`
			diff := func(name, description, more string) string {
				text := fmt.Sprintf(manifest, name, id, description, more)
				return w.want(w.run(text, "diff", "-f", "-", "-n", w.namespace, "--kubeconfig", cluster.Kubeconfig()), 1).out
			}
			if got, want := diff("plaza", "World-renowned.", ""), "kgrp/plaza: adopt "+id+"\n"; got != want {
				t.Errorf("%q, want %q", got, want)
			}
			if got, want := diff("plaza", "Closed.", ""), "kgrp/plaza: adopt "+id+"\nkgrp/plaza: update "+id+"\n  description:\n    - World-renowned.\n    + Closed.\n"; got != want {
				t.Errorf("%q, want %q", got, want)
			}
			if got, want := diff("seen", "World-renowned.", "  managementPolicy: Observe\n"), "kgrp/seen: adopt "+id+"\n"; got != want {
				t.Errorf("%q, want %q", got, want)
			}
			w.wantNoWrites()
		})
	}
}
