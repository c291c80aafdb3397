// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	toolscache "k8s.io/client-go/tools/cache"
	cachetesting "k8s.io/client-go/tools/cache/testing"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// groupSource is what an informer lists and watches.
func groupSource(groups ...*v1alpha1.Group) *cachetesting.FakeControllerSource {
	source := cachetesting.NewFakeControllerSource()
	for _, g := range groups {
		source.Add(g)
	}
	return source
}

// runInformer runs an informer until it has listed everything.
func runInformer(t *testing.T, informer toolscache.SharedIndexInformer) {
	t.Helper()
	go informer.RunWithContext(t.Context())
	if !toolscache.WaitForCacheSync(t.Context().Done(), informer.HasSynced) {
		t.Fatal("the informer lists nothing")
	}
}

// groupAt is a Group of the default connection.
func groupAt(namespace, name string) *v1alpha1.Group {
	return &v1alpha1.Group{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Spec: v1alpha1.GroupSpec{Name: name}}
}

// foundBy are the names of what is found by a value.
func foundBy(t *testing.T, lookup GroupLookup, index, value string) []string {
	t.Helper()
	groups, err := lookup.ByIndex(index, value)
	if err != nil {
		t.Fatalf("looking for %q by %s: %v", value, index, err)
	}
	names := []string{}
	for _, g := range groups {
		names = append(names, g.Namespace+"/"+g.Name)
	}
	slices.Sort(names)
	return names
}

func TestGroupsOfAllWatchedNamespacesAreFound(t *testing.T) {
	bound, large := groupAt("east", "a"), groupAt("west", "large")
	bound.Status.ID, bound.Annotations = "1", map[string]string{v1alpha1.AnnotationGroupID: "2"}
	large.Spec.GroupID, large.Labels = "1", map[string]string{largeMark: ""}
	elsewhere := groupAt("west", "A")
	elsewhere.Spec.ConnectionRef = v1alpha1.ConnectionReference{Kind: v1alpha1.KindConnection, Name: "own"}
	index := NewGroupIndex(2)
	for _, source := range []*cachetesting.FakeControllerSource{groupSource(bound, groupAt("east", "b")), groupSource(large, elsewhere)} {
		runInformer(t, index.NewInformer(source, &v1alpha1.Group{}, 0, toolscache.Indexers{toolscache.NamespaceIndex: toolscache.MetaNamespaceIndexFunc}))
	}
	for _, c := range []struct {
		index, value string
		want         []string
	}{
		{indexConnection, connectionOf(bound).String(), []string{"east/a", "east/b", "west/large"}},
		{indexConnection, connectionOf(elsewhere).String(), []string{"west/A"}},
		{indexID, "1", []string{"east/a", "west/large"}},
		{indexID, "2", []string{"east/a"}},
		{indexID, "3", []string{}},
		{indexName, nameKeys([]string{"a"})[0], []string{"east/a", "west/A"}},
		{indexLarge, largeMark, []string{"west/large"}},
	} {
		if diff := cmp.Diff(c.want, foundBy(t, index, c.index, c.value)); diff != "" {
			t.Errorf("by %s %q (-want +got):\n%s", c.index, c.value, diff)
		}
	}
	if all, err := index.All(); len(all) != 4 || err != nil {
		t.Errorf("%d Groups in all, want 4; %v", len(all), err)
	}
	if _, err := index.ByIndex("color", "red"); err == nil {
		t.Error("an index that does not exist finds nothing, and no error says so")
	}
}

// Ids and names share sets in the cache: what another one has there must not be found.
func TestAGroupIsFoundByItsOwnValuesAlone(t *testing.T) {
	index := NewGroupIndex(1)
	other := 0
	for index.key(indexID, strconv.Itoa(other)) != index.key(indexID, "mine") {
		other++
	}
	mine, theirs := groupAt("east", "mine"), groupAt("east", strconv.Itoa(other))
	mine.Status.ID, theirs.Status.ID = mine.Name, theirs.Name
	informer := index.NewInformer(groupSource(mine, theirs), &v1alpha1.Group{}, 0, toolscache.Indexers{})
	runInformer(t, informer)
	want := func(by, value string, names ...string) {
		t.Helper()
		if diff := cmp.Diff(append([]string{}, names...), foundBy(t, index, by, value)); diff != "" {
			t.Errorf("by %s %q (-want +got):\n%s", by, value, diff)
		}
	}
	for _, g := range []*v1alpha1.Group{mine, theirs} {
		want(indexID, g.Status.ID, "east/"+g.Name)
		want(indexName, nameKeys([]string{g.Spec.Name})[0], "east/"+g.Name)
	}
	moved := mine.DeepCopy()
	moved.Status.ID = "moved"
	if err := informer.GetIndexer().Update(moved); err != nil {
		t.Fatal(err)
	}
	want(indexID, "mine")
	want(indexID, "moved", "east/mine")
	if err := informer.GetIndexer().Delete(moved); err != nil {
		t.Fatal(err)
	}
	want(indexID, "moved")
	want(indexID, theirs.Status.ID, "east/"+theirs.Name)
}

// An id that no Group names may be adopted, and a connection without Groups may go: what is not
// known yet must not look like that.
func TestACacheThatIsNotFilledIsAnError(t *testing.T) {
	index := NewGroupIndex(2)
	fails := func(when string) {
		t.Helper()
		if groups, err := index.ByIndex(indexID, "1"); err == nil {
			t.Errorf("%s: %d Groups are found by id, and no error says that there may be more", when, len(groups))
		}
		if groups, err := index.All(); err == nil {
			t.Errorf("%s: %d Groups are listed, and no error says that there may be more", when, len(groups))
		}
	}
	informer := func(example runtime.Object) toolscache.SharedIndexInformer {
		return index.NewInformer(groupSource(), example, 0, toolscache.Indexers{})
	}
	fails("before any informer")
	informer(&v1alpha1.Connection{})
	informer(&v1alpha1.ClusterConnection{})
	fails("with those of connections alone")
	runInformer(t, informer(&v1alpha1.Group{}))
	fails("with that of one namespace of two")
	second := informer(&v1alpha1.Group{})
	fails("before the second has listed")
	runInformer(t, second)
	if groups, err := index.ByIndex(indexID, "1"); len(groups) != 0 || err != nil {
		t.Errorf("%d Groups, want none; %v", len(groups), err)
	}
}

// deadIndex is a cache that is not filled.
type deadIndex struct{ err error }

func (d deadIndex) ByIndex(_, _ string) ([]*v1alpha1.Group, error) { return nil, d.err }
func (d deadIndex) All() ([]*v1alpha1.Group, error)                { return nil, d.err }

func TestALookupThatFailsIsPassedOn(t *testing.T) {
	groups := Groups{Cache: &fakeCache{}, Index: deadIndex{context.DeadlineExceeded}}
	_, of := groups.Of(connectionOf(groupAt("east", "a")))
	_, naming := groups.Naming("1")
	_, named := groups.Named("a")
	_, large := groups.anyLarge()
	_, all := groups.All(t.Context())
	_, bindings := groups.Bindings(t.Context(), connectionOf(groupAt("east", "a")))
	for what, err := range map[string]error{"Of": of, "Naming": naming, "Named": named, "anyLarge": large, "All": all, "Bindings": bindings} {
		if err == nil {
			t.Errorf("%s tells of no error", what)
		}
	}
}
