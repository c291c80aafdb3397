// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// A token of another tenant had brought a connection to MassDisappearance. The right one
// came back, and was not read for up to resyncInterval, which may be a day.
func TestATokenFixedUnderMassDisappearanceIsReadSoon(t *testing.T) {
	played(t, simulator.Settings{}, transport.serve, func(w *world) {
		l, day := w.links[0], 24*time.Hour
		w.ops.edit(l.connection, func(o client.Object) { l.spec(o).ResyncInterval = metav1.Duration{Duration: day} })
		var groups []*v1alpha1.Group
		for i := range 4 {
			g := w.links.plainGroup(fmt.Sprint("g", i))
			g.Spec.Name = fmt.Sprint("Unique ", i)
			w.kubectl.declare(w.ops, g, fmt.Sprint("L", i))
			groups = append(groups, g)
		}
		time.Sleep(10 * time.Minute)
		w.kubectl.setToken(l, foreignToken)
		time.Sleep(2 * day) // the wrong token is read, and the account listed with it
		if ready := l.ready(w.ops); ready == nil || ready.Reason != v1alpha1.ReasonMassDisappearance {
			t.Errorf("with the token of another tenant the connection says %+v", ready)
			return
		}
		for _, g := range groups {
			w.kubectl.edit(w.ops, nameOf(g), func(g *v1alpha1.Group) { g.Spec.Description = new("Loud.") })
		}
		time.Sleep(time.Hour)
		w.kubectl.setToken(l, rightToken)
		time.Sleep(time.Minute)
		if ready := l.ready(w.ops); ready == nil || ready.Reason != v1alpha1.ReasonConnected || ready.Status != metav1.ConditionTrue {
			t.Errorf("a minute after the right token is back the connection says %+v", ready)
		}
		time.Sleep(30 * time.Second)
		for _, g := range groups {
			now := remoteNow(w.sim, w.ops.idNow(g))
			if said := w.ops.readyMessage(g); now.Description == nil || *now.Description != "Loud." || !strings.HasPrefix(said, v1alpha1.ReasonSynced) {
				t.Errorf("%s says %q, and its group is %+v", g.Name, said, now)
			}
		}
	})
}

// The create of a Group had got no clear answer and stayed open. Another Group of that name
// might not bind meanwhile, and waited for days without a status.
func TestAGroupThatWaitsForAnothersCreateSaysSo(t *testing.T) {
	for _, policy := range []v1alpha1.AdoptionPolicy{v1alpha1.AdoptNever, v1alpha1.AdoptByName} {
		t.Run(string(policy), func(t *testing.T) {
			posts := scripted(t, func(w *world) {
				g, waits := w.links.plainGroup("g"), w.links.plainGroup("waits")
				w.kubectl.declare(w.ops, g, "L1")
				made := madeSoon(w.sim)
				// Nobody looks for what it has made while it is suspended.
				w.kubectl.edit(w.ops, nameOf(g), func(g *v1alpha1.Group) {
					g.Spec.Suspend, g.Spec.DeletionPolicy = true, v1alpha1.DeletionOrphan
				})
				time.Sleep(5 * time.Minute)
				waits.Spec.AdoptionPolicy = policy
				w.kubectl.declare(w.ops, waits, "L2")
				time.Sleep(31 * time.Second)
				for range 20 {
					said, want := w.ops.readyMessage(waits), "waiting for Group a/g: its create got no clear answer, and may have made remote group "+made
					if !strings.HasPrefix(said, v1alpha1.ReasonCreating) || !strings.Contains(said, want) {
						t.Errorf("the Group that waits says %q, want %q", said, want)
						return
					}
					time.Sleep(time.Minute)
				}
				w.kubectl.edit(w.ops, nameOf(g), func(g *v1alpha1.Group) { g.Spec.Suspend = false })
				time.Sleep(5 * time.Minute)
				if id := w.ops.idNow(g); made == "" || id != made {
					t.Errorf("%q was made, and the Group whose create it was is bound to %q", made, id)
					return
				}
				if policy == v1alpha1.AdoptByName { // there is to be one, and it is the other's until that one lets go
					w.ops.delete(nameOf(g))
					time.Sleep(10 * time.Minute)
				}
				id := w.ops.idNow(waits)
				if own := id != made; id == "" || own != (policy == v1alpha1.AdoptNever) {
					t.Errorf("%q was the other's, and the Group that waited is bound to %q", made, id)
				}
			})
			if want := map[v1alpha1.AdoptionPolicy]int{v1alpha1.AdoptNever: 2, v1alpha1.AdoptByName: 1}[policy]; posts != want {
				t.Errorf("%d POSTs, want %d", posts, want)
			}
		})
	}
}

// A create was refused. A person made the group by hand and edited adoptionPolicy to ByName:
// on the listing from before the edit there was none of the name, and a second one was made.
func TestAPolicyIsJudgedByAListingBegunAfterIt(t *testing.T) {
	for _, before := range []v1alpha1.AdoptionPolicy{v1alpha1.AdoptNever, v1alpha1.AdoptAllowDuplicate} {
		t.Run(string(before), func(t *testing.T) {
			var posts int
			var listed time.Time
			refuses := true
			played(t, simulator.Settings{}, func(tr transport, c *call) (*http.Response, error) {
				switch {
				case c.request.Method == http.MethodPost:
					posts++
					if refuses {
						return answer(c, http.StatusUnprocessableEntity, "", `{"message":"not today"}`), nil
					}
				case c.request.Method == http.MethodGet && strings.HasSuffix(c.request.URL.Path, "/groups"):
					listed = time.Now()
				}
				return tr.serve(c)
			}, func(w *world) {
				g := w.links.plainGroup("g")
				g.Spec.AdoptionPolicy = before
				w.kubectl.declare(w.ops, g, "L1")
				time.Sleep(10 * time.Minute)
				if posts == 0 || w.ops.idNow(g) != "" {
					t.Errorf("after %d POSTs that are refused the Group is bound to %q", posts, w.ops.idNow(g))
					return
				}
				for since := listed; listed.Equal(since); {
					time.Sleep(time.Second)
				}
				time.Sleep(5 * time.Second) // the listing is over
				refuses, posts = false, 0
				byHand, last := w.sim.Seed(simulator.Group{Name: "Unique", CreatedAt: time.Now()}), listed
				w.kubectl.edit(w.ops, nameOf(g), func(g *v1alpha1.Group) { g.Spec.AdoptionPolicy = v1alpha1.AdoptByName })
				if !listed.Equal(last) {
					t.Error("a listing has seen the group before the edit")
					return
				}
				time.Sleep(10 * time.Minute)
				if bound := w.ops.idNow(g); posts != 0 || bound != byHand {
					t.Errorf("%d POSTs; the Group is bound to %q, want %q", posts, bound, byHand)
				}
			})
		})
	}
}

// manyPages is an account that is listed in 30 pages, which take twelve seconds each when slow.
func manyPages(t *testing.T, slow *bool, story func(w *world)) {
	t.Helper()
	played(t, simulator.Settings{}, func(tr transport, c *call) (*http.Response, error) {
		if *slow && isList(c) {
			time.Sleep(12 * time.Second)
		}
		return tr.serve(c)
	}, func(w *world) {
		for i := range 3000 {
			w.sim.Seed(simulator.Group{Name: fmt.Sprint("stranger ", i), CreatedAt: time.Now().Add(-time.Hour)})
		}
		story(w)
	})
}

// saysListing waits until the connection says that it is listed for the first time.
func (l *link) saysListing(t *testing.T, w *world) {
	t.Helper()
	began := time.Now()
	for !strings.Contains(l.says(w.ops), "listed for the first time") {
		time.Sleep(time.Second)
		if time.Since(began) > 40*time.Second {
			t.Errorf("a new Group waits for the first listing, and the connection says %q", l.says(w.ops))
			return
		}
	}
}

// A new connection said nothing during its first listing, nor did a new Group over it.
func TestAFirstListingThatTakesLongIsSaid(t *testing.T) {
	var slow bool
	manyPages(t, &slow, func(w *world) {
		l := w.links[0]
		w.ops.delete(l.connection)
		time.Sleep(10 * time.Second)
		connection := &v1alpha1.ClusterConnection{}
		connection.SetName(l.connection.name)
		*l.spec(connection) = v1alpha1.ConnectionSpec{
			Endpoint: endpoint, TokenSecretRef: v1alpha1.SecretKeyReference{Name: l.secret.name, Key: "token"},
			ResyncInterval: metav1.Duration{Duration: time.Minute}, RateLimit: v1alpha1.RateLimit{RequestsPerSecond: 10, Burst: 20},
		}
		slow = true
		w.ops.create(connection)
		w.kubectl.declare(w.ops, w.links.plainGroup("g"), "L1")
		l.saysListing(t, w)
	})
}

// After a restart the connection said what the manager before had seen, and a new Group nothing.
func TestAFirstListingThatTakesLongAfterARestartIsSaid(t *testing.T) {
	var slow bool
	manyPages(t, &slow, func(w *world) {
		time.Sleep(10 * time.Minute)
		w.managers.running[0].kill("a restart")
		w.managers.wait()
		slow = true
		w.managers.start(w.ops)
		w.kubectl.declare(w.ops, w.links.plainGroup("g"), "L1")
		w.links[0].saysListing(t, w)
		if ready := w.links[0].ready(w.ops); ready.Reason != v1alpha1.ReasonConnected {
			t.Errorf("calls are answered, and a restart makes the connection %s", ready.Reason)
		}
		slow = false
		time.Sleep(10 * time.Minute)
		if said := w.links[0].says(w.ops); strings.Contains(said, "listed for the first time") {
			t.Errorf("long after the listing it says %q", said)
		}
	})
}
