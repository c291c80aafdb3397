// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package security

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// TestAnothersGroupCannotBeTaken: those who may write Groups write all that could
// make a remote group look like theirs, and then deletes it for good. (The status
// is the operator's: test/apiserver.)
func TestAnothersGroupCannotBeTaken(t *testing.T) {
	t.Parallel()
	fake, endpoint := newFakeAPI(t)
	w := newWorld(t, endpoint)
	w.group("victim")
	victim := w.await("victim", v1alpha1.ReasonSynced)
	id := victim.Status.ID
	attempt := fmt.Sprintf(`{"time":%q,"name":"The victim","fields":["name"],"digest":"x"}`, time.Now().UTC().Format(time.RFC3339Nano))
	forged := map[string]func(*v1alpha1.Group){
		"by-id":         func(g *v1alpha1.Group) { g.Spec.GroupID = id },
		"by-annotation": func(g *v1alpha1.Group) { g.Annotations = map[string]string{v1alpha1.AnnotationGroupID: id} },
		"by-all-annotations": func(g *v1alpha1.Group) {
			g.Annotations = victim.Annotations
			g.Finalizers = victim.Finalizers
		},
		"by-status": func(g *v1alpha1.Group) {
			g.Annotations = victim.Annotations
			g.Status = victim.Status // the API server takes none at creation
		},
		"by-name":    func(g *v1alpha1.Group) { g.Spec.AdoptionPolicy = v1alpha1.AdoptByName },
		"by-attempt": func(g *v1alpha1.Group) { g.Annotations = map[string]string{v1alpha1.AnnotationCreateAttempt: attempt} },
	}
	before := len(fake.requests())
	for name, forge := range forged {
		w.group(name, func(g *v1alpha1.Group) {
			g.Spec.Name, g.Spec.Description = "The victim", new("stolen by "+name)
			g.Spec.DeletionPolicy = v1alpha1.DeletionDelete
			forge(g)
		})
	}
	for name := range forged {
		w.eventually(func() string {
			g := w.get(name)
			if g.Status.ObservedGeneration != g.Generation || len(g.Status.Conditions) == 0 {
				return name + " was not looked at yet"
			}
			if g.Status.ID == id {
				t.Errorf("%s is bound to the victim's group", name)
			}
			return ""
		})
	}
	for _, name := range []string{"by-id", "by-annotation", "by-all-annotations", "by-status"} {
		w.await(name, v1alpha1.ReasonIDConflict)
	}
	for name := range forged {
		if err := api.Delete(t.Context(), w.newGroup(name)); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"by-id", "by-annotation", "by-all-annotations", "by-status", "by-name"} {
		w.eventually(func() string {
			if w.get(name) != nil {
				return name + " is still there"
			}
			return ""
		})
	}
	for _, line := range fake.requests()[before:] {
		if strings.Contains(line, id) && !strings.HasPrefix(line, http.MethodGet) {
			t.Errorf("somebody else's Group made the operator send %s", line)
		}
	}
	if remote, ok := fake.server.Group(id); !ok || remote.Description != nil || remote.Archived() {
		t.Errorf("the victim's group is %+v", remote)
	}
	w.edit("victim", func(g *v1alpha1.Group) { g.Spec.Description = new("its own") })
	w.await("victim", v1alpha1.ReasonSynced)
}
