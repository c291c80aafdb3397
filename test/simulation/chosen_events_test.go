// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// events are what people and the surroundings do while something is under way.
var events map[string]func(*world)

func init() {
	events = map[string]func(*world){
		"edit name":        func(w *world) { w.story.editMainGroup(func(g *v1alpha1.Group) { g.Spec.Name = "Renamed" }) },
		"edit description": func(w *world) { w.story.editMainGroup(func(g *v1alpha1.Group) { g.Spec.Description = new("three") }) },
		"edit contacts": func(w *world) {
			w.story.editMainGroup(func(g *v1alpha1.Group) { g.Spec.Contacts = []v1alpha1.Contact{{Username: "Hector"}} })
		},
		"declare archived": func(w *world) { w.story.editMainGroup(func(g *v1alpha1.Group) { g.Spec.Archived = new(true) }) },
		"declare active":   func(w *world) { w.story.editMainGroup(func(g *v1alpha1.Group) { g.Spec.Archived = new(false) }) },
		"delete":           func(w *world) { w.story.ifMainGroup(w.kubectl.delete) },
		"delete by force":  func(w *world) { w.story.ifMainGroup(w.kubectl.force) },
		"force and again": func(w *world) {
			w.story.ifMainGroup(func(g *v1alpha1.Group) { w.kubectl.force(g); w.story.declareMainGroup() })
		},
		"replace": func(w *world) { w.story.ifMainGroup(func(g *v1alpha1.Group) { w.story.replaceMainGroup(g, false) }) },
		"replace and edit": func(w *world) {
			w.story.ifMainGroup(func(g *v1alpha1.Group) { w.story.replaceMainGroup(g, true) })
		},
		"orphan and delete": func(w *world) {
			w.story.editMainGroup(func(g *v1alpha1.Group) { g.Spec.DeletionPolicy = v1alpha1.DeletionOrphan })
			w.story.ifMainGroup(w.kubectl.delete)
		},
		"suspend": func(w *world) { w.story.editMainGroup(func(g *v1alpha1.Group) { g.Spec.Suspend = true }) },
		"suspend and resume": func(w *world) {
			w.story.editMainGroup(func(g *v1alpha1.Group) { g.Spec.Suspend = true })
			w.story.editMainGroup(func(g *v1alpha1.Group) { g.Spec.Suspend = false })
		},
		"policy Delete": func(w *world) {
			w.story.editMainGroup(func(g *v1alpha1.Group) { g.Spec.DeletionPolicy = v1alpha1.DeletionDelete })
		},
		"policy Archive": func(w *world) {
			w.story.editMainGroup(func(g *v1alpha1.Group) { g.Spec.DeletionPolicy = v1alpha1.DeletionArchive })
		},
		"forbid deletion": func(w *world) { w.kubectl.setAllowDelete(w.links[0], false) },
		"request": func(w *world) {
			w.story.ifMainGroup(func(*v1alpha1.Group) {
				w.kubectl.annotate(mainGroup, v1alpha1.AnnotationReconcileRequestedAt, time.Now().UTC().Format(time.RFC3339Nano))
			})
		},
		"wipe the status": func(w *world) {
			w.ops.edit(mainGroup, func(o client.Object) { o.(*v1alpha1.Group).Status = v1alpha1.GroupStatus{ObservedGeneration: -1} })
		},
		"set the groupID": func(w *world) {
			if id := w.story.mainGroupID(); id != "" {
				w.story.editMainGroup(func(g *v1alpha1.Group) { g.Spec.GroupID, g.Spec.AdoptionPolicy = id, v1alpha1.AdoptNever })
			}
		},
		"edit the connection": func(w *world) {
			w.ops.edit(w.links[0].connection, func(o client.Object) {
				w.links[0].spec(o).ResyncInterval = metav1.Duration{Duration: 50 * time.Second}
			})
		},
		"replace the connection": func(w *world) {
			l := w.links[0]
			w.ops.edit(l.connection, func(o client.Object) { o.SetFinalizers(nil) })
			w.ops.delete(l.connection)
			w.links.setUp(w.ops)
			w.kubectl.setAllowDelete(l, true)
		},
		"move the endpoint": func(w *world) { w.story.moveEndpoint(otherEndpoint) },
		"foreign token":     func(w *world) { w.kubectl.setToken(w.links[0], foreignToken) },
		"foreign token and back": func(w *world) {
			w.story.later(2*time.Minute, func() { w.kubectl.setToken(w.links[0], rightToken) })
			w.kubectl.setToken(w.links[0], foreignToken)
		},
		"lose the Secret": func(w *world) { w.ops.delete(w.links[0].secret) },
		"exclude the namespace": func(w *world) {
			w.ops.edit(w.links[0].connection, func(o client.Object) {
				o.(*v1alpha1.ClusterConnection).Spec.AllowedNamespaces = v1alpha1.AllowedNamespaces{
					From: v1alpha1.NamespacesFromSelector, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"allowed": "yes"}},
				}
			})
		},
		"accept missing": func(w *world) {
			w.kubectl.annotate(w.links[0].connection, v1alpha1.AnnotationAcceptMissing, time.Now().UTC().Format(time.RFC3339))
		},
		"take over": func(w *world) { w.kubectl.annotate(w.links[0].connection, v1alpha1.AnnotationTakeOver, w.ops.uid) },
		"remote edit": func(w *world) {
			w.story.mutateMainGroup(func(g *simulator.Group) { g.Description = new("edited by somebody") })
		},
		"remote archive": func(w *world) {
			w.story.mutateMainGroup(func(g *simulator.Group) { g.ArchivedAt = time.Now().Truncate(time.Second) })
		},
		"remote unarchive": func(w *world) {
			w.story.ifMainGroup(func(g *v1alpha1.Group) {
				if !g.DeletionTimestamp.IsZero() {
					w.records.end(g) // those who take it out of the archive want it
				}
			})
			w.story.mutateMainGroup(func(g *simulator.Group) { g.ArchivedAt = time.Time{} })
		},
		"remote rename": func(w *world) {
			// One that was made and is not recorded yet is looked for by its name. Renamed before
			// that, it cannot be told from a stranger's: a limit, as docs/limits.md says.
			if g := w.story.mainGroup(); g != nil && first(g.Status.ID, g.Annotations[v1alpha1.AnnotationGroupID]) != "" {
				w.story.mutateMainGroup(func(g *simulator.Group) { g.Name = "Other" })
			}
		},
		"remote delete": func(w *world) {
			if id := w.story.mainGroupID(); id != "" {
				w.sim.Remove(id)
			}
		},
		"a stranger takes the name": func(w *world) {
			w.story.ifMainGroup(func(g *v1alpha1.Group) {
				w.sim.Mutate(stranger(w.sim, "Other"), func(s *simulator.Group) { s.Name = g.Spec.Name })
			})
		},
		"hand over": func(w *world) {
			old := w.managers.leaders()
			w.managers.start(w.ops)
			w.story.later(8*time.Second, func() {
				for _, p := range old {
					p.kill("as it lost the lease")
				}
			})
		},
	}
}

func first(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

func (s *story) ifMainGroup(f func(*v1alpha1.Group)) {
	if g := s.mainGroup(); g != nil {
		f(g)
	}
}

// mainGroupID is the remote group of the story: recorded, or just made.
func (s *story) mainGroupID() string {
	if g := s.mainGroup(); g != nil {
		return first(g.Status.ID, g.Annotations[v1alpha1.AnnotationGroupID], s.world.kubectl.madeFor(g))
	}
	return ""
}

func (s *story) mutateMainGroup(f func(*simulator.Group)) {
	if id := s.mainGroupID(); id != "" {
		s.world.sim.Mutate(id, f)
	}
}

// replaceMainGroup does what kubectl replace does: what others wrote into metadata is gone.
func (s *story) replaceMainGroup(g *v1alpha1.Group, edit bool) {
	s.world.records.stripped[g.UID], s.world.records.bare[g.UID] = true, g.Status.ID == ""
	s.world.kubectl.edit(s.world.ops, mainGroup, func(g *v1alpha1.Group) {
		g.Annotations = nil
		if g.DeletionTimestamp.IsZero() {
			g.Finalizers = nil
		}
		if edit {
			g.Spec.Description = new("replaced")
		}
	})
}

func (s *story) moveEndpoint(to string) {
	s.world.ops.edit(s.world.links[0].connection, func(o client.Object) { s.world.links[0].spec(o).Endpoint = to })
}

// later lets something happen at the next tick after a while.
func (s *story) later(after time.Duration, do func()) {
	s.due = append(s.due, due{time.Now().Add(after), do})
}

type due struct {
	at time.Time
	do func()
}
