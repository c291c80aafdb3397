// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package integration

import (
	"maps"
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/plan"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// settledGroups creates Groups and lets a manager find them converged that has
// written nothing itself: our own writes excuse an absence for the settle time.
func (w *world) settledGroups(n int) (names []string) {
	w.Helper()
	names = w.groups.createMany("g", n)
	for _, name := range names {
		w.groups.awaitSynced(name)
	}
	w.connection.awaitConnected()
	w.stop()
	return names
}

// A token of another account shows none of the groups: that is no reason to make
// them there, nor to give anything up.
func TestAnAccountThatShowsNoneOfItsGroupsIsNotBelieved(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	names := w.settledGroups(4)
	versions := w.groups.versions()
	foreign := w.sim.AddFault(simulator.Fault{Action: simulator.Foreign})
	for range 4 { // as many as ours
		w.sim.Account("foreign").Seed(simulator.Group{Name: "Theirs"})
	}
	w.sim.ResetRequests()
	w.start()
	w.connection.awaitNotReady(v1alpha1.ReasonMassDisappearance, true, "4 of the 4", v1alpha1.AnnotationAcceptMissing)
	w.groups.create("new")
	g := w.groups.await("new", metav1.ConditionFalse, v1alpha1.ReasonConnectionNotReady)
	wantMessage(w, g, "does not show the groups")
	w.groups.delete("g-0")
	eventually(w, func() string {
		if g := w.groups.get("g-0"); g == nil || message(g) == "" || g.Status.Conditions[0].Reason != v1alpha1.ReasonDeleting {
			return "the deletion does not say what it waits for"
		}
		return ""
	})
	w.calls.nextPasses(1)
	w.calls.wantNoWrite()
	now := w.groups.versions()
	delete(versions, "g-0")
	for name, version := range versions {
		if now[name] != version {
			t.Errorf("%s was rewritten", name)
		}
	}

	foreign.Remove()
	w.connection.awaitConnected()
	w.groups.awaitSynced("new")
	w.groups.awaitGone("g-0")
	w.wantOneToOneWithArchived(append(names[1:], "new"), 1)
	w.connection.wantEvents(map[string]int{"MassDisappearance": 1, "Connected": 2, "Disconnected": 0})
}

// wantOneToOneWithArchived is wantOneToOne beside archived groups that nobody owns.
func (w *world) wantOneToOneWithArchived(names []string, archived int) {
	w.Helper()
	ids := map[string]bool{}
	for _, name := range names {
		ids[w.groups.get(name).Status.ID] = true
	}
	for _, g := range w.sim.Groups() {
		if !ids[g.ID] && g.Archived() {
			archived--
		} else if !ids[g.ID] {
			w.Errorf("remote group %s (%s) belongs to nobody", g.ID, g.Name)
		}
		delete(ids, g.ID)
	}
	if len(ids) > 0 || archived != 0 {
		w.Errorf("missing %v; %d too few archived ones", slices.Collect(maps.Keys(ids)), archived)
	}
}

// A Secret may be replaced by one of another account at any time, also right after
// our own writes.
func TestANewTokenHasToEarnTrust(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	for _, name := range w.groups.createMany("g", 3) {
		w.groups.awaitSynced(name)
	}
	w.connection.awaitConnected()
	w.sim.AddToken(token+"-foreign", "foreign")
	w.connection.setSecret(map[string]string{"token": token + "-foreign"})
	w.connection.awaitNotReady(v1alpha1.ReasonMassDisappearance, true, "3 of the 3")
	w.groups.create("new")
	w.groups.await("new", metav1.ConditionFalse, v1alpha1.ReasonConnectionNotReady)
	if theirs := w.sim.Account("foreign").Groups(); len(theirs) != 0 {
		t.Errorf("groups were made in the foreign account: %+v", theirs)
	}
	w.connection.setSecret(map[string]string{"token": token})
	w.connection.awaitConnected()
	w.groups.awaitSynced("new")
	w.wantOneToOne("g-0", "g-1", "g-2", "new")
}

func TestAPersonCanAcceptThatGroupsAreGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	names := w.settledGroups(3)
	for _, g := range w.sim.Groups() {
		w.sim.Remove(g.ID)
	}
	w.sim.ResetRequests()
	w.start()
	w.connection.awaitNotReady(v1alpha1.ReasonMassDisappearance, true, "3 of the 3")
	w.connection.acceptMissing("soon")
	w.connection.wantMessage("soon")
	w.calls.wantNoWrite()
	w.connection.acceptMissing(time.Now().UTC().Format(time.RFC3339))
	w.connection.awaitConnected()
	for _, name := range names {
		// Not before the settle time: nobody knows when the last manager wrote.
		eventuallyWithin(w, plan.SettleTime+patience, func() string {
			if w.groups.events(name)["Recreated"] == 0 {
				return name + " was not made again"
			}
			return ""
		})
		w.groups.awaitSynced(name)
	}
	w.wantOneToOne(names...)
	if n := w.sim.Counts()["POST"]; n != len(names) {
		t.Errorf("%d POSTs for %d Groups", n, len(names))
	}
}
