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

// story is a Group's way through a world in which nothing happens by chance: what deviates
// from it is in the script. It does what people and others do there.
type story struct {
	world   *world
	script  *script
	witness *witness
	due     []due
}

// manifests are the Groups whose stories are told.
var manifests = map[string]func(sim *simulator.Server, spec *v1alpha1.GroupSpec){
	"plain":    func(*simulator.Server, *v1alpha1.GroupSpec) {},
	"archived": func(_ *simulator.Server, spec *v1alpha1.GroupSpec) { spec.Archived = new(true) },
	"delete":   func(_ *simulator.Server, spec *v1alpha1.GroupSpec) { spec.DeletionPolicy = v1alpha1.DeletionDelete },
	"byName": func(_ *simulator.Server, spec *v1alpha1.GroupSpec) {
		spec.Name, spec.AdoptionPolicy = "Theirs", v1alpha1.AdoptByName
	},
	"byName archived": func(_ *simulator.Server, spec *v1alpha1.GroupSpec) {
		spec.Name, spec.AdoptionPolicy = "Old", v1alpha1.AdoptByName
	},
	// It declares each field.
	"byName new": func(_ *simulator.Server, spec *v1alpha1.GroupSpec) {
		spec.AdoptionPolicy, spec.AvatarURL, spec.Archived = v1alpha1.AdoptByName, new("https://example.com/one.png"), new(false)
		spec.Contacts = []v1alpha1.Contact{{Username: "Cliff"}, {Username: "Hester"}}
	},
	"twins": func(*simulator.Server, *v1alpha1.GroupSpec) {},
	"twins byName": func(_ *simulator.Server, spec *v1alpha1.GroupSpec) {
		spec.Name, spec.AdoptionPolicy = "Theirs", v1alpha1.AdoptByName
	},
	"copied": func(*simulator.Server, *v1alpha1.GroupSpec) {},
	"groupID": func(sim *simulator.Server, spec *v1alpha1.GroupSpec) {
		spec.Name, spec.GroupID = "Theirs", stranger(sim, "Theirs")
	},
	"observe": func(sim *simulator.Server, spec *v1alpha1.GroupSpec) {
		spec.Name, spec.GroupID, spec.ManagementPolicy = "Theirs", stranger(sim, "Theirs"), v1alpha1.ManagementObserve
	},
}

// companion declares the second Group of some stories: of the same name, at the same time
// as the first one, or a copy of its manifest later, with all that stands in its metadata.
func (s *story) companion(when string) {
	switch m := s.script.schedule.manifest; {
	case when == "create" && m == "twins":
		s.declareAnother(func(g *v1alpha1.Group) { g.Annotations, g.Spec.Description = nil, new("another") })
	case when == "create" && m == "twins byName":
		s.declareAnother(func(g *v1alpha1.Group) { g.Annotations = nil })
	case when == "copy" && m == "copied":
		s.part("copy", func() {
			s.declareAnother(func(g *v1alpha1.Group) {
				s.world.records.name(s.world.kubectl.lineage(), g.Annotations[v1alpha1.AnnotationGroupID])
			})
		})
	}
}

// storyName is the remote name that a story declares, unless its manifest declares another.
const storyName = "Unique"

// mainGroup is the Group that a story is about.
var mainGroup = name{"Group", "a", "g"}

func (s *story) mainGroup() *v1alpha1.Group {
	g, _ := s.world.ops.get(mainGroup).(*v1alpha1.Group)
	return g
}

// newStory is a world in which nothing happens by chance.
func newStory(chosen schedule) *story {
	s := &story{}
	s.script = newScript(chosen, func(point, what string) {
		s.world.journal.note("EVENT at %s: %s", point, what)
		s.world.journal.count("event")
		events[what](s.world)
	})
	j := newJournal(1)
	dialect := s.script.dialect()
	sim := newAccount(dialect, j.began.Add(-time.Hour))
	s.world = compose(newChance(j), sim, allLinks[:1], breaks{})
	s.world.story, s.world.audit.endings = s, ends[dialect]
	s.witness = newWitness(s.world, chosen)
	s.world.judge.witness, s.world.managers.witness, s.world.managers.script = s.witness, s.witness, s.script
	s.world.kubectl.setAllowDelete(s.world.links[0], true)
	return s
}

// tell plays a schedule, and judges it at each step.
func tell(t *testing.T, chosen schedule) *story {
	t.Helper()
	var s *story
	synctest.Test(t, func(*testing.T) {
		s = newStory(chosen)
		s.play()
		s.world.end()
	})
	return s
}

// part is a part of a story: something is done, and then its consequences are waited for.
func (s *story) part(phase string, do func()) {
	w := s.world
	if w.journal.violated() {
		return
	}
	s.script.enter(phase)
	w.journal.note("PART %s", phase)
	do()
	w.idle(75 * time.Second)
	played := s.script.played
	s.script.happen(s.script.pass("rest"))
	if s.script.played > played {
		w.idle(75 * time.Second)
	}
	if s.script.spell.left() {
		w.idle(time.Until(s.script.spell.until) + 75*time.Second)
	}
	s.script.quiet = true
}

// play is a Group's way: made, changed, put right after somebody's edit, and deleted.
func (s *story) play() {
	w := s.world
	s.part("start", func() { w.managers.start(w.ops) })
	s.part("create", func() { s.declareMainGroup(); s.companion("create") })
	s.companion("copy")
	s.part("edit", func() {
		s.editMainGroup(func(g *v1alpha1.Group) { g.Spec.Description = new("two") })
	})
	s.part("drift", func() {
		if g := s.mainGroup(); g != nil {
			w.journal.note("somebody changes remote group %s", g.Status.ID)
			w.sim.Mutate(g.Status.ID, func(g *simulator.Group) { g.Description = new("tampered") })
		}
	})
	if w.journal.violated() {
		return
	}
	s.endTrouble()
	w.converge()
	s.part("delete", func() {
		if g := s.mainGroup(); g != nil {
			w.kubectl.delete(g)
		}
	})
	s.removeAll()
	if s.script.played < len(s.script.schedule.choices) {
		w.journal.count("unplayed")
	}
}

func (s *story) declareMainGroup() {
	w := s.world
	g := &v1alpha1.Group{ObjectMeta: metav1.ObjectMeta{Namespace: mainGroup.namespace, Name: mainGroup.name}}
	g.Spec.ConnectionRef, g.Spec.Name, g.Spec.Description = w.links[0].ref(), storyName, new("one")
	manifests[s.script.schedule.manifest](w.sim, &g.Spec)
	w.kubectl.sequence++
	w.kubectl.declare(w.ops, g, w.kubectl.lineage())
}

// declareAnother declares a second Group like the main Group, but for what differ changes.
func (s *story) declareAnother(differ func(*v1alpha1.Group)) {
	w := s.world
	s.ifMainGroup(func(mainGroup *v1alpha1.Group) {
		g := &v1alpha1.Group{ObjectMeta: metav1.ObjectMeta{Namespace: mainGroup.Namespace, Name: "other", Annotations: mainGroup.Annotations}, Spec: *mainGroup.Spec.DeepCopy()}
		w.kubectl.sequence++
		differ(g)
		w.kubectl.declare(w.ops, g, w.kubectl.lineage())
	})
}

func (s *story) editMainGroup(f func(*v1alpha1.Group)) {
	if s.mainGroup() != nil {
		s.world.kubectl.edit(s.world.ops, mainGroup, f)
	}
}

// idle lets time pass, and looks at the world at each tick.
func (s *story) idle(d time.Duration) {
	w := s.world
	for end := time.Now().Add(d); time.Now().Before(end) && !w.journal.violated(); {
		time.Sleep(min(tick, time.Until(end)))
		for len(s.due) > 0 && !time.Now().Before(s.due[0].at) {
			do := s.due[0].do
			s.due = s.due[1:]
			do()
		}
		if len(w.managers.leaders()) == 0 {
			w.managers.start(w.ops)
			clear(s.witness.silent)
		}
		if s.script.kubeFault() {
			clear(s.witness.silent)
		}
		s.witness.checkSilence()
	}
}

// endTrouble ends what was chosen, and gives back what Groups need to come to rest.
func (s *story) endTrouble() {
	w := s.world
	s.script.quiet, s.script.spell, s.due = true, spell{}, nil
	w.ops.edit(w.links[0].connection, func(o client.Object) {
		c := o.(*v1alpha1.ClusterConnection)
		c.Spec.Endpoint, c.Spec.AllowedNamespaces = endpoint, v1alpha1.AllowedNamespaces{}
	})
	if w.ops.get(w.links[0].connection) == nil {
		w.links.setUp(w.ops)
	}
	w.stopFaults()
}

// removeAll waits until all is gone, and an hour more: then nothing is remembered.
func (s *story) removeAll() {
	w := s.world
	if w.journal.violated() {
		return
	}
	s.endTrouble()
	for range 75 { // what was refused is tried again after an hour
		if len(w.ops.groups()) == 0 || w.journal.violated() {
			break
		}
		for _, g := range w.ops.groups() {
			w.kubectl.delete(g)
		}
		w.idle(time.Minute)
		w.kubectl.acceptMissing(w.links[0])
		w.kubectl.settleUncertain()
		s.letGo()
	}
	if w.journal.violated() {
		return
	}
	for _, g := range w.ops.groups() {
		w.journal.violate("unsettled: still there 75 minutes after its deletion: %s: %s", g.Name, w.audit.whyUnsettled(g))
		return
	}
	w.audit.checkLeaks()
	if w.journal.violated() {
		return
	}
	w.journal.note("a person deletes the connection")
	w.ops.delete(w.links[0].connection)
	w.idle(time.Hour + 10*time.Minute) // from the last release on, which a stall may have held up
	if w.ops.get(w.links[0].connection) != nil {
		w.journal.violate("unsettled: the connection is still there an hour after its deletion")
		return
	}
	for _, p := range w.managers.leaders() {
		for _, kept := range p.remembers() {
			w.journal.violate("remembered an hour after everything was deleted: %s", kept)
		}
	}
}

// onlyACache is what a Group says whose remote group nothing but a cache calls gone.
const onlyACache = "out of a cache"

// letGo does what a deletion asks a person to do that no evidence can finish.
func (s *story) letGo() {
	w := s.world
	for _, g := range w.ops.groups() {
		ready := meta.FindStatusCondition(g.Status.Conditions, v1alpha1.ConditionReady)
		if meta.IsStatusConditionTrue(g.Status.Conditions, v1alpha1.ConditionStalled) && ready != nil && strings.Contains(ready.Message, onlyACache) {
			w.records.end(g)
			w.kubectl.edit(w.ops, nameOf(g), func(g *v1alpha1.Group) { g.Spec.DeletionPolicy = v1alpha1.DeletionOrphan })
		}
	}
}
