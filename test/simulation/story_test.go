// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// manifests are the Groups whose stories are told.
var manifests = map[string]func(w *world, spec *v1alpha1.GroupSpec){
	"plain":    func(*world, *v1alpha1.GroupSpec) {},
	"archived": func(_ *world, spec *v1alpha1.GroupSpec) { spec.Archived = new(true) },
	"delete":   func(_ *world, spec *v1alpha1.GroupSpec) { spec.DeletionPolicy = v1alpha1.DeletionDelete },
	"byName": func(_ *world, spec *v1alpha1.GroupSpec) {
		spec.Name, spec.AdoptionPolicy = "Theirs", v1alpha1.AdoptByName
	},
	"byName archived": func(_ *world, spec *v1alpha1.GroupSpec) {
		spec.Name, spec.AdoptionPolicy = "Old", v1alpha1.AdoptByName
	},
	"byName new": func(_ *world, spec *v1alpha1.GroupSpec) { spec.AdoptionPolicy = v1alpha1.AdoptByName },
	"twins":      func(*world, *v1alpha1.GroupSpec) {},
	"twins byName": func(_ *world, spec *v1alpha1.GroupSpec) {
		spec.Name, spec.AdoptionPolicy = "Theirs", v1alpha1.AdoptByName
	},
	"copied":  func(*world, *v1alpha1.GroupSpec) {},
	"groupID": func(w *world, spec *v1alpha1.GroupSpec) { spec.Name, spec.GroupID = "Theirs", w.stranger("Theirs") },
	"observe": func(w *world, spec *v1alpha1.GroupSpec) {
		spec.Name, spec.GroupID, spec.ManagementPolicy = "Theirs", w.stranger("Theirs"), v1alpha1.ManagementObserve
	},
}

// companion declares the second Group of some stories: of the same name, at the same time
// as the first one, or a copy of its manifest later, with all that stands in its metadata.
func (w *world) companion(when string) {
	switch m := w.script.schedule.manifest; {
	case when == "create" && m == "twins":
		w.declareAnother(func(g *v1alpha1.Group) { g.Annotations, g.Spec.Description = nil, new("another") })
	case when == "create" && m == "twins byName":
		w.declareAnother(func(g *v1alpha1.Group) { g.Annotations = nil })
	case when == "copy" && m == "copied":
		w.part("copy", func() {
			w.declareAnother(func(g *v1alpha1.Group) { w.name(g.Annotations[v1alpha1.AnnotationGroupID]) })
		})
	}
}

// hero is the Group that a story is about.
var hero = name{"Group", "a", "g"}

func (w *world) hero() *v1alpha1.Group {
	g, _ := w.ops.get(hero).(*v1alpha1.Group)
	return g
}

// stranger is the id of a group that nobody declared.
func (w *world) stranger(name string) string {
	for _, g := range w.sim.Groups() {
		if g.Name == name {
			return g.ID
		}
	}
	return ""
}

// newStory is a world in which nothing happens by chance.
func newStory(s schedule) *world {
	w := newWorld(1, breaks{})
	w.script, w.links = newScript(s), allLinks[:1]
	w.history = nil
	w.sim = w.newAccount()
	w.sim.AddToken(foreignToken, "foreign")
	w.sim.Account("foreign").Seed(simulator.Group{Name: "Foreign", CreatedAt: w.began.Add(-time.Hour)})
	w.script.strangers = w.strangers()
	w.ops = newCluster("ops")
	w.setUp(w.ops)
	w.setAllowDelete(w.links[0], true)
	return w
}

// tell plays a schedule, and judges it at each step.
func tell(t *testing.T, s schedule) *world {
	t.Helper()
	var w *world
	synctest.Test(t, func(*testing.T) {
		w = newStory(s)
		w.story()
		for _, p := range w.running {
			p.kill("at the end")
		}
		w.sim.Close()
		for _, p := range w.running {
			p.done.Wait()
		}
		synctest.Wait()
	})
	return w
}

// part is a part of a story: something is done, and then its consequences are waited for.
func (w *world) part(phase string, do func()) {
	if w.violated() {
		return
	}
	w.script.enter(phase)
	w.note("PART %s", phase)
	do()
	w.idle(75 * time.Second)
	played := w.script.played
	w.happen(w.script.pass("rest"))
	if w.script.played > played {
		w.idle(75 * time.Second)
	}
	if w.script.spell.left() {
		w.idle(time.Until(w.script.spell.until) + 75*time.Second)
	}
	w.script.quiet = true
}

// story is a Group's way: made, changed, put right after somebody's edit, and deleted.
func (w *world) story() {
	w.part("start", func() { w.running = append(w.running, w.startProcess(w.ops)) })
	w.part("create", func() { w.declareHero(); w.companion("create") })
	w.companion("copy")
	w.part("edit", func() {
		w.editHero(func(g *v1alpha1.Group) { g.Spec.Description = new("two") })
	})
	w.part("drift", func() {
		if g := w.hero(); g != nil {
			w.note("somebody changes remote group %s", g.Status.ID)
			w.sim.Mutate(g.Status.ID, func(g *simulator.Group) { g.Description = new("tampered") })
		}
	})
	if w.violated() {
		return
	}
	w.endTrouble()
	w.converge()
	w.part("delete", func() {
		if g := w.hero(); g != nil {
			w.deleteGroup(g)
		}
	})
	w.farewell()
	if w.script.played < len(w.script.schedule.choices) {
		w.count("unplayed")
	}
}

func (w *world) declareHero() {
	g := &v1alpha1.Group{ObjectMeta: metav1.ObjectMeta{Namespace: hero.namespace, Name: hero.name}}
	g.Spec.ConnectionRef, g.Spec.Name, g.Spec.Description = w.links[0].ref(), "Unique", new("one")
	manifests[w.script.schedule.manifest](w, &g.Spec)
	w.sequence++
	w.declare(w.ops, g, w.lineage())
}

// declareAnother declares a second Group like the hero, but for what differ changes.
func (w *world) declareAnother(differ func(*v1alpha1.Group)) {
	w.ifHero(func(hero *v1alpha1.Group) {
		g := &v1alpha1.Group{ObjectMeta: metav1.ObjectMeta{Namespace: hero.Namespace, Name: "other", Annotations: hero.Annotations}, Spec: *hero.Spec.DeepCopy()}
		w.sequence++
		differ(g)
		w.declare(w.ops, g, w.lineage())
	})
}

func (w *world) editHero(f func(*v1alpha1.Group)) {
	if w.hero() != nil {
		w.editGroup(w.ops, hero, f)
	}
}

// endTrouble ends what was chosen, and gives back what Groups need to come to rest.
func (w *world) endTrouble() {
	w.script.quiet, w.script.spell = true, spell{}
	w.ops.edit(w.links[0].connection, func(o client.Object) {
		c := o.(*v1alpha1.ClusterConnection)
		c.Spec.Endpoint, c.Spec.AllowedNamespaces = endpoint, v1alpha1.AllowedNamespaces{}
	})
	if w.ops.get(w.links[0].connection) == nil {
		w.setUp(w.ops)
	}
	w.calm()
}

// farewell waits until all is gone, and an hour more: then nothing is remembered.
func (w *world) farewell() {
	if w.violated() {
		return
	}
	w.endTrouble()
	for range 75 { // what was refused is tried again after an hour
		if len(w.ops.groups()) == 0 || w.violated() {
			break
		}
		for _, g := range w.ops.groups() {
			w.deleteGroup(g)
		}
		w.idle(time.Minute)
		w.acceptMissing(w.links[0])
		w.settleUncertain()
		w.letGo()
	}
	if w.violated() {
		return
	}
	for _, g := range w.ops.groups() {
		w.violate("restless: still there 75 minutes after its deletion: %s: %s", g.Name, w.unrest(g))
		return
	}
	w.checkLeaks()
	if w.violated() {
		return
	}
	w.note("a person deletes the connection")
	w.ops.delete(w.links[0].connection)
	w.idle(time.Hour + 10*time.Minute) // from the last release on, which a stall may have held up
	if w.ops.get(w.links[0].connection) != nil {
		w.violate("restless: the connection is still there an hour after its deletion")
		return
	}
	for _, p := range w.leaders() {
		for _, kept := range p.remembers() {
			w.violate("remembered an hour after everything was deleted: %s", kept)
		}
	}
}

// onlyACache is what a Group says whose remote group nothing but a cache calls gone.
const onlyACache = "out of a cache"

// letGo does what a deletion asks a person to do that no evidence can finish.
func (w *world) letGo() {
	for _, g := range w.ops.groups() {
		ready := meta.FindStatusCondition(g.Status.Conditions, v1alpha1.ConditionReady)
		if meta.IsStatusConditionTrue(g.Status.Conditions, v1alpha1.ConditionStalled) && ready != nil && strings.Contains(ready.Message, onlyACache) {
			w.end(g)
			w.editGroup(w.ops, nameOf(g), func(g *v1alpha1.Group) { g.Spec.DeletionPolicy = v1alpha1.DeletionOrphan })
		}
	}
}
