// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/account"
	"github.com/klink-cloud/klink-operator/internal/facts"
	"github.com/klink-cloud/klink-operator/internal/plan"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

// namesOf lists the keys of the remote names of a Group, each once.
func namesOf(g *v1alpha1.Group) []string { return nameKeys(facts.Names(g, facts.Memory{})) }

func nameKeys(names []string) []string {
	keys := make([]string, 0, len(names))
	for _, name := range names {
		if key := remote.NameKey(name); !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return keys
}

// connectionOf names the connection of a Group.
func connectionOf(g *v1alpha1.Group) account.Key {
	ref := g.Spec.ConnectionRef
	if ref.Name == "" {
		ref = v1alpha1.ConnectionReference{Kind: v1alpha1.KindClusterConnection, Name: "default"}
	}
	key := account.Key{Kind: string(ref.Kind), Name: ref.Name}
	if ref.Kind == v1alpha1.KindConnection {
		key.Namespace = g.Namespace
	}
	return key
}

// idsOf lists the remote ids that a Group names, each once.
func idsOf(g *v1alpha1.Group) []string {
	var ids []string
	for _, id := range []string{g.Status.ID, g.Annotations[v1alpha1.AnnotationGroupID], g.Spec.GroupID} {
		if id != "" && (len(ids) == 0 || ids[len(ids)-1] != id) && (len(ids) < 2 || ids[0] != id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// Groups looks Groups and their connections up in the cache. The Groups are not copies:
// they must not be changed.
type Groups struct {
	Cache client.Reader
	Index GroupLookup
	// NamespacedOnly: this manager may not read ClusterConnections, and treats them
	// as if there were none.
	NamespacedOnly bool
	// Selector says by their labels which connections this manager serves; nil is all.
	// It leaves the others, and their Groups, entirely alone.
	Selector labels.Selector

	// What New adds: the labels of namespaces, by which a connection is open to them,
	// and the UID of this cluster's namespace kube-system.
	labels  *namespaceLabelCache
	cluster string
}

// connection reads a connection; the error is a NotFound for one that is not there.
func (g Groups) connection(ctx context.Context, key account.Key) (connectionObject, error) {
	if g.NamespacedOnly && key.Namespace == "" {
		return nil, apierrors.NewNotFound(v1alpha1.GroupVersion.WithResource("clusterconnections").GroupResource(), key.Name)
	}
	object := newConnection(key.Kind)
	if err := g.Cache.Get(ctx, client.ObjectKey{Namespace: key.Namespace, Name: key.Name}, object); err != nil {
		return nil, err //nolint:wrapcheck // the callers tell absences apart
	}
	return object, nil
}

// Of lists the Groups of a connection.
func (g Groups) Of(key account.Key) ([]*v1alpha1.Group, error) {
	return g.by(indexConnection, key.String())
}

// Naming lists the Groups that name a remote id.
func (g Groups) Naming(id string) ([]*v1alpha1.Group, error) {
	return g.by(indexID, id)
}

// Named lists the Groups that declare a remote name, or one that an API may take for it.
func (g Groups) Named(name string) ([]*v1alpha1.Group, error) {
	return g.by(indexName, remote.NameKey(name))
}

// Bindings tells what the Groups of a connection that may use it are bound to. A Group
// that reports its remote group as missing has given it up, until a change of the spec
// asks for it again.
func (g Groups) Bindings(ctx context.Context, key account.Key) (b account.Bindings, _ error) {
	groups, err := g.Of(key)
	if err != nil {
		return b, err
	}
	may, err := g.allowed(ctx, key)
	b.Owned, b.Declares = make([]string, 0, len(groups)), make(map[string]remote.FieldSet, len(groups))
	for _, one := range groups {
		switch {
		case !may(one):
		case one.Status.ID == "":
			b.Unbound = true
		case !facts.IsForeign(one, g.cluster):
			b.Owned = append(b.Owned, one.Status.ID)
			b.Declares[one.Status.ID] = plan.FieldsOf(&one.Spec)
			ready := meta.FindStatusCondition(one.Status.Conditions, v1alpha1.ConditionReady)
			if ready != nil && ready.Reason == v1alpha1.ReasonRemoteMissing && ready.ObservedGeneration == one.Generation {
				b.GivenUp = append(b.GivenUp, one.Status.ID)
			}
		}
	}
	return b, err
}

// allowed tells of the Groups of a connection whether their namespace may use it, by
// the labels that were read last. A connection that is gone forbids nothing.
func (g Groups) allowed(ctx context.Context, key account.Key) (func(*v1alpha1.Group) bool, error) {
	object, err := g.connection(ctx, key)
	if err != nil {
		err = client.IgnoreNotFound(err)
		return func(*v1alpha1.Group) bool { return true }, err //nolint:wrapcheck // it names what was read
	}
	return func(one *v1alpha1.Group) bool { return g.labels.lastKnown(object, one.Namespace).use }, nil
}

// anyLarge reports whether there are Groups that are not cached as a whole.
func (g Groups) anyLarge() (bool, error) {
	groups, err := g.by(indexLarge, largeMark)
	return len(groups) > 0, err
}

func (g Groups) by(index, value string) ([]*v1alpha1.Group, error) {
	groups, err := g.Index.ByIndex(index, value)
	if err != nil {
		return nil, fmt.Errorf("listing Groups by %s: %w", index, err)
	}
	return groups, nil
}
