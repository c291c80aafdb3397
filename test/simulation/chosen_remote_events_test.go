// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"time"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// remoteEvents are what others do to remote groups.
var remoteEvents = map[string]func(*world){
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
	"remote contacts": func(w *world) {
		w.story.mutateMainGroup(func(g *simulator.Group) { g.Contacts = simulator.Contacts("Cedric") })
	},
	"remote avatar": func(w *world) {
		w.story.mutateMainGroup(func(g *simulator.Group) { g.AvatarURL = new("https://example.com/theirs.png") })
	},
	"remote rename": func(w *world) { w.story.renameMainGroup("Other") },
	"remote name":   func(w *world) { w.story.renameMainGroup("Named by somebody") },
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

// renameMainGroup renames the remote group of the story, onto a stranger's name or a new one.
// One that was made and is not recorded yet is looked for by its name. Renamed before that, it
// cannot be told from a stranger's: a limit, as docs/limits.md says.
func (s *story) renameMainGroup(to string) {
	if g := s.mainGroup(); g != nil && first(g.Status.ID, g.Annotations[v1alpha1.AnnotationGroupID]) != "" {
		s.mutateMainGroup(func(g *simulator.Group) { g.Name = to })
	}
}
