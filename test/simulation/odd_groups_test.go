// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// isList reports whether the call lists groups.
func isList(c *call) bool {
	return c.request.Method == http.MethodGet && strings.HasSuffix(c.request.URL.Path, "/groups")
}

// Somebody removed the only archived group of an account, which no Group owned, and its GET was
// answered by something else than 404: every listing was thrown away, and nothing was created.
func TestAnArchivedGroupThatCannotBeReadStopsNoListing(t *testing.T) {
	for _, status := range []int{http.StatusForbidden, http.StatusGone, http.StatusInternalServerError} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			var removed string
			played(t, simulator.Settings{}, func(tr transport, c *call) (*http.Response, error) {
				if removed != "" && c.request.Method == http.MethodGet && idOf(c) == removed {
					return answer(c, status, "", `{"message":"not to be shown"}`), nil
				}
				return tr.serve(c)
			}, func(w *world) {
				for _, g := range w.sim.Groups() { // a world has some of the start
					if g.Archived() {
						w.sim.Remove(g.ID)
					}
				}
				stranger := w.sim.Seed(simulator.Group{Name: "stranger", CreatedAt: time.Now().Add(-time.Hour), ArchivedAt: time.Now().Add(-time.Minute)})
				g := w.links.plainGroup("g")
				w.kubectl.declare(w.ops, g, "L1")
				time.Sleep(10 * time.Minute)
				w.sim.Remove(stranger)
				removed = stranger
				time.Sleep(time.Hour)
				other := w.links.plainGroup("other")
				other.Spec.Name = "Other"
				w.kubectl.declare(w.ops, other, "L2")
				time.Sleep(time.Hour)
				if ready := w.links[0].ready(w.ops); ready.Reason != v1alpha1.ReasonConnected {
					t.Errorf("lists are answered, and the connection says %s: %s", ready.Reason, ready.Message)
				}
				if w.ops.idNow(other) == "" {
					t.Errorf("another Group is not created: %s", w.ops.readyMessage(other))
				}
			})
		})
	}
}

// The same with a group that a Group has archived.
func TestAnArchivedGroupThatListsHideAndNobodyMayReadStopsNoListing(t *testing.T) {
	var broken string
	played(t, simulator.Settings{}, func(tr transport, c *call) (*http.Response, error) {
		if broken != "" && c.request.Method == http.MethodGet && idOf(c) == broken {
			return answer(c, http.StatusForbidden, "", `{"message":"it is archived"}`), nil
		}
		response, err := tr.serve(c)
		if err != nil || !isList(c) {
			return response, err
		}
		return withoutArchived(response)
	}, func(w *world) {
		g := w.links.plainGroup("g")
		w.kubectl.declare(w.ops, g, "L1")
		time.Sleep(5 * time.Minute)
		broken = w.ops.idNow(g)
		w.kubectl.edit(w.ops, nameOf(g), func(g *v1alpha1.Group) { g.Spec.Archived = new(true) })
		time.Sleep(20 * time.Minute)
		other := w.links.plainGroup("other")
		other.Spec.Name = "Other"
		w.kubectl.declare(w.ops, other, "L2")
		time.Sleep(2 * time.Hour)
		if ready := w.links[0].ready(w.ops); ready.Reason != v1alpha1.ReasonConnected {
			t.Errorf("lists are answered, and the connection says %s: %s", ready.Reason, ready.Message)
		}
		if w.ops.idNow(other) == "" {
			t.Errorf("another Group is not created: %s", w.ops.readyMessage(other))
		}
	})
}

// ownThree declares three Groups, and returns them in the order of their ids.
func ownThree(w *world) (groups []*v1alpha1.Group) {
	for i := range 3 {
		g := w.links.plainGroup(fmt.Sprint("g", i))
		g.Spec.Name = fmt.Sprint("Unique ", i)
		g.Spec.Description = new("Loud.")
		w.kubectl.declare(w.ops, g, fmt.Sprint("L", i))
		groups = append(groups, g)
	}
	time.Sleep(10 * time.Minute)
	slices.SortFunc(groups, func(a, b *v1alpha1.Group) int { return strings.Compare(w.ops.idNow(a), w.ops.idNow(b)) })
	return groups
}

// drifts has somebody change a remote group, and says whether that is put right within an hour.
func drifts(w *world, g *v1alpha1.Group) (healed bool) {
	id := w.ops.idNow(g)
	w.sim.Mutate(id, func(g *simulator.Group) { g.Description = new("Quiet.") })
	time.Sleep(time.Hour)
	now := remoteNow(w.sim, id)
	return now.Description != nil && *now.Description == "Loud."
}

// Where gets replace the listing, one group whose GET broke off ended each pass, and the next
// began with it again.
func TestAWatchedGroupWhoseGetBreaksOffHoldsUpNoOther(t *testing.T) {
	var broken string
	played(t, simulator.Settings{}, func(tr transport, c *call) (*http.Response, error) {
		if broken != "" && c.request.Method == http.MethodGet && idOf(c) == broken {
			return nil, errReset
		}
		return tr.serve(c)
	}, func(w *world) {
		for i := range 900 {
			w.sim.Seed(simulator.Group{Name: fmt.Sprint("stranger ", i), CreatedAt: time.Now().Add(-time.Hour)})
		}
		groups := ownThree(w)
		broken = w.ops.idNow(groups[0])
		if !drifts(w, groups[2]) {
			t.Error("the drift of another group is not healed within an hour, at an interval of a minute")
		}
		if ready := w.links[0].ready(w.ops); ready.Reason != v1alpha1.ReasonConnected {
			t.Errorf("lists are answered, and the connection says %s: %s", ready.Reason, ready.Message)
		}
	})
}

// Where lists leave a field out, so it was, and nothing said so.
func TestAGroupWithAHiddenFieldWhoseGetBreaksOffHoldsUpNoOther(t *testing.T) {
	var broken string
	played(t, simulator.Settings{OmitInLists: []string{"description"}}, func(tr transport, c *call) (*http.Response, error) {
		if broken != "" && c.request.Method == http.MethodGet && idOf(c) == broken {
			return nil, errReset
		}
		return tr.serve(c)
	}, func(w *world) {
		groups := ownThree(w)
		broken = w.ops.idNow(groups[0])
		time.Sleep(5 * time.Minute)
		if !drifts(w, groups[2]) {
			t.Error("the drift of another group is not healed within an hour, at an interval of a minute")
		}
	})
}
