// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// scripted plays what no dice decide, in a world whose API loses the reply to the
// first POST and answers all else. It returns how many POSTs there were.
func scripted(t *testing.T, play func(w *world)) (posts int) {
	t.Helper()
	played(t, simulator.Settings{}, func(tr transport, c *call) (*http.Response, error) {
		if c.request.Method == http.MethodPost {
			if posts++; posts == 1 {
				tr.commit(c)
				return nil, errReset
			}
		}
		return tr.serve(c)
	}, play)
	return posts
}

// played is the same in a world whose API is as the settings say, and whose calls are
// carried out as answer says.
func played(t *testing.T, api simulator.Settings, answer func(transport, *call) (*http.Response, error), play func(w *world)) {
	t.Helper()
	playedWith(t, api, breaks{call: answer}, play)
}

// playedWith is the same with more that breaks than calls.
func playedWith(t *testing.T, api simulator.Settings, b breaks, play func(w *world)) {
	t.Helper()
	api.MaxLimit = 100
	synctest.Test(t, func(*testing.T) {
		w := newWorld(1, b)
		w.sim.Configure(func(s *simulator.Settings) { *s = api })
		w.managers.start(w.ops)
		time.Sleep(5*time.Minute + 10*time.Second) // no manager hands over any more, and a listing is ten seconds old
		play(w)
		w.end()
	})
}

// Somebody observed what a create had made whose reply was lost, and let it go: the
// Group of that create made a second one.
func TestWhatWasOnlyAdoptedIsStillFoundByItsCreate(t *testing.T) {
	for _, management := range []v1alpha1.ManagementPolicy{v1alpha1.ManagementObserve, v1alpha1.ManagementManage} {
		t.Run(string(management), func(t *testing.T) {
			var made, bound string
			posts := scripted(t, func(w *world) {
				g, guest := w.links.plainGroup("g"), w.links.plainGroup("guest")
				w.kubectl.declare(w.ops, g, "L1")
				made = madeSoon(w.sim)
				guest.Spec.GroupID, guest.Spec.ManagementPolicy, guest.Spec.DeletionPolicy = made, management, v1alpha1.DeletionOrphan
				w.kubectl.declare(w.ops, guest, "L2")
				time.Sleep(10 * time.Second)
				w.ops.delete(nameOf(guest))
				time.Sleep(10 * time.Minute)
				bound = w.ops.idNow(g)
			})
			if posts != 1 || bound != made || made == "" {
				t.Errorf("%d POSTs; %q was made, and the Group is bound to %q", posts, made, bound)
			}
		})
	}
}

// A Group went as an Orphan, and its manifest was applied again: the recovery of that
// create bound the old group, and its own stayed behind.
func TestWhatAnOrphanLeftIsNotWhatTheNextCreateMade(t *testing.T) {
	var left, bound string
	posts := scripted(t, func(w *world) {
		// Another manager has just made it, so that this one's mirror does not show it.
		left = w.sim.Seed(simulator.Group{Name: "Unique", CreatedAt: time.Now()})
		g := w.links.plainGroup("g")
		g.Annotations = map[string]string{v1alpha1.AnnotationGroupID: left, v1alpha1.AnnotationGroupCluster: w.ops.uid}
		g.Finalizers = []string{v1alpha1.FinalizerGroup}
		g.Spec.Suspend, g.Spec.DeletionPolicy = true, v1alpha1.DeletionOrphan // suspended, so that it is not read either
		w.kubectl.declare(w.ops, g, "L1")
		w.ops.edit(nameOf(g), func(o client.Object) { o.(*v1alpha1.Group).Status.ID = left })
		w.ops.delete(nameOf(g))
		time.Sleep(5 * time.Second)
		again := w.links.plainGroup("g")
		w.kubectl.declare(w.ops, again, "L2")
		time.Sleep(10 * time.Minute)
		bound = w.ops.idNow(again)
	})
	if posts != 1 || bound == left || bound == "" {
		t.Errorf("%d POSTs; %q was left, and the Group is bound to %q", posts, left, bound)
	}
}

// A manager died while it gave an id up: what only the annotation carried by then waited
// for a person, and no other group was made.
func TestACrashWhileAnIDIsGivenUpLosesNothing(t *testing.T) {
	var lost, bound string
	posts := scripted(t, func(w *world) {
		g, other := w.links.plainGroup("g"), w.links.plainGroup("other") // which shows that it is the right account
		other.Spec.Name = "Other"
		w.kubectl.declare(w.ops, g, "L1")
		w.kubectl.declare(w.ops, other, "L2")
		time.Sleep(10 * time.Minute)
		lost = w.ops.idNow(g)
		w.sim.Remove(lost)
		for carried := 2; carried > 1; { // by status and annotation
			time.Sleep(time.Millisecond)
			now := w.ops.get(nameOf(g)).(*v1alpha1.Group)
			carried = 0
			for _, id := range []string{now.Status.ID, now.Annotations[v1alpha1.AnnotationGroupID]} {
				if id != "" {
					carried++
				}
			}
		}
		w.managers.running[0].kill("while it gives the id up")
		w.managers.wait()
		w.managers.start(w.ops)
		time.Sleep(10 * time.Minute)
		bound = w.ops.idNow(g)
	})
	if posts != 3 || bound == lost || bound == "" {
		t.Errorf("%d POSTs; %q was given up, and the Group is bound to %q", posts, lost, bound)
	}
}
