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
		"edit name":        func(w *world) { w.editHero(func(g *v1alpha1.Group) { g.Spec.Name = "Renamed" }) },
		"edit description": func(w *world) { w.editHero(func(g *v1alpha1.Group) { g.Spec.Description = new("three") }) },
		"edit contacts": func(w *world) {
			w.editHero(func(g *v1alpha1.Group) { g.Spec.Contacts = []v1alpha1.Contact{{Username: "Hector"}} })
		},
		"declare archived": func(w *world) { w.editHero(func(g *v1alpha1.Group) { g.Spec.Archived = new(true) }) },
		"declare active":   func(w *world) { w.editHero(func(g *v1alpha1.Group) { g.Spec.Archived = new(false) }) },
		"delete":           func(w *world) { w.ifHero(w.deleteGroup) },
		"delete by force":  func(w *world) { w.ifHero(w.forceHero) },
		"force and again": func(w *world) {
			w.ifHero(func(g *v1alpha1.Group) { w.forceHero(g); w.declareHero() })
		},
		"replace": func(w *world) { w.ifHero(func(g *v1alpha1.Group) { w.replaceHero(g, false) }) },
		"replace and edit": func(w *world) {
			w.ifHero(func(g *v1alpha1.Group) { w.replaceHero(g, true) })
		},
		"orphan and delete": func(w *world) {
			w.editHero(func(g *v1alpha1.Group) { g.Spec.DeletionPolicy = v1alpha1.DeletionOrphan })
			w.ifHero(w.deleteGroup)
		},
		"suspend": func(w *world) { w.editHero(func(g *v1alpha1.Group) { g.Spec.Suspend = true }) },
		"suspend and resume": func(w *world) {
			w.editHero(func(g *v1alpha1.Group) { g.Spec.Suspend = true })
			w.editHero(func(g *v1alpha1.Group) { g.Spec.Suspend = false })
		},
		"policy Delete": func(w *world) {
			w.editHero(func(g *v1alpha1.Group) { g.Spec.DeletionPolicy = v1alpha1.DeletionDelete })
		},
		"policy Archive": func(w *world) {
			w.editHero(func(g *v1alpha1.Group) { g.Spec.DeletionPolicy = v1alpha1.DeletionArchive })
		},
		"forbid deletion": func(w *world) { w.setAllowDelete(w.links[0], false) },
		"request": func(w *world) {
			w.ifHero(func(*v1alpha1.Group) {
				w.annotate(hero, v1alpha1.AnnotationReconcileRequestedAt, time.Now().UTC().Format(time.RFC3339Nano))
			})
		},
		"wipe the status": func(w *world) {
			w.ops.edit(hero, func(o client.Object) { o.(*v1alpha1.Group).Status = v1alpha1.GroupStatus{ObservedGeneration: -1} })
		},
		"set the groupID": func(w *world) {
			if id := w.heroID(); id != "" {
				w.editHero(func(g *v1alpha1.Group) { g.Spec.GroupID, g.Spec.AdoptionPolicy = id, v1alpha1.AdoptNever })
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
			w.setUp(w.ops)
			w.setAllowDelete(l, true)
		},
		"move the endpoint": func(w *world) { w.moveEndpoint(otherEndpoint) },
		"foreign token":     func(w *world) { w.setToken(w.links[0], foreignToken) },
		"foreign token and back": func(w *world) {
			w.later(2*time.Minute, func() { w.setToken(w.links[0], rightToken) })
			w.setToken(w.links[0], foreignToken)
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
			w.annotate(w.links[0].connection, v1alpha1.AnnotationAcceptMissing, time.Now().UTC().Format(time.RFC3339))
		},
		"take over": func(w *world) { w.annotate(w.links[0].connection, v1alpha1.AnnotationTakeOver, w.ops.uid) },
		"remote edit": func(w *world) {
			w.mutateHero(func(g *simulator.Group) { g.Description = new("edited by somebody") })
		},
		"remote archive": func(w *world) {
			w.mutateHero(func(g *simulator.Group) { g.ArchivedAt = time.Now().Truncate(time.Second) })
		},
		"remote unarchive": func(w *world) {
			w.ifHero(func(g *v1alpha1.Group) {
				if !g.DeletionTimestamp.IsZero() {
					w.end(g) // those who take it out of the archive want it
				}
			})
			w.mutateHero(func(g *simulator.Group) { g.ArchivedAt = time.Time{} })
		},
		"remote rename": func(w *world) { w.mutateHero(func(g *simulator.Group) { g.Name = "Other" }) },
		"remote delete": func(w *world) {
			if id := w.heroID(); id != "" {
				w.sim.Remove(id)
			}
		},
		"a stranger takes the name": func(w *world) {
			w.ifHero(func(g *v1alpha1.Group) {
				w.sim.Mutate(w.stranger("Other"), func(s *simulator.Group) { s.Name = g.Spec.Name })
			})
		},
		"hand over": func(w *world) {
			old := w.leaders()
			w.running = append(w.running, w.startProcess(w.ops))
			w.later(8*time.Second, func() {
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

func (w *world) ifHero(f func(*v1alpha1.Group)) {
	if g := w.hero(); g != nil {
		f(g)
	}
}

// heroID is the remote group of the story: recorded, or just made.
func (w *world) heroID() string {
	if g := w.hero(); g != nil {
		return first(g.Status.ID, g.Annotations[v1alpha1.AnnotationGroupID], w.madeFor(g))
	}
	return ""
}

func (w *world) mutateHero(f func(*simulator.Group)) {
	if id := w.heroID(); id != "" {
		w.sim.Mutate(id, f)
	}
}

func (w *world) annotate(n name, key, value string) {
	w.ops.edit(n, func(o client.Object) {
		annotations := o.GetAnnotations()
		if annotations == nil {
			annotations = map[string]string{}
		}
		annotations[key] = value
		o.SetAnnotations(annotations)
	})
}

func (w *world) forceHero(g *v1alpha1.Group) {
	w.end(g)
	w.ops.delete(nameOf(g))
	w.ops.edit(nameOf(g), func(o client.Object) { o.SetFinalizers(nil) })
}

// replaceHero does what kubectl replace does: what others wrote into metadata is gone.
func (w *world) replaceHero(g *v1alpha1.Group, edit bool) {
	w.stripped[g.UID] = true
	w.editGroup(w.ops, hero, func(g *v1alpha1.Group) {
		g.Annotations = nil
		if g.DeletionTimestamp.IsZero() {
			g.Finalizers = nil
		}
		if edit {
			g.Spec.Description = new("replaced")
		}
	})
}

func (w *world) moveEndpoint(to string) {
	w.ops.edit(w.links[0].connection, func(o client.Object) { w.links[0].spec(o).Endpoint = to })
}

// later lets something happen at the next tick after a while.
func (w *world) later(after time.Duration, do func()) {
	w.script.due = append(w.script.due, due{time.Now().Add(after), do})
}

type due struct {
	at time.Time
	do func()
}
