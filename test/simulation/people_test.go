// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// people do to Groups and connections what their dice say, with kubectl.
type people struct {
	journal *journal
	chance  *chance
	records *records
	kubectl *kubectl
	sim     *simulator.Server // they see what can be bound by id
	ops     *cluster
	links   links
}

// neverEvery is of how many Groups one has adoptionPolicy Never: beside the strangers'
// groups of these few names, most of those would only ever say NameTaken.
const neverEvery = 4

// newGroup is a manifest of a name that is new.
func (p *people) newGroup() *v1alpha1.Group {
	p.kubectl.sequence++
	l := p.links[p.chance.roll(len(p.links))]
	g := &v1alpha1.Group{ObjectMeta: metav1.ObjectMeta{Namespace: p.pickNamespace(l), Name: fmt.Sprintf("g%d", p.kubectl.sequence)}}
	g.Spec.ConnectionRef = l.ref()
	g.Spec.Name = p.chance.pickName()
	if p.kubectl.sequence%neverEvery != 0 { // no dice: what a seed plays stays what it was
		g.Spec.AdoptionPolicy = v1alpha1.AdoptAllowDuplicate
	}
	return g
}

// pickNamespace picks one that a connection serves.
func (p *people) pickNamespace(l link) string {
	if l.connection.namespace != "" {
		return l.connection.namespace
	}
	return []string{"a", "b"}[p.chance.roll(2)]
}

func (p *people) createGroup() {
	g := p.newGroup()
	p.vary(g)
	if p.chance.roll(6) == 0 {
		g.Spec.AdoptionPolicy = v1alpha1.AdoptByName
		if p.chance.roll(3) == 0 {
			g.Spec.ManagementPolicy = v1alpha1.ManagementObserve
		}
	}
	p.kubectl.declare(p.ops, g, p.kubectl.lineage())
}

// vary changes some of the declaration.
func (p *people) vary(g *v1alpha1.Group) {
	text := func() *string {
		return []*string{nil, new(""), new("one"), new("two"), new("three")}[p.chance.roll(5)]
	}
	switch p.chance.roll(7) {
	case 0:
		g.Spec.Description = text()
	case 1:
		g.Spec.Contacts = [][]v1alpha1.Contact{nil, {}, {{Username: "Hector"}}, {{Username: "Cliff"}, {Username: "Hester"}}}[p.chance.roll(4)]
	case 2:
		g.Spec.Archived = []*bool{nil, new(true), new(false)}[p.chance.roll(3)]
	case 3:
		g.Spec.Name = p.chance.pickName()
	case 4:
		g.Spec.Suspend = !g.Spec.Suspend
	case 5:
		g.Spec.DeletionPolicy = []v1alpha1.DeletionPolicy{v1alpha1.DeletionArchive, v1alpha1.DeletionDelete, v1alpha1.DeletionOrphan}[p.chance.roll(3)]
	default:
		g.Spec.Description, g.Spec.Name = text(), p.chance.pickName()
	}
}

// someGroup picks a Group; nil if there is none.
func (p *people) someGroup(c *cluster) *v1alpha1.Group {
	groups := c.groups()
	if len(groups) == 0 {
		return nil
	}
	return groups[p.chance.roll(len(groups))]
}

func (p *people) editSomeGroup() {
	if g := p.someGroup(p.ops); g != nil {
		p.kubectl.edit(p.ops, nameOf(g), p.vary)
	}
}

func (p *people) deleteSomeGroup() {
	if g := p.someGroup(p.ops); g != nil {
		p.kubectl.delete(g)
	}
}

func (p *people) forceDelete() {
	if g := p.someGroup(p.ops); g != nil {
		p.journal.note("a person deletes %s by force", g.Name)
		p.kubectl.force(g)
	}
}

func (p *people) deleteMany() {
	for _, g := range p.ops.groups() {
		if p.chance.roll(2) == 0 {
			p.kubectl.delete(g)
		}
	}
}

// replaceSomeGroup does what kubectl replace does: annotations and finalizers of
// others are gone. Not while a create is open: then nobody could know of it.
func (p *people) replaceSomeGroup() {
	if g := p.someGroup(p.ops); g != nil && g.Status.ID != "" {
		p.journal.note("a person replaces %s", g.Name)
		p.records.stripped[g.UID] = true
		p.ops.edit(nameOf(g), func(o client.Object) {
			o.SetAnnotations(nil)
			if o.GetDeletionTimestamp().IsZero() {
				o.SetFinalizers(nil)
			}
		})
	}
}

// copySomeGroup applies a manifest again under another name, annotations and all.
func (p *people) copySomeGroup() {
	if g := p.someGroup(p.ops); g != nil && g.Annotations[v1alpha1.AnnotationGroupID] != "" {
		p.kubectl.sequence++
		c := &v1alpha1.Group{ObjectMeta: metav1.ObjectMeta{
			Namespace: p.pickNamespace(p.links.of(g)), Name: fmt.Sprintf("g%d", p.kubectl.sequence), Annotations: g.Annotations,
		}, Spec: *g.Spec.DeepCopy()}
		p.kubectl.declare(p.ops, c, p.kubectl.lineage())
		p.records.name(p.kubectl.lineage(), g.Annotations[v1alpha1.AnnotationGroupID])
	}
}

// restoreSomeGroup loses a Group by disaster, and restores it from a backup of
// that moment, which has no status.
func (p *people) restoreSomeGroup() {
	g := p.someGroup(p.ops)
	if g == nil || !g.DeletionTimestamp.IsZero() || g.Status.ID != "" && g.Annotations[v1alpha1.AnnotationGroupID] == "" {
		return // a backup without the annotation knows nothing: use ByName, the docs say
	}
	lineage := p.records.lineageOf(g)
	p.records.restored[lineage] = true
	p.journal.note("disaster: %s is lost", g.Name)
	p.ops.edit(nameOf(g), func(o client.Object) { o.SetFinalizers(nil) })
	p.ops.delete(nameOf(g))
	time.Sleep(time.Duration(p.chance.roll(20_000)) * time.Millisecond)
	backup := &v1alpha1.Group{ObjectMeta: metav1.ObjectMeta{
		Namespace: g.Namespace, Name: g.Name, Annotations: g.Annotations, Finalizers: g.Finalizers,
	}, Spec: g.Spec}
	p.kubectl.declare(p.ops, backup, lineage)
}

// bindByID declares a Group for an existing remote group, which may have an owner,
// or for one that does not exist.
func (p *people) bindByID() {
	groups := p.sim.Groups()
	id := "no-such-group"
	if n := p.chance.roll(len(groups) + 1); n < len(groups) {
		id = groups[n].ID
	}
	g := p.newGroup()
	g.Spec.GroupID = id
	p.records.name(p.kubectl.lineage(), id)
	p.vary(g)
	if p.chance.roll(4) == 0 {
		g.Spec.ManagementPolicy = v1alpha1.ManagementObserve
	}
	p.kubectl.declare(p.ops, g, p.kubectl.lineage())
}

// reapplySomeGroup deletes a Group and applies its manifest again as soon as the
// name is free, as GitOps does.
func (p *people) reapplySomeGroup() {
	g := p.someGroup(p.ops)
	if g == nil {
		return
	}
	p.kubectl.delete(g)
	for range 3 {
		time.Sleep(time.Duration(p.chance.roll(20_000)) * time.Millisecond)
		if p.ops.get(nameOf(g)) == nil {
			p.kubectl.sequence++
			again := &v1alpha1.Group{ObjectMeta: metav1.ObjectMeta{Namespace: g.Namespace, Name: g.Name}, Spec: g.Spec}
			p.kubectl.declare(p.ops, again, p.kubectl.lineage())
			return
		}
	}
}

func (p *people) toggleAllowDelete() {
	p.kubectl.setAllowDelete(p.links[p.chance.roll(len(p.links))], p.chance.roll(2) == 0)
}
