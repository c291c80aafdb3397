// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// action is something that people or the surroundings do.
type action struct {
	weight int
	do     func(*world)
}

var actions = []action{
	{8, (*world).createGroup}, {8, (*world).editSomeGroup}, {4, (*world).deleteSomeGroup}, {1, (*world).forceDelete},
	{2, (*world).replaceSomeGroup}, {2, (*world).copySomeGroup}, {2, (*world).restoreSomeGroup}, {2, (*world).tamper},
	{1, (*world).removeRemote}, {5, (*world).crash}, {2, (*world).crashSoon}, {2, (*world).handOver},
	{1, (*world).swapToken}, {1, (*world).toggleAllowDelete}, {1, (*world).copyToStaging}, {2, (*world).deleteInStaging},
	{1, (*world).outage},
}

// act lets one of them happen.
func (w *world) act() {
	total, actions := 0, actions
	if w.crowded() {
		actions = slices.Concat(actions, crowd)
	}
	for _, a := range actions {
		total += a.weight
	}
	n := w.roll(total)
	for _, a := range actions {
		if n -= a.weight; n < 0 {
			a.do(w)
			return
		}
	}
}

// neverEvery is of how many Groups one has adoptionPolicy Never: beside the strangers'
// groups of these few names, most of those would only ever say NameTaken.
const neverEvery = 4

// newGroup is a manifest of a name that is new.
func (w *world) newGroup() *v1alpha1.Group {
	w.sequence++
	l := w.links[w.roll(len(w.links))]
	g := &v1alpha1.Group{ObjectMeta: metav1.ObjectMeta{Namespace: w.pickNamespace(l), Name: fmt.Sprintf("g%d", w.sequence)}}
	g.Spec.ConnectionRef = l.ref()
	g.Spec.Name = w.pickName()
	if w.sequence%neverEvery != 0 { // no dice: what a seed plays stays what it was
		g.Spec.AdoptionPolicy = v1alpha1.AdoptAllowDuplicate
	}
	return g
}

// lineage is that of the newest manifest.
func (w *world) lineage() string { return fmt.Sprintf("L%d", w.sequence) }

func (w *world) createGroup() {
	g := w.newGroup()
	w.vary(g)
	if w.roll(6) == 0 {
		g.Spec.AdoptionPolicy = v1alpha1.AdoptByName
		if w.roll(3) == 0 {
			g.Spec.ManagementPolicy = v1alpha1.ManagementObserve
		}
	}
	w.declare(w.ops, g, w.lineage())
}

// declare creates a Group as one of a lineage.
func (w *world) declare(c *cluster, g *v1alpha1.Group, lineage string) {
	created := c.create(g)
	if created == nil {
		return
	}
	w.mu.Lock()
	w.lineages[created.GetUID()] = lineage
	w.namesakes[nameOf(g)] = append(w.namesakes[nameOf(g)], lineage)
	w.mu.Unlock()
	w.remember(created.(*v1alpha1.Group))
	w.note("a person creates %s %s/%s (%s): %s", c.uid, g.Namespace, g.Name, lineage, specText(g))
}

// specText is a spec as a person writes it.
func specText(g *v1alpha1.Group) string {
	text, err := json.Marshal(g.Spec)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// remember keeps what a lineage has ever declared.
func (w *world) remember(g *v1alpha1.Group) {
	w.mu.Lock()
	defer w.mu.Unlock()
	l := w.lineages[g.UID]
	if w.declared[l] == nil {
		w.declared[l], w.policies[l] = map[string]bool{"name": true}, map[v1alpha1.DeletionPolicy]bool{}
	}
	for field, declared := range map[string]bool{
		"description": g.Spec.Description != nil, "avatar_url": g.Spec.AvatarURL != nil,
		"contacts": g.Spec.Contacts != nil, "archived_at": g.Spec.Archived != nil,
	} {
		if declared {
			w.declared[l][field] = true
		}
	}
	w.policies[l][g.Spec.DeletionPolicy] = true
	w.observing[l] = g.Spec.ManagementPolicy == v1alpha1.ManagementObserve // leaves its group as it is
}

// vary changes some of the declaration.
func (w *world) vary(g *v1alpha1.Group) {
	text := func() *string {
		return []*string{nil, new(""), new("one"), new("two"), new("three")}[w.roll(5)]
	}
	switch w.roll(7) {
	case 0:
		g.Spec.Description = text()
	case 1:
		g.Spec.Contacts = [][]v1alpha1.Contact{nil, {}, {{Username: "Hector"}}, {{Username: "Cliff"}, {Username: "Hester"}}}[w.roll(4)]
	case 2:
		g.Spec.Archived = []*bool{nil, new(true), new(false)}[w.roll(3)]
	case 3:
		g.Spec.Name = w.pickName()
	case 4:
		g.Spec.Suspend = !g.Spec.Suspend
	case 5:
		g.Spec.DeletionPolicy = []v1alpha1.DeletionPolicy{v1alpha1.DeletionArchive, v1alpha1.DeletionDelete, v1alpha1.DeletionOrphan}[w.roll(3)]
	default:
		g.Spec.Description, g.Spec.Name = text(), w.pickName()
	}
}

// someGroup picks a Group; nil if there is none.
func (w *world) someGroup(c *cluster) *v1alpha1.Group {
	groups := c.groups()
	if len(groups) == 0 {
		return nil
	}
	return groups[w.roll(len(groups))]
}

func (w *world) editGroup(c *cluster, n name, f func(*v1alpha1.Group)) {
	c.edit(n, func(o client.Object) { f(o.(*v1alpha1.Group)) })
	if g := c.get(n); g != nil {
		w.remember(g.(*v1alpha1.Group))
		w.note("a person edits %s/%s: %s", n.namespace, n.name, specText(g.(*v1alpha1.Group)))
	}
}

func (w *world) editSomeGroup() {
	if g := w.someGroup(w.ops); g != nil {
		w.editGroup(w.ops, nameOf(g), w.vary)
	}
}

func (w *world) deleteSomeGroup() {
	if g := w.someGroup(w.ops); g != nil {
		w.deleteGroup(g)
	}
}

func (w *world) deleteGroup(g *v1alpha1.Group) {
	w.note("a person deletes %s", g.Name)
	if w.stripped[g.UID] && !slices.Contains(g.Finalizers, v1alpha1.FinalizerGroup) {
		w.end(g) // it goes without our finalizer, and is left alone
	}
	w.ops.delete(nameOf(g))
}

// forceDelete strips the finalizer, and so leaves the remote group to itself.
func (w *world) forceDelete() {
	if g := w.someGroup(w.ops); g != nil {
		w.note("a person deletes %s by force", g.Name)
		w.end(g)
		w.ops.delete(nameOf(g))
		w.ops.edit(nameOf(g), func(o client.Object) { o.SetFinalizers(nil) })
	}
}

func (w *world) end(g *v1alpha1.Group) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended[w.lineages[g.UID]] = true
}

// replaceSomeGroup does what kubectl replace does: annotations and finalizers of
// others are gone. Not while a create is open: then nobody could know of it.
func (w *world) replaceSomeGroup() {
	if g := w.someGroup(w.ops); g != nil && g.Status.ID != "" {
		w.note("a person replaces %s", g.Name)
		w.stripped[g.UID] = true
		w.ops.edit(nameOf(g), func(o client.Object) {
			o.SetAnnotations(nil)
			if o.GetDeletionTimestamp().IsZero() {
				o.SetFinalizers(nil)
			}
		})
	}
}

// copySomeGroup applies a manifest again under another name, annotations and all.
func (w *world) copySomeGroup() {
	if g := w.someGroup(w.ops); g != nil && g.Annotations[v1alpha1.AnnotationGroupID] != "" {
		w.sequence++
		c := &v1alpha1.Group{ObjectMeta: metav1.ObjectMeta{
			Namespace: w.pickNamespace(w.linkOf(g)), Name: fmt.Sprintf("g%d", w.sequence), Annotations: g.Annotations,
		}, Spec: *g.Spec.DeepCopy()}
		w.declare(w.ops, c, w.lineage())
		w.name(g.Annotations[v1alpha1.AnnotationGroupID])
	}
}

// name notes that the newest manifest names a remote id.
func (w *world) name(id string) { w.shared[id], w.named[w.lineage()] = true, id }

// restoreSomeGroup loses a Group by disaster, and restores it from a backup of
// that moment, which has no status.
func (w *world) restoreSomeGroup() {
	g := w.someGroup(w.ops)
	if g == nil || !g.DeletionTimestamp.IsZero() || g.Status.ID != "" && g.Annotations[v1alpha1.AnnotationGroupID] == "" {
		return // a backup without the annotation knows nothing: use ByName, the docs say
	}
	w.mu.Lock()
	lineage := w.lineages[g.UID]
	w.mu.Unlock()
	w.restored[lineage] = true
	w.note("disaster: %s is lost", g.Name)
	w.ops.edit(nameOf(g), func(o client.Object) { o.SetFinalizers(nil) })
	w.ops.delete(nameOf(g))
	w.pause(time.Duration(w.roll(20_000)) * time.Millisecond)
	backup := &v1alpha1.Group{ObjectMeta: metav1.ObjectMeta{
		Namespace: g.Namespace, Name: g.Name, Annotations: g.Annotations, Finalizers: g.Finalizers,
	}, Spec: g.Spec}
	w.declare(w.ops, backup, lineage)
}

// tamper changes a remote group behind the operator's back.
func (w *world) tamper() {
	if id := w.someRemote(w.links...); id != "" {
		w.note("somebody changes remote group %s", id)
		w.sim.Mutate(id, func(g *simulator.Group) { g.Description = new(fmt.Sprintf("tampered %d", w.roll(1000))) })
	}
}

func (w *world) removeRemote() {
	if id := w.someRemote(w.links...); id != "" {
		w.note("somebody deletes remote group %s for good", id)
		w.sim.Remove(id)
	}
}

// someRemote picks a remote group that a Group of these connections is bound to:
// one whose create is still open cannot be told apart once it is changed.
func (w *world) someRemote(links ...link) string {
	var ids []string
	for _, g := range w.ops.groups() {
		if _, exists := w.sim.Group(g.Status.ID); exists && slices.Contains(links, w.linkOf(g)) && !slices.Contains(ids, g.Status.ID) {
			ids = append(ids, g.Status.ID)
		}
	}
	if len(ids) == 0 {
		return ""
	}
	return ids[w.roll(len(ids))]
}
