// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"fmt"
	"slices"
	"time"

	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// others are those who use the account without the operator: they change remote groups, as
// the dice say, and nothing in a cluster.
type others struct {
	journal *journal
	chance  *chance
	records *records // which groups are strangers'
	sim     *simulator.Server
	ops     *cluster // only to see which groups are bound
	links   links
}

// tamper changes a remote group behind the operator's back.
func (o *others) tamper() {
	if id := o.someRemote(o.links...); id != "" {
		o.journal.note("somebody changes remote group %s", id)
		o.sim.Mutate(id, func(g *simulator.Group) { g.Description = new(fmt.Sprintf("tampered %d", o.chance.roll(1000))) })
	}
}

// tamperMore changes what tamper does not.
func (o *others) tamperMore() {
	id := o.someRemote(o.links...)
	if id == "" {
		return
	}
	change := o.chance.roll(3)
	o.journal.note("somebody changes remote group %s, the %s", id, []string{"name", "contacts", "archiving"}[change])
	o.sim.Mutate(id, func(g *simulator.Group) {
		switch change {
		case 0:
			g.Name = fmt.Sprintf("renamed %d", o.chance.roll(1000))
		case 1:
			g.Contacts = simulator.Contacts("Cedric")
		default:
			g.ArchivedAt = time.Now().Truncate(time.Second)
		}
	})
}

func (o *others) removeRemote() {
	if id := o.someRemote(o.links...); id != "" {
		o.journal.note("somebody deletes remote group %s for good", id)
		o.sim.Remove(id)
	}
}

// removeManyRemote deletes most of the groups of a connection for good.
func (o *others) removeManyRemote() {
	l := o.links[o.chance.roll(len(o.links))]
	o.journal.note("somebody deletes most remote groups of %s for good", l.connection.name)
	for _, g := range o.ops.groups() {
		if _, exists := o.sim.Group(g.Status.ID); exists && o.links.of(g) == l && o.chance.roll(4) > 0 {
			o.sim.Remove(g.Status.ID)
		}
	}
}

// someRemote picks a remote group that a Group of these connections is bound to:
// one whose create is still open cannot be told apart once it is changed.
func (o *others) someRemote(links ...link) string {
	var ids []string
	for _, g := range o.ops.groups() {
		if _, exists := o.sim.Group(g.Status.ID); exists && slices.Contains(links, o.links.of(g)) && !slices.Contains(ids, g.Status.ID) {
			ids = append(ids, g.Status.ID)
		}
	}
	if len(ids) == 0 {
		return ""
	}
	return ids[o.chance.roll(len(ids))]
}

// strangersCome adds groups that are not ours. They look old: a recent one of a
// declared name could not be told from ours.
func (o *others) strangersCome() {
	o.journal.note("strangers come")
	for range 1 + o.chance.roll(5) {
		name := []string{"alpha", "delta", "epsilon"}[o.chance.roll(3)]
		o.sim.Seed(simulator.Group{Name: name, CreatedAt: o.journal.began.Add(-time.Hour)})
	}
}

// strangersGo removes some that nobody ever owned.
func (o *others) strangersGo() {
	o.journal.note("strangers go")
	left := 1 + o.chance.roll(4)
	for _, g := range o.sim.Groups() {
		if left > 0 && o.records.isStrangers(g.ID) && o.chance.roll(2) == 0 {
			o.sim.Remove(g.ID)
			left--
		}
	}
}
