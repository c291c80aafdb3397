// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package security

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// remoteNamed is a remote group that was made then.
func remoteNamed(name string, made time.Time) simulator.Group {
	return simulator.Group{Name: name, CreatedAt: made}
}

// A namespace that may use an account, and shall have in it what it makes and no more, took
// what nobody owned.
func TestWhoMayNotAdoptBindsToNothing(t *testing.T) { //nolint:paralleltest // see newTenants
	w := newTenants(t)
	free := w.seed("The board")
	w.group(w.house, "victim")
	owned := w.await(w.house, "victim", v1alpha1.ReasonSynced).Status.ID
	earlier := time.Now().Add(-time.Hour) // than the Groups that want it
	old := w.remote.server.Seed(remoteNamed("The old", earlier))
	note := fmt.Sprintf(`{"time":%q,"name":"The old","fields":["name"],"digest":"x"}`, earlier.UTC().Format(time.RFC3339Nano))
	named := func(name string) func(*v1alpha1.Group) { return func(g *v1alpha1.Group) { g.Spec.Name = name } }
	byID := func(id string) func(*v1alpha1.Group) { return func(g *v1alpha1.Group) { g.Spec.GroupID = id } }
	byName := func(g *v1alpha1.Group) { g.Spec.AdoptionPolicy = v1alpha1.AdoptByName }
	deletes := func(g *v1alpha1.Group) { g.Spec.DeletionPolicy = v1alpha1.DeletionDelete }
	since := len(w.remote.requests())
	forbidden := map[string][]func(*v1alpha1.Group){
		"by-id":            {byID(free), deletes},
		"by-owned-id":      {byID(owned), deletes},
		"by-no-id":         {byID("missing"), deletes},
		"by-name":          {byName, named("The board"), deletes},
		"by-annotation":    {w.claiming(free, w.cluster), deletes},
		"by-owned":         {w.claiming(owned, w.cluster), deletes},
		"by-invention":     {w.claiming("invented", w.cluster), deletes},
		"by-other-cluster": {w.claiming(free, "another-cluster"), deletes},
		"by-attempt": {named("The old"), deletes, func(g *v1alpha1.Group) {
			g.Annotations = map[string]string{v1alpha1.AnnotationCreateAttempt: note}
		}},
	}
	for name, adjust := range forbidden {
		w.group(w.studio, name, adjust...)
	}
	for name := range forbidden {
		g := w.await(w.studio, name, v1alpha1.ReasonAdoptionNotAllowed)
		if text := message(g.Status.Conditions); !strings.Contains(text, "allowedAdoptionNamespaces") {
			t.Errorf("%s does not say what to do: %s", name, text)
		}
		if !meta.IsStatusConditionTrue(g.Status.Conditions, v1alpha1.ConditionStalled) {
			t.Errorf("%s is not Stalled", name)
		}
		w.wantShowsNothing(w.studio, name)
	}
	for _, line := range w.remote.requests()[since:] {
		for _, id := range []string{free, old, "missing", "invented"} {
			if strings.Contains(line, id) {
				t.Errorf("a Group that may not adopt made the operator send %s", line)
			}
		}
	}
	for name := range forbidden {
		w.delete(w.studio, name)
	}
	w.nextListings(1)
	for _, id := range []string{free, owned, old} {
		w.wantUntouched(id, since)
	}

	w.group(w.studio, "maker")
	made := w.await(w.studio, "maker", v1alpha1.ReasonSynced).Status.ID
	w.label(w.house, "adopt", "no") // unbinds nothing
	w.edit(w.house, "victim", func(g *v1alpha1.Group) { g.Spec.Description = new("changed") })
	w.await(w.house, "victim", v1alpha1.ReasonSynced)
	w.delete(w.studio, "maker")
	w.awaitGone(w.studio, "maker")
	if remote, _ := w.remote.server.Group(made); !remote.Archived() {
		t.Error("what a namespace made was not archived at deletion")
	}
}

// What only its own create can have made is no adoption: the reply was lost.
func TestWhoMayNotAdoptRecoversItsOwnCreate(t *testing.T) { //nolint:paralleltest // see newTenants
	w := newTenants(t)
	w.awaitConnection(v1alpha1.ReasonConnected)
	lost := w.remote.server.AddFault(simulator.Fault{Method: http.MethodPost, Action: simulator.ResetAfter, Times: 1})
	w.group(w.studio, "maker")
	w.await(w.studio, "maker", v1alpha1.ReasonSynced)
	lost.Remove()
	if groups := w.remote.server.Groups(); len(groups) != 1 {
		t.Errorf("there are %d remote groups", len(groups))
	}
}

// A label that was taken away went on allowing creations for ten seconds.
func TestALabelTakenAwayAllowsNoCreation(t *testing.T) { //nolint:paralleltest // see newTenants
	w := newTenants(t)
	w.group(w.house, "before")
	w.await(w.house, "before", v1alpha1.ReasonSynced)
	w.label(w.house, "use", "no")
	time.Sleep(1100 * time.Millisecond) // a reading may be a second old
	w.group(w.house, "after")
	w.await(w.house, "after", v1alpha1.ReasonConnectionNotAllowed)
	for _, g := range w.remote.server.Groups() {
		if g.Name == "The after" {
			t.Error("it was created for a namespace that is not allowed")
		}
	}
}

// A manifest copied with its annotations, within a namespace that may adopt, is told whose
// the remote group is.
func TestACopyWithinAnAllowedNamespaceIsAConflict(t *testing.T) { //nolint:paralleltest // see newTenants
	w := newTenants(t)
	w.group(w.house, "original")
	id := w.await(w.house, "original", v1alpha1.ReasonSynced).Status.ID
	w.group(w.house, "copy", w.claiming(id, w.cluster))
	g := w.await(w.house, "copy", v1alpha1.ReasonIDConflict)
	if text := message(g.Status.Conditions); !strings.Contains(text, w.house+"/original") {
		t.Errorf("it does not say whose it is: %s", text)
	}
}

// A namespace restored without status in which Groups may adopt is bound again by what the
// annotations say, once the API shows it.
func TestARestoreWithoutStatusBindsWhatTheAPIShows(t *testing.T) { //nolint:paralleltest // see newTenants
	w := newTenants(t)
	w.awaitConnection(v1alpha1.ReasonConnected)
	id := w.seed("The restored")
	w.group(w.house, "restored", w.claiming(id, w.cluster))
	w.group(w.house, "lost", w.claiming("gone-since", w.cluster))
	if g := w.await(w.house, "restored", v1alpha1.ReasonSynced); g.Status.ID != id {
		t.Errorf("it is bound to %q", g.Status.ID)
	}
	w.await(w.house, "lost", v1alpha1.ReasonRemoteMissing)
	if groups := w.remote.server.Groups(); len(groups) != 1 {
		t.Errorf("there are %d remote groups", len(groups))
	}
}
