// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// crowd is what else happens in a crowded world, and every second one is:
// strangers come and go in the account, so that pages shift; people bind Groups by
// id, apply again what they have deleted, delete many at once, and lose a Secret;
// remote groups change in every field, and many vanish at once.
var crowd = []action{
	{4, (*world).strangersCome}, {3, (*world).strangersGo}, {4, (*world).bindByID}, {3, (*world).reapplySomeGroup},
	{1, (*world).deleteMany}, {1, (*world).loseSecret}, {3, (*world).tamperMore}, {1, (*world).removeManyRemote},
}

// strangersCome adds groups that are not ours. They look old: a recent one of a
// declared name could not be told from ours.
func (w *world) strangersCome() {
	w.note("strangers come")
	for range 1 + w.roll(5) {
		name := []string{"alpha", "delta", "epsilon"}[w.roll(3)]
		w.sim.Seed(simulator.Group{Name: name, CreatedAt: w.began.Add(-time.Hour)})
	}
}

// strangersGo removes some that nobody ever owned.
func (w *world) strangersGo() {
	w.note("strangers go")
	left := 1 + w.roll(4)
	for _, g := range w.sim.Groups() {
		if left > 0 && w.isStrangers(g.ID) && w.roll(2) == 0 {
			w.sim.Remove(g.ID)
			left--
		}
	}
}

func (w *world) isStrangers(id string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, ids := range w.made {
		if slices.Contains(ids, id) {
			return false
		}
	}
	return len(w.owners[id]) == 0
}

// bindByID declares a Group for an existing remote group, which may have an owner,
// or for one that does not exist.
func (w *world) bindByID() {
	groups := w.sim.Groups()
	id := "no-such-group"
	if n := w.roll(len(groups) + 1); n < len(groups) {
		id = groups[n].ID
	}
	g := w.newGroup()
	g.Spec.GroupID = id
	w.name(id)
	w.vary(g)
	if w.roll(4) == 0 {
		g.Spec.ManagementPolicy = v1alpha1.ManagementObserve
	}
	w.declare(w.ops, g, w.lineage())
}

// reapplySomeGroup deletes a Group and applies its manifest again as soon as the
// name is free, as GitOps does.
func (w *world) reapplySomeGroup() {
	g := w.someGroup(w.ops)
	if g == nil {
		return
	}
	w.deleteGroup(g)
	for range 3 {
		w.pause(time.Duration(w.roll(20_000)) * time.Millisecond)
		if w.ops.get(nameOf(g)) == nil {
			w.sequence++
			again := &v1alpha1.Group{ObjectMeta: metav1.ObjectMeta{Namespace: g.Namespace, Name: g.Name}, Spec: g.Spec}
			w.declare(w.ops, again, w.lineage())
			return
		}
	}
}

func (w *world) deleteMany() {
	for _, g := range w.ops.groups() {
		if w.roll(2) == 0 {
			w.deleteGroup(g)
		}
	}
}

// loseSecret takes a token away for a while.
func (w *world) loseSecret() {
	l := w.links[w.roll(len(w.links))]
	w.note("the Secret %s is lost", l.secret.name)
	w.ops.delete(l.secret)
	w.pause(time.Duration(w.roll(180)) * time.Second)
	w.ops.create(l.newSecret())
	w.note("the Secret %s is back", l.secret.name)
}

// tamperMore changes what tamper does not.
func (w *world) tamperMore() {
	id := w.someRemote(w.links...)
	if id == "" {
		return
	}
	change := w.roll(3)
	w.note("somebody changes remote group %s, the %s", id, []string{"name", "contacts", "archiving"}[change])
	w.sim.Mutate(id, func(g *simulator.Group) {
		switch change {
		case 0:
			g.Name = fmt.Sprintf("renamed %d", w.roll(1000))
		case 1:
			g.Contacts = simulator.Contacts("Cedric")
		default:
			g.ArchivedAt = time.Now().Truncate(time.Second)
		}
	})
}

// removeManyRemote deletes most of the groups of a connection for good.
func (w *world) removeManyRemote() {
	l := w.links[w.roll(len(w.links))]
	w.note("somebody deletes most remote groups of %s for good", l.connection.name)
	for _, g := range w.ops.groups() {
		if _, exists := w.sim.Group(g.Status.ID); exists && w.linkOf(g) == l && w.roll(4) > 0 {
			w.sim.Remove(g.Status.ID)
		}
	}
}
