// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/account"
)

// connections is a cache of connections of both kinds.
type connections struct {
	client.Reader
	own    []v1alpha1.Connection
	shared []v1alpha1.ClusterConnection
	fails  error
	lists  int
}

func (c *connections) Get(_ context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	for i := range c.own {
		if to, ok := into.(*v1alpha1.Connection); ok && client.ObjectKeyFromObject(&c.own[i]) == key {
			c.own[i].DeepCopyInto(to)
			return c.fails
		}
	}
	for i := range c.shared {
		if to, ok := into.(*v1alpha1.ClusterConnection); ok && client.ObjectKeyFromObject(&c.shared[i]) == key {
			c.shared[i].DeepCopyInto(to)
			return c.fails
		}
	}
	if c.fails != nil {
		return c.fails
	}
	return apierrors.NewNotFound(schema.GroupResource{Resource: "connections"}, key.Name)
}

func (c *connections) List(_ context.Context, into client.ObjectList, _ ...client.ListOption) error {
	c.lists++
	switch into := into.(type) {
	case *v1alpha1.ConnectionList:
		into.Items = c.own
	case *v1alpha1.ClusterConnectionList:
		into.Items = c.shared
	}
	return c.fails
}

// servedAndOthers are connections, some of which have a label, and some are ready.
func servedAndOthers() *connections {
	c := &connections{own: make([]v1alpha1.Connection, 1), shared: make([]v1alpha1.ClusterConnection, 2)}
	c.own[0].Namespace, c.own[0].Name, c.own[0].Labels = "lobby", "own", map[string]string{"shard": "a"}
	c.shared[0].Name, c.shared[0].Labels = "shared", map[string]string{"shard": "a"}
	c.shared[1].Name = "another's"
	setConditions(&c.own[0].Status.Conditions, 1, "True", v1alpha1.ReasonConnected, "", false, false)
	setConditions(&c.shared[0].Status.Conditions, 1, "False", v1alpha1.ReasonUnavailable, "", false, false)
	return c
}

var ofShardA = labels.SelectorFromSet(labels.Set{"shard": "a"})

// The metrics of two managers that share the connections would count each twice.
func TestTheMetricsTellOfWhatThisManagerServes(t *testing.T) {
	cache := servedAndOthers()
	over := func(name string, kind v1alpha1.ConnectionKind, connection string) *v1alpha1.Group {
		g := groupAt("lobby", name)
		g.Spec.ConnectionRef = v1alpha1.ConnectionReference{Kind: kind, Name: connection}
		return g
	}
	index := &fakeCache{groups: []*v1alpha1.Group{
		over("a", v1alpha1.KindConnection, "own"), over("b", v1alpha1.KindClusterConnection, "another's"),
		over("c", v1alpha1.KindClusterConnection, "shared"), over("d", v1alpha1.KindClusterConnection, "missing"),
	}}
	for what, c := range map[string]struct {
		groups      Groups
		names       []string
		connections map[string]bool
	}{
		"it serves all": {
			Groups{}, []string{"a", "b", "c", "d"},
			map[string]bool{"Connection/lobby/own": true, "ClusterConnection/shared": false, "ClusterConnection/another's": false},
		},
		"it serves some": {
			Groups{Selector: ofShardA}, []string{"a", "c"}, map[string]bool{"Connection/lobby/own": true, "ClusterConnection/shared": false},
		},
		"it has rights in namespaces alone": {
			Groups{NamespacedOnly: true}, []string{"a", "b", "c", "d"}, map[string]bool{"Connection/lobby/own": true},
		},
	} {
		c.groups.Cache, c.groups.Index = cache, index
		all, err := c.groups.All(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for key, g := range all {
			if names = append(names, g.Name); key != connectionOf(g) {
				t.Errorf("%s: %s is told with connection %s", what, g.Name, key)
			}
		}
		if !slices.Equal(names, c.names) {
			t.Errorf("%s: it tells of the Groups %v, want %v", what, names, c.names)
		}
		for range all {
			break // who has seen enough may stop
		}
		ready, err := c.groups.Connections(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]bool{}
		for key, is := range ready {
			got[key.String()] = is
		}
		if !maps.Equal(got, c.connections) {
			t.Errorf("%s: it tells of the connections %v, want %v", what, got, c.connections)
		}
	}
}

// A cache that fails is no account without connections.
func TestAListOfConnectionsThatFailsIsAnError(t *testing.T) {
	cache := servedAndOthers()
	cache.fails = errors.New("the cache does not answer")
	if ready, err := (Groups{Cache: cache}).Connections(t.Context()); err == nil || cache.lists != 1 {
		t.Errorf("it tells of %v after %d lists", ready, cache.lists)
	}
}

// Of managers whose selectors are disjoint and complete, exactly one has to work on a Group.
func TestExactlyOneManagerServesAConnection(t *testing.T) {
	others, _ := labels.Parse("shard!=a")
	cache := servedAndOthers()
	for name, first := range map[string]bool{"shared": true, "another's": false, "missing": false} {
		key := account.Key{Kind: "ClusterConnection", Name: name}
		for _, c := range []struct {
			selector labels.Selector
			want     bool
		}{{ofShardA, first}, {others, !first}, {nil, true}} {
			if served, err := (Groups{Cache: cache, Selector: c.selector}).serves(t.Context(), key); served != c.want || err != nil {
				t.Errorf("%s by %v: %t, want %t; %v", name, c.selector, served, c.want, err)
			}
		}
	}
	cache.fails = errors.New("the cache does not answer")
	if served, err := (Groups{Cache: cache, Selector: ofShardA}).serves(t.Context(), account.Key{Name: "shared"}); served || err == nil {
		t.Errorf("served %t and no error, though it cannot be told", served)
	}
}
