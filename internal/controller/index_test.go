// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/account"
)

// fakeCache is a cache that holds the Groups of one connection.
type fakeCache struct {
	client.Reader

	groups []*v1alpha1.Group
}

func (s *fakeCache) ByIndex(_, _ string) ([]*v1alpha1.Group, error) {
	return slices.Clone(s.groups), nil
}

func (s *fakeCache) All() ([]*v1alpha1.Group, error) {
	return slices.Clone(s.groups), nil
}

func (s *fakeCache) Get(_ context.Context, key client.ObjectKey, _ client.Object, _ ...client.GetOption) error {
	return apierrors.NewNotFound(schema.GroupResource{}, key.Name)
}

func TestGivenUpIsWhatItsGroupReportsAsMissing(t *testing.T) {
	bound := func(id, reason string, observed int64) *v1alpha1.Group {
		g := &v1alpha1.Group{}
		g.Generation, g.Status.ID = 2, id
		setConditions(&g.Status.Conditions, observed, "False", reason, "", true, false)
		return g
	}
	byAnnotation := bound("", v1alpha1.ReasonRemoteMissing, 2)
	byAnnotation.Annotations = map[string]string{v1alpha1.AnnotationGroupID: "annotated"}
	foreign := bound("of another cluster", v1alpha1.ReasonRemoteMissing, 2)
	foreign.Annotations = map[string]string{v1alpha1.AnnotationGroupCluster: "another"}
	cache := &fakeCache{groups: []*v1alpha1.Group{
		bound("missing", v1alpha1.ReasonRemoteMissing, 2),
		bound("changed since", v1alpha1.ReasonRemoteMissing, 1),
		bound("refused", v1alpha1.ReasonRejected, 2),
		bound("", v1alpha1.ReasonRemoteMissing, 2),
		byAnnotation,
		foreign,
		{Status: v1alpha1.GroupStatus{ID: "new"}},
	}}
	groups := Groups{cluster: "here", Cache: cache, Index: cache}
	bindings, err := groups.Bindings(t.Context(), account.Key{})
	if diff := cmp.Diff([]string{"missing"}, bindings.GivenUp); diff != "" || err != nil {
		t.Errorf("given up (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"missing", "changed since", "refused", "new"}, bindings.Owned); diff != "" || err != nil {
		t.Errorf("owned (-want +got):\n%s", diff)
	}
	if _, declared := bindings.Declares["refused"]; !declared || len(bindings.Declares) != len(bindings.Owned) || !bindings.Unbound {
		t.Errorf("declared: %v; a Group has no id: %t", bindings.Declares, bindings.Unbound)
	}
	cache.groups = cache.groups[:3]
	if bindings, err := groups.Bindings(t.Context(), account.Key{}); bindings.Unbound || err != nil {
		t.Error("a Group has no id, though all have one")
	}
}

// Each id that a Group names keeps others from it, wherever it stands, and is looked for once.
func TestAGroupIsFoundByEachIDThatItNamesOnce(t *testing.T) {
	for _, c := range []struct {
		status, annotation, spec string
		want                     []string
	}{
		{"", "", "", nil},
		{"a", "", "", []string{"a"}},
		{"", "a", "", []string{"a"}},
		{"", "", "a", []string{"a"}},
		{"a", "a", "", []string{"a"}},
		{"a", "", "a", []string{"a"}},
		{"", "a", "a", []string{"a"}},
		{"a", "a", "a", []string{"a"}},
		{"a", "b", "", []string{"a", "b"}},
		{"a", "b", "b", []string{"a", "b"}},
		{"a", "a", "b", []string{"a", "b"}},
		{"a", "b", "a", []string{"a", "b"}},
		{"a", "b", "c", []string{"a", "b", "c"}},
	} {
		g := &v1alpha1.Group{}
		g.Status.ID, g.Annotations, g.Spec.GroupID = c.status, map[string]string{v1alpha1.AnnotationGroupID: c.annotation}, c.spec
		if diff := cmp.Diff(c.want, idsOf(g)); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", c, diff)
		}
	}
}

// A manager with rights in namespaces alone would be refused to read a ClusterConnection again
// and again: for it, there is none.
func TestAManagerWithRightsInNamespacesHasNoClusterConnections(t *testing.T) {
	own, shared := account.Key{Kind: "Connection", Namespace: "lobby", Name: "own"}, account.Key{Kind: "ClusterConnection", Name: "shared"}
	for _, c := range []struct {
		namespacedOnly bool
		key            account.Key
		found          bool
	}{{false, own, true}, {false, shared, true}, {true, own, true}, {true, shared, false}} {
		object, err := Groups{Cache: servedAndOthers(), NamespacedOnly: c.namespacedOnly}.connection(t.Context(), c.key)
		if found := err == nil && object.GetName() == c.key.Name; found != c.found || !found && !apierrors.IsNotFound(err) {
			t.Errorf("%s, in namespaces alone %t: found %t, %v", c.key, c.namespacedOnly, found, err)
		}
	}
}
