// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/facts"
	"github.com/klink-cloud/klink-operator/internal/plan"
)

func withContacts(n int) *v1alpha1.Group {
	g := &v1alpha1.Group{}
	g.Name, g.UID = "plaza", "uid-plaza"
	for i := range n {
		g.Spec.Contacts = append(g.Spec.Contacts, v1alpha1.Contact{Username: fmt.Sprint("guest-", i)})
	}
	return g
}

// one reads one Group, as the API server has it.
type one struct {
	client.Reader
	group *v1alpha1.Group
	err   error
}

func (o one) Get(_ context.Context, _ client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	if o.group != nil {
		o.group.DeepCopyInto(into.(*v1alpha1.Group)) //nolint:forcetypeassert // nothing else is asked for
	}
	return o.err
}

// 300 Groups as large as the API server takes them were more than the memory of the
// manager: it reads those again that it looks at.
func TestALargeGroupIsReadWhenItIsLookedAt(t *testing.T) {
	for n, large := range map[int]bool{0: false, 1: false, 500: false, 5000: true} {
		g := withContacts(n)
		CacheLight(g)
		if isLarge(g) != large || !large && len(g.Spec.Contacts) != n {
			t.Errorf("of %d contacts %d are cached", n, len(g.Spec.Contacts))
		}
	}
	cached := withContacts(5000)
	CacheLight(cached)
	another := withContacts(3)
	another.UID = types.UID("another")
	gone := apierrors.NewNotFound(schema.GroupResource{Resource: "groups"}, "plaza")
	for _, c := range []struct {
		what   string
		cached *v1alpha1.Group
		live   one
		busy   int
		want   int // contacts; -1: it is looked at later
		fails  bool
	}{
		{"a small one is as the cache has it", withContacts(3), one{err: errors.New("not to be read")}, 0, 3, false},
		{"a large one is read", cached, one{group: withContacts(5000)}, 0, 5000, false},
		{"later, where others are", cached, one{group: withContacts(5000)}, largeAtOnce, -1, false},
		{"one that is gone is looked at when the cache says so", cached, one{err: gone}, 0, -1, false},
		{"so is another of its name", cached, one{group: another}, 0, -1, false},
		{"a failure is one", cached, one{err: errors.New("etcd")}, 0, -1, true},
	} {
		r := &GroupReconciler{large: make(chan struct{}, largeAtOnce), executor: executor{owners: &owners{live: c.live}}}
		for range c.busy {
			r.large <- struct{}{}
		}
		if c.live.group != nil {
			c.live.group.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "kubectl"}}
		}
		got, err := r.whole(t.Context(), c.cached)
		if got != nil && got.ManagedFields != nil {
			t.Errorf("%s: it is kept with who wrote which field", c.what)
		}
		if (err != nil) != c.fails || (got == nil) != (c.want < 0) || got != nil && len(got.Spec.Contacts) != c.want || len(r.large) != c.busy {
			t.Errorf("%s: %v, %v; %d are being read", c.what, got != nil, err, len(r.large))
		}
	}
}

// The contacts were left out of the cache, and 300 Groups with as many bytes in their labels,
// owners, finalizers or annotations filled the memory of the manager all the same.
func TestALargeGroupIsLightInTheCacheWhateverMakesItLarge(t *testing.T) {
	for what, fill := range map[string]func(g *v1alpha1.Group, n int){
		"labels":      func(g *v1alpha1.Group, n int) { g.Labels[fmt.Sprint("label-", n)] = "1" },
		"annotations": func(g *v1alpha1.Group, n int) { g.Annotations[fmt.Sprint("annotation-", n)] = "1" },
		"a request":   func(g *v1alpha1.Group, _ int) { g.Annotations[v1alpha1.AnnotationReconcileRequestedAt] += "request " },
		"a note":      func(g *v1alpha1.Group, _ int) { g.Annotations[v1alpha1.AnnotationCreateAttempt] += "attempt " },
		"owners": func(g *v1alpha1.Group, n int) {
			g.OwnerReferences = append(g.OwnerReferences, metav1.OwnerReference{APIVersion: "v1", Kind: "ConfigMap", Name: fmt.Sprint(n)})
		},
		"finalizers": func(g *v1alpha1.Group, n int) { g.Finalizers = append(g.Finalizers, fmt.Sprint("a.example/", n)) },
	} {
		g := withContacts(3)
		g.Labels, g.Annotations = map[string]string{}, map[string]string{}
		for n := range 100 {
			fill(g, n)
		}
		whole := g.DeepCopy()
		if CacheLight(g); !equality.Semantic.DeepEqual(g, whole) {
			t.Errorf("%s: a small one is cached in part", what)
		}
		for n := range 10_000 {
			fill(g, n)
		}
		g.Annotations[v1alpha1.AnnotationGroupID], g.Annotations[v1alpha1.AnnotationGroupCluster] = "aB3", "uid"
		g.Finalizers = append(g.Finalizers, v1alpha1.FinalizerGroup)
		asks := plan.Requested(g)
		CacheLight(g)
		if size := weight(g); !isLarge(g) || size > 2*cachedWeight {
			t.Errorf("%s: %d bytes are cached", what, size)
		}
		if plan.Requested(g) != asks || facts.NamedID(g) != "aB3" || g.Annotations[v1alpha1.AnnotationGroupCluster] != "uid" ||
			!slices.Equal(g.Finalizers, []string{v1alpha1.FinalizerGroup}) {
			t.Errorf("%s: others are told %v, %v", what, g.Annotations, g.Finalizers)
		}
	}
}

// A Group is cached as a whole up to a weight, and what is cut says so: without a mark in the
// place of its contacts it would declare none, and a note that is not there cannot be read as one.
func TestWhatIsCutOfALargeGroup(t *testing.T) {
	heaviest := &v1alpha1.Group{}
	heaviest.Labels = map[string]string{"a": strings.Repeat("b", cachedWeight-itemCost-1)}
	if CacheLight(heaviest); isLarge(heaviest) {
		t.Errorf("a Group of %d bytes is cut", weight(heaviest))
	}
	many := &v1alpha1.Group{}
	for range cachedWeight / itemCost {
		many.Spec.Contacts = append(many.Spec.Contacts, v1alpha1.Contact{Username: "a"})
	}
	if CacheLight(many); !isLarge(many) {
		t.Errorf("%d short contacts are cached", len(many.Spec.Contacts))
	}
	for contacts, marks := range map[int]int{0: 0, 1: 1, 5: 1} {
		g := withContacts(contacts)
		g.Labels = map[string]string{"a": strings.Repeat("b", cachedWeight)}
		g.Finalizers = []string{"a.example/b"}
		CacheLight(g)
		if len(g.Spec.Contacts) != marks || marks > 0 && g.Spec.Contacts[0] != notCached {
			t.Errorf("of %d contacts are cached %v", contacts, g.Spec.Contacts)
		}
		if len(g.Finalizers) != 0 {
			t.Errorf("finalizers of others are cached: %v", g.Finalizers)
		}
	}
	for left, kept := range map[int]bool{0: true, 1: false} { // of the room, by how much a note is too long
		g := withContacts(5000)
		id := strings.Repeat("i", 1000)
		g.Annotations = map[string]string{
			v1alpha1.AnnotationGroupID:       id,
			v1alpha1.AnnotationCreateAttempt: strings.Repeat("n", cachedWeight-len(id)+left),
		}
		CacheLight(g)
		if _, noted := g.Annotations[v1alpha1.AnnotationCreateAttempt]; noted != kept || g.Annotations[v1alpha1.AnnotationGroupID] != id {
			t.Errorf("a note that is %d too long is cached: %t", left, noted)
		}
	}
}

// What was made is kept until it is written down, and so was the Group: 300 of the largest
// were kept as long as they lived.
func TestAGroupIsKeptUntilWhatWasMadeForItIsWrittenDown(t *testing.T) {
	g, state := withContacts(5000), &groupState{}
	state.memory.Unrecorded = &facts.Unrecorded{Account: "a"}
	if state.see(g); state.lastSeen != g {
		t.Error("it is not kept while it is needed")
	}
	state.memory.Unrecorded = nil
	if state.see(g); state.lastSeen != nil {
		t.Error("it is kept when nothing needs it any more")
	}
}
