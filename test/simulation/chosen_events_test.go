// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"maps"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
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
		"edit avatarURL": func(w *world) {
			w.story.editMainGroup(func(g *v1alpha1.Group) { g.Spec.AvatarURL = new("https://example.com/p.png") })
		},
		"edit contactsPolicy":   func(w *world) { w.story.editMainGroup(otherContactsPolicy) },
		"edit adoptionPolicy":   func(w *world) { w.story.editMainGroup(otherAdoptionPolicy) },
		"edit managementPolicy": func(w *world) { w.story.editMainGroup(otherManagementPolicy) },
		"edit managementPolicy and back": func(w *world) {
			w.story.later(time.Minute, func() { w.story.editMainGroup(otherManagementPolicy) })
			w.story.editMainGroup(otherManagementPolicy)
		},
		"allow a duplicate": func(w *world) {
			w.story.editMainGroup(func(g *v1alpha1.Group) { g.Spec.AdoptionPolicy = v1alpha1.AdoptAllowDuplicate })
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
		// A deletion waits for the consent, and it is given: for good, or taken back at once.
		"forbid deletion and allow it": func(w *world) {
			w.story.later(time.Minute, func() { w.kubectl.setAllowDelete(w.links[0], true) })
			w.kubectl.setAllowDelete(w.links[0], false)
		},
		"allow deletion for a moment": func(w *world) {
			w.story.later(time.Minute, func() {
				w.kubectl.setAllowDelete(w.links[0], true)
				time.Sleep(moment)
				w.kubectl.setAllowDelete(w.links[0], false)
			})
			w.kubectl.setAllowDelete(w.links[0], false)
		},
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
	maps.Copy(events, remoteEvents)
}

// moment is how long a consent lasts that is taken back: about what a look takes.
const moment = 20 * time.Millisecond

func otherContactsPolicy(g *v1alpha1.Group) {
	if g.Spec.ContactsPolicy == v1alpha1.ContactsAtLeast {
		g.Spec.ContactsPolicy = v1alpha1.ContactsExact
		return
	}
	g.Spec.ContactsPolicy = v1alpha1.ContactsAtLeast
	if len(g.Spec.Contacts) == 0 { // the CRD wants some
		g.Spec.Contacts = []v1alpha1.Contact{{Username: "Hector"}}
	}
}

// otherAdoptionPolicy exchanges Never and ByName, which a groupID excludes.
func otherAdoptionPolicy(g *v1alpha1.Group) {
	if g.Spec.GroupID == "" && g.Spec.AdoptionPolicy != v1alpha1.AdoptByName {
		g.Spec.AdoptionPolicy = v1alpha1.AdoptByName
		return
	}
	g.Spec.AdoptionPolicy = v1alpha1.AdoptNever
}

// otherManagementPolicy exchanges Manage and Observe, for which the CRD wants to know the
// remote group: by the id that the status shows, else by its name.
func otherManagementPolicy(g *v1alpha1.Group) {
	if g.Spec.ManagementPolicy == v1alpha1.ManagementObserve {
		g.Spec.ManagementPolicy = v1alpha1.ManagementManage
		return
	}
	g.Spec.ManagementPolicy = v1alpha1.ManagementObserve
	switch {
	case g.Spec.GroupID != "" || g.Spec.AdoptionPolicy == v1alpha1.AdoptByName:
	case g.Status.ID != "":
		g.Spec.GroupID, g.Spec.AdoptionPolicy = g.Status.ID, v1alpha1.AdoptNever
	default:
		g.Spec.AdoptionPolicy = v1alpha1.AdoptByName
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
	slices.SortStableFunc(s.due, func(a, b due) int { return a.at.Compare(b.at) })
}

type due struct {
	at time.Time
	do func()
}
