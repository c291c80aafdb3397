// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package integration

import (
	"fmt"
	"maps"
	"net/http"
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

func TestEachChangeCostsOnePutOfTheChangedFieldsAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	w.groups.create("busy", func(g *v1alpha1.Group) {
		g.Spec.Description, g.Spec.Contacts = new("one"), contacts("Hector", "Cliff")
	})
	w.groups.awaitSynced("busy")
	changes := []struct {
		change func(*v1alpha1.Group)
		body   string
	}{
		{func(g *v1alpha1.Group) { g.Spec.Name = "Renamed" }, `{"name":"Renamed"}`},
		{func(g *v1alpha1.Group) { g.Spec.Contacts = contacts("Cliff") }, `{"contacts":[{"username":"Cliff"}]}`},
		{func(g *v1alpha1.Group) { g.Spec.Contacts, g.Spec.Description = contacts(), new("") }, `{"contacts":[],"description":""}`},
		{func(g *v1alpha1.Group) { g.Spec.AvatarURL = new("https://example.com/a.png") }, `{"avatar_url":"https://example.com/a.png"}`},
	}
	for _, c := range changes {
		w.sim.ResetRequests()
		w.groups.edit("busy", c.change)
		w.groups.awaitSynced("busy")
		w.calls.want(map[string]int{"PUT": 1})
		if calls := w.calls.writes(); len(calls) == 1 {
			want := fmt.Sprintf("PUT /api/v1/groups/%s %s -> 200", w.groups.get("busy").Status.ID, c.body)
			if calls[0] != want {
				t.Errorf("the call was %s, not %s", calls[0], want)
			}
		}
	}
	// An order and a repetition are no change, an omitted field is none of ours.
	w.groups.edit("busy", func(g *v1alpha1.Group) { g.Spec.Contacts = contacts("Hector", "Cliff") })
	w.groups.awaitSynced("busy")
	w.sim.ResetRequests()
	w.groups.edit("busy", func(g *v1alpha1.Group) { g.Spec.Contacts = contacts("Cliff", "Hector", "Cliff") })
	w.groups.awaitSynced("busy")
	w.groups.edit("busy", func(g *v1alpha1.Group) { g.Spec.Description = nil })
	w.groups.awaitSynced("busy")
	w.calls.nextPasses(1)
	w.calls.want(nil)
}

const many = 250

// manyGroups makes a world of many converged Groups, one of whose remote groups is
// archived, so that a plain listing is known to show archived ones too.
func manyGroups(t *testing.T) (*world, *audit) {
	w := prepareWorld(t, simulator.Settings{}, atFullSpeed)
	writes := w.audit()
	w.start()
	w.sim.Seed(simulator.Group{Name: "Unmanaged and archived", ArchivedAt: time.Now()})
	names := w.groups.createMany("g", many)
	for _, name := range names {
		w.groups.awaitSynced(name)
	}
	w.connection.awaitConnected()
	w.calls.nextPasses(2)
	return w, writes
}

func TestBetweenChangesThereIsOneListingPerIntervalAndARestartCostsOne(t *testing.T) {
	t.Parallel()
	w, writes := manyGroups(t)
	versions := w.groups.versions()
	var listed time.Time
	watch := func() {
		t.Helper()
		w.sim.ResetRequests()
		writes.reset()
		listed = w.connection.get().Status.LastListTime.Time
	}
	quiet := func(what string) {
		t.Helper()
		w.calls.want(nil)
		const pages = (many + 1 + 99) / 100
		lists := w.calls.lists()
		for _, n := range lists[:len(lists)-1] {
			if n != pages {
				t.Errorf("%s: the looks at the account cost %v list calls, not %d each", what, lists, pages)
				break
			}
		}
		all := writes.all()
		// The connection says that it was listed, once in five minutes.
		if all["connections/sim"] <= int(w.connection.get().Status.LastListTime.Sub(listed)/(5*time.Minute)) {
			delete(all, "connections/sim")
		}
		if len(all) != 0 {
			t.Errorf("%s: the API server was written to: %v", what, all)
		}
		if !maps.Equal(w.groups.versions(), versions) {
			t.Errorf("%s: Groups were rewritten", what)
		}
	}
	watch()
	w.calls.nextPasses(3)
	quiet("between changes")

	w.stop()
	watch()
	w.start()
	w.calls.nextPasses(3)
	quiet("after a restart")

	// What a restart must not miss: a change made meanwhile.
	w.stop()
	w.sim.ResetRequests()
	w.groups.edit("g-7", func(g *v1alpha1.Group) { g.Spec.Description = new("changed while nobody looked") })
	w.start()
	w.groups.awaitSynced("g-7")
	if n := w.sim.Counts(); n[http.MethodPut] != 1 || n[http.MethodPost] != 0 || n["GET one"] > 1 {
		t.Errorf("one change cost %v", n)
	}
}
