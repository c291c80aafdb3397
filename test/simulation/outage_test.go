// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// apiThatGoesDown answers until the first POST, whose reply is lost or not, and then
// nothing until it is restored.
type apiThatGoesDown struct {
	losesReply     bool
	down           atomic.Bool
	posts, deletes atomic.Int32
}

func (a *apiThatGoesDown) call(tr transport, c *call) (*http.Response, error) {
	if a.down.Load() {
		return nil, errReset
	}
	switch c.request.Method {
	case http.MethodDelete:
		a.deletes.Add(1)
	case http.MethodPost:
		if a.posts.Add(1) > 1 {
			break
		}
		a.down.Store(true)
		if a.losesReply {
			tr.commit(c)
			return nil, errReset
		}
	}
	return tr.serve(c)
}

// The POST was answered, writing the id down failed once, and the connection went down.
// A person withdrew the consent to what the deletion would do, and deleted: a minute later
// the group was archived, or deleted for good, by the policy of the time of the POST.
func TestAConsentWithdrawnAfterAPOSTIsHeeded(t *testing.T) {
	for name, policy := range map[string]v1alpha1.DeletionPolicy{
		"Archive becomes Orphan": v1alpha1.DeletionArchive, "Delete becomes Orphan": v1alpha1.DeletionDelete, "allowDelete is taken away": v1alpha1.DeletionDelete,
	} {
		t.Run(name, func(t *testing.T) {
			api := &apiThatGoesDown{}
			var failed atomic.Bool
			failsOnce := func(metadata map[string]any) {
				annotations, _ := metadata["annotations"].(map[string]any)
				if id, _ := annotations[v1alpha1.AnnotationGroupID].(string); id != "" && !failed.Swap(true) {
					metadata["uid"] = "the write fails"
				}
			}
			playedWith(t, simulator.Settings{}, breaks{call: api.call, patchBody: failsOnce}, func(w *world) {
				g, orphan := w.links.plainGroup("g"), name != "allowDelete is taken away"
				g.Spec.DeletionPolicy = policy
				w.kubectl.setAllowDelete(w.links[0], true)
				time.Sleep(time.Second)
				w.kubectl.declare(w.ops, g, "L1")
				id := madeSoon(w.sim)
				time.Sleep(time.Minute)
				if orphan {
					w.ops.edit(nameOf(g), func(o client.Object) { o.(*v1alpha1.Group).Spec.DeletionPolicy = v1alpha1.DeletionOrphan })
				} else {
					w.kubectl.setAllowDelete(w.links[0], false)
				}
				w.ops.delete(nameOf(g))
				time.Sleep(time.Minute)
				api.down.Store(false)
				time.Sleep(30 * time.Minute)
				if now := remoteNow(w.sim, id); !failed.Load() || now.ID == "" || now.Archived() || api.deletes.Load() > 0 {
					t.Errorf("the write failed: %t; the group is %+v after %d DELETEs", failed.Load(), now, api.deletes.Load())
				}
				if gone := w.ops.get(nameOf(g)) == nil; gone != orphan {
					t.Errorf("the Group is gone: %t", gone)
				}
			})
		})
	}
}

// A reply was lost as an outage began, and during it the manifest was replaced, which
// strips the note and the finalizer: once the API was back there was a second POST.
func TestAManifestReplacedInAnOutageMakesNoSecondGroup(t *testing.T) {
	api := &apiThatGoesDown{losesReply: true}
	playedWith(t, simulator.Settings{}, breaks{call: api.call}, func(w *world) {
		g := w.links.plainGroup("g")
		w.kubectl.declare(w.ops, g, "L1")
		made := madeSoon(w.sim)
		time.Sleep(time.Minute)
		w.ops.edit(nameOf(g), func(o client.Object) {
			o.SetAnnotations(nil)
			o.SetFinalizers(nil)
		})
		time.Sleep(5 * time.Second)
		api.down.Store(false)
		time.Sleep(10 * time.Minute)
		if posts, bound := api.posts.Load(), w.ops.idNow(g); posts != 1 || made == "" || bound != made {
			t.Errorf("%d POSTs; %q was made, and the Group is bound to %q", posts, made, bound)
		}
	})
}

// A Group was lost by force during its POST, in an outage, and its connection was made
// again: the group stayed behind for good, its settling asked an account that nobody
// polls, and a new Group of the same name had no status a day later.
func TestAGroupLostByForceDoesNotSilenceTheNextOfItsName(t *testing.T) {
	api := &apiThatGoesDown{}
	var w *world
	g := &v1alpha1.Group{}
	lose := func(tr transport, c *call) (*http.Response, error) {
		first := c.request.Method == http.MethodPost && api.posts.Load() == 0
		response, err := api.call(tr, c)
		if first {
			w.ops.delete(nameOf(g))
			w.ops.edit(nameOf(g), func(o client.Object) { o.SetFinalizers(nil) })
		}
		return response, err
	}
	playedWith(t, simulator.Settings{}, breaks{call: lose}, func(world *world) {
		w, g = world, world.links.plainGroup("g")
		w.kubectl.declare(w.ops, g, "L1")
		made := madeSoon(w.sim)
		time.Sleep(time.Minute)
		connection := w.links[0].connection
		w.ops.edit(connection, func(o client.Object) { o.SetFinalizers(nil) })
		w.ops.delete(connection)
		time.Sleep(time.Minute)
		w.links.setUp(w.ops)
		again := w.links.plainGroup("g")
		w.kubectl.declare(w.ops, again, "L2")
		time.Sleep(time.Minute)
		if now := w.ops.get(nameOf(again)).(*v1alpha1.Group); len(now.Status.Conditions) == 0 {
			t.Error("during the outage the new Group has no status")
		}
		api.down.Store(false)
		time.Sleep(30 * time.Minute)
		if now := remoteNow(w.sim, made); now.ID == "" || !now.Archived() {
			t.Errorf("what was made for the Group that is gone is not archived: %+v", now)
		}
		if id := w.ops.idNow(again); id == "" || id == made {
			t.Errorf("the new Group is bound to %q, and %q was the other's", id, made)
		}
	})
}

// ByName was ambiguous on "Twice". A person made "Once" remotely and edited spec.name: on
// the listing from before there was none of that name, and a second one was made.
func TestANameIsJudgedByAListingBegunAfterIt(t *testing.T) {
	api := &apiThatGoesDown{}
	playedWith(t, simulator.Settings{}, breaks{call: api.call}, func(w *world) {
		for range 2 {
			w.sim.Seed(simulator.Group{Name: "Twice", CreatedAt: time.Now()})
		}
		g := w.links.plainGroup("g")
		g.Spec.Name, g.Spec.AdoptionPolicy = "Twice", v1alpha1.AdoptByName
		w.kubectl.declare(w.ops, g, "L1")
		time.Sleep(10 * time.Minute)
		if ready := w.ops.get(nameOf(g)).(*v1alpha1.Group).Status.Conditions; len(ready) == 0 {
			t.Error("the Group has no status")
			return // and not Fatal, which would leave the world running: its goroutine is not the test's
		}
		once := w.sim.Seed(simulator.Group{Name: "Once", CreatedAt: time.Now()})
		w.ops.edit(nameOf(g), func(o client.Object) { o.(*v1alpha1.Group).Spec.Name = "Once" })
		time.Sleep(10 * time.Minute)
		if posts, bound := api.posts.Load(), w.ops.idNow(g); posts != 0 || bound != once {
			t.Errorf("%d POSTs; the Group is bound to %q, want %q", posts, bound, once)
		}
	})
}
