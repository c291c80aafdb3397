// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// lostInOutage has a Group go by force while its POST is under way, and the API with it until
// restored says otherwise. Nobody but the connection knows of the remote group then.
func lostInOutage(t *testing.T, play func(w *world, id string, restore func())) {
	t.Helper()
	var down bool
	var lose func()
	played(t, simulator.Settings{}, func(tr transport, c *call) (*http.Response, error) {
		switch {
		case down:
			return nil, errReset
		case c.request.Method == http.MethodPost:
			response, err := tr.serve(c)
			lose()
			down = true
			return response, err
		}
		return tr.serve(c)
	}, func(w *world) {
		g := w.links.plainGroup("g")
		lose = func() {
			w.ops.delete(nameOf(g))
			w.ops.edit(nameOf(g), func(o client.Object) { o.SetFinalizers(nil) })
		}
		w.kubectl.declare(w.ops, g, "L1")
		id := madeSoon(w.sim)
		time.Sleep(time.Minute)
		if id == "" || w.ops.get(nameOf(g)) != nil {
			t.Error("no group was made, or its Group is still there")
			return
		}
		play(w, id, func() { down = false })
	})
}

// What a create had made for a Group that was lost by force went with its connection: nobody
// was told of it, and nobody could settle it any more.
func TestAGroupLeftBehindIsNamedByItsConnectionAndHoldsIt(t *testing.T) {
	lostInOutage(t, func(w *world, id string, restore func()) {
		l := w.links[0]
		want := "1 remote groups whose Groups are gone: " + id + ", made for a/g"
		if said := l.says(w.ops); !strings.Contains(said, want) {
			t.Errorf("the connection says %q, want %q", said, want)
		}
		w.ops.delete(l.connection)
		time.Sleep(10 * time.Minute)
		if said := l.says(w.ops); !strings.Contains(said, "being deleted; waiting for "+want) {
			t.Errorf("the connection that is being deleted says %q", said)
		}
		restore()
		time.Sleep(5 * time.Minute)
		if said := l.says(w.ops); said != "" {
			t.Errorf("the connection is still there: %q", said)
		}
		for _, g := range w.sim.Groups() {
			if g.ID == id && !g.Archived() {
				t.Error("the group that was left behind is still active")
			}
		}
	})
}

// slowPOST is an API that takes twenty seconds for a POST.
type slowPOST struct {
	begun func() // called when a POST begins
	ended time.Time
}

func (p *slowPOST) serve(tr transport, c *call) (*http.Response, error) {
	if c.request.Method == http.MethodPost {
		p.begun()
		time.Sleep(20 * time.Second)
		p.ended = time.Now()
	}
	return tr.serve(c)
}

// loseWithConnection takes a Group away by force, and has its connection deleted.
func (w *world) loseWithConnection(g *v1alpha1.Group, l link) {
	w.ops.delete(nameOf(g))
	w.ops.edit(nameOf(g), func(o client.Object) { o.SetFinalizers(nil) })
	w.ops.delete(l.connection)
}

// A connection whose last Group was lost by force went while that Group's POST was under way:
// its answer found nobody who could settle what it had made.
func TestAConnectionWaitsForThePOSTOfAGroupThatIsGone(t *testing.T) {
	var post slowPOST
	played(t, simulator.Settings{}, post.serve, func(w *world) {
		g, l := w.links.plainGroup("g"), w.links[0]
		post.begun = func() { w.loseWithConnection(g, l) }
		w.kubectl.declare(w.ops, g, "L1")
		time.Sleep(10 * time.Second)
		want := "being deleted; waiting for 1 remote groups that are being created, or are created and not recorded yet: for a/g"
		if said := l.says(w.ops); !strings.Contains(said, want) {
			t.Errorf("during the POST the connection says %q, want %q", said, want)
		}
		time.Sleep(5 * time.Minute)
		if said := l.says(w.ops); said != "" {
			t.Errorf("the connection is still there: %q", said)
		}
		made := slices.DeleteFunc(w.sim.Groups(), func(g simulator.Group) bool { return g.Name != "Unique" })
		if len(made) != 1 || !made[0].Archived() {
			t.Errorf("want one group made, and archived: %v", made)
		}
	})
}

// It was looked at again half a minute later.
func TestAConnectionGoesWhenTheLastCreateOverItEnds(t *testing.T) {
	var post slowPOST
	played(t, simulator.Settings{}, post.serve, func(w *world) {
		w.sim.AddFault(simulator.Fault{Method: http.MethodPost, Action: simulator.Status, Status: http.StatusBadRequest})
		g, l := w.links.plainGroup("g"), w.links[0]
		post.begun = func() { w.loseWithConnection(g, l) }
		w.kubectl.declare(w.ops, g, "L1")
		for post.ended.IsZero() {
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(3 * time.Second)
		if said := l.says(w.ops); said != "" {
			t.Errorf("three seconds after the create has ended the connection is still there: %q", said)
		}
	})
}

// A Group that is there was named twice.
func TestAConnectionNamesAGroupOnceThatIsBeingMade(t *testing.T) {
	post := slowPOST{begun: func() {}}
	played(t, simulator.Settings{}, post.serve, func(w *world) {
		w.kubectl.declare(w.ops, w.links.plainGroup("g"), "L1")
		time.Sleep(5 * time.Second)
		w.ops.delete(w.links[0].connection)
		time.Sleep(time.Second)
		want := "being deleted; waiting for 1 Groups that use it: a/g; "
		if said := w.links[0].says(w.ops); !strings.Contains(said, want) {
			t.Errorf("the connection says %q, want %q", said, want)
		}
	})
}

// A connection that never comes back would be held for good.
func TestAGroupLeftBehindHoldsItsConnectionForAnHourAtMost(t *testing.T) {
	lostInOutage(t, func(w *world, _ string, restore func()) {
		l := w.links[0]
		w.ops.delete(l.connection)
		time.Sleep(50 * time.Minute)
		if l.says(w.ops) == "" {
			t.Error("the connection is gone within the hour")
		}
		time.Sleep(15 * time.Minute)
		if said := l.says(w.ops); said != "" {
			t.Errorf("after the hour the connection is still there: %q", said)
		}
		restore()
	})
}
