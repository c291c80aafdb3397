// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package integration

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/manager"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// holdPosts keeps back the replies to all POSTs of the world's manager until release is
// closed, past their deadline too. It has to be called before the manager starts.
func (w *world) holdPosts() (release chan struct{}) {
	release = make(chan struct{})
	next := klink.NewTransport()
	w.options.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.Method != http.MethodPost {
			return next.RoundTrip(r)
		}
		reply, err := next.RoundTrip(r.WithContext(context.WithoutCancel(r.Context())))
		select {
		case <-release:
		case <-w.Context().Done():
		}
		return reply, err
	})
	return release
}

// wantOneToOne checks that the Groups and the remote groups belong together in
// pairs, and that no attempt is left over.
func (w *world) wantOneToOne(names ...string) {
	w.Helper()
	owners := map[string]string{}
	for _, name := range names {
		g := w.groups.get(name)
		if other, taken := owners[g.Status.ID]; taken {
			w.Errorf("%s and %s have one remote group, %s", name, other, g.Status.ID)
		}
		owners[g.Status.ID] = name
		w.remote.get(g.Status.ID)
		if g.Annotations[v1alpha1.AnnotationGroupID] != g.Status.ID {
			w.Errorf("%s: the annotation says %q, the status %q", name, g.Annotations[v1alpha1.AnnotationGroupID], g.Status.ID)
		}
		if attempt, left := g.Annotations[v1alpha1.AnnotationCreateAttempt]; left {
			w.Errorf("%s: the attempt was left behind: %s", name, attempt)
		}
	}
	if remote := w.sim.Groups(); len(remote) != len(names) {
		w.Errorf("%d Groups have %d remote groups", len(names), len(remote))
	}
}

func TestEachCreationCostsOnePostAndThreeWrites(t *testing.T) {
	t.Parallel()
	w := prepareWorld(t, simulator.Settings{})
	writes := w.audit()
	w.start()
	names := w.groups.createMany("g", 8, func(g *v1alpha1.Group) { g.Spec.Contacts = contacts("Hector") })
	for _, name := range names {
		w.groups.await(name, metav1.ConditionTrue, v1alpha1.ReasonSynced)
	}
	w.calls.nextPasses(2)
	w.calls.want(map[string]int{"POST": len(names)})
	w.wantOneToOne(names...)
	for _, name := range names {
		if n := writes.of("groups/" + name); n != 3 {
			t.Errorf("%s cost %d writes, not 3", name, n)
		}
		w.groups.wantEvents(name, map[string]int{"Created": 1})
	}
}

// A cache that lags behind loses at the attempt, before anything is sent.
func TestEditsDuringTheCreationCauseNoSecondPost(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	names := w.groups.createMany("busy", 20)
	editing, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for i := 0; editing.Err() == nil; i++ {
			label := fmt.Appendf(nil, `{"metadata":{"labels":{"edit":"%d"}}}`, i)
			for _, name := range names {
				g := &v1alpha1.Group{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: name}}
				if err := api.Patch(editing, g, client.RawPatch("application/merge-patch+json", label)); err != nil && editing.Err() == nil {
					t.Errorf("editing %s: %v", name, err)
					return
				}
			}
		}
	}()
	t.Cleanup(func() { stop(); <-ended })
	for _, name := range names {
		w.groups.await(name, metav1.ConditionTrue, v1alpha1.ReasonSynced)
	}
	stop()
	<-ended
	w.calls.nextPasses(1)
	w.calls.want(map[string]int{"POST": len(names)})
	w.wantOneToOne(names...)
}

// The names of groups are not unique, neither here nor there.
func TestGroupsOfOneNameEachGetTheirOwnRemoteGroup(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Settings{})
	names := w.groups.createMany("twin", 6, func(g *v1alpha1.Group) { g.Spec.Name = "Gemini" })
	for _, name := range names {
		w.groups.await(name, metav1.ConditionTrue, v1alpha1.ReasonSynced)
	}
	w.calls.nextPasses(1)
	w.calls.want(map[string]int{"POST": len(names)})
	w.wantOneToOne(names...)
}

// A listing may show a group before the reply to its POST has come: then it looks
// like a group whose attempt was lost, but it is somebody's.
func TestAListingAheadOfTheReplyGivesTheGroupToNobodyElse(t *testing.T) {
	t.Parallel()
	w := prepareWorld(t, simulator.Settings{})
	release := w.holdPosts()
	w.start()
	same := func(g *v1alpha1.Group) { g.Spec.Name = "Gemini" }
	w.groups.create("second", same, func(g *v1alpha1.Group) { g.Spec.Suspend = true })
	w.groups.await("second", metav1.ConditionUnknown, v1alpha1.ReasonSuspended)
	w.groups.create("first", same)
	w.calls.awaitPosts(1)
	w.calls.nextPasses(1)
	w.groups.edit("second", func(g *v1alpha1.Group) { g.Spec.Suspend = false })
	w.calls.nextPasses(1)
	close(release)
	for _, name := range []string{"first", "second"} {
		w.groups.await(name, metav1.ConditionTrue, v1alpha1.ReasonSynced)
	}
	w.calls.want(map[string]int{"POST": 2})
	w.wantOneToOne("first", "second")
}

// A finalizer that is stripped while the POST is under way leaves a remote group
// that no object knows of.
func TestTheDeletionPolicyIsAppliedToAGroupWhoseGroupIsGone(t *testing.T) {
	t.Parallel()
	w := prepareWorld(t, simulator.Settings{}, func(c *v1alpha1.Connection, o *manager.Options) {
		c.Spec.AllowDelete, o.Workers = true, 16 // all POSTs are under way at once
	})
	release := w.holdPosts()
	w.start()
	policies := []v1alpha1.DeletionPolicy{v1alpha1.DeletionArchive, v1alpha1.DeletionDelete, v1alpha1.DeletionOrphan}
	for i, policy := range policies {
		w.groups.create(fmt.Sprintf("gone-%d", i), func(g *v1alpha1.Group) {
			g.Spec.Name, g.Spec.DeletionPolicy = string(policy), policy
		})
	}
	w.calls.awaitPosts(len(policies))
	for i := range policies {
		w.groups.forceDelete(fmt.Sprintf("gone-%d", i))
	}
	close(release)
	eventually(w, func() string {
		states := map[string]string{"Delete": "deleted"}
		for _, g := range w.sim.Groups() {
			states[g.Name] = "active"
			if g.Archived() {
				states[g.Name] = "archived"
			}
		}
		if states["Archive"] != "archived" || states["Delete"] != "deleted" || states["Orphan"] != "active" {
			return fmt.Sprintf("the remote groups are %v", states)
		}
		return ""
	})
	w.calls.nextPasses(1)
	if n := w.sim.Counts()["POST"]; n != len(policies) {
		t.Errorf("%d groups were made for %d Groups", n, len(policies))
	}
}

// A namesake is another Group: the id of the first one is not its own.
func TestTheDeletionPolicyIsAppliedToAGroupWhoseGroupWasReplaced(t *testing.T) {
	t.Parallel()
	w := prepareWorld(t, simulator.Settings{})
	release := w.holdPosts()
	w.start()
	w.groups.create("phoenix")
	w.calls.awaitPosts(1)
	w.groups.forceDelete("phoenix")
	w.groups.create("phoenix")
	close(release)
	g := w.groups.await("phoenix", metav1.ConditionTrue, v1alpha1.ReasonSynced)
	eventually(w, func() string {
		var archived, active int
		for _, remote := range w.sim.Groups() {
			switch {
			case remote.Archived():
				archived++
			case remote.ID == g.Status.ID:
				active++
			}
		}
		if archived != 1 || active != 1 {
			return fmt.Sprintf("want one archived group and the one of the namesake: %+v", w.sim.Groups())
		}
		return ""
	})
	if n := w.sim.Counts()["POST"]; n != 2 {
		t.Errorf("%d groups were made for two Groups", n)
	}
}
