// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"errors"
	"fmt"
	"hash/maphash"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	toolscache "k8s.io/client-go/tools/cache"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// The indexes over the Groups in the cache.
const (
	// indexConnection finds the Groups of a connection, by account.Key.String.
	indexConnection = "connection"
	// indexID finds the Groups that name a remote id: in status, annotation or spec.
	indexID = "remoteID"
	// indexName finds Groups by the key of the remote name that they declare, or that
	// their open create has sent.
	indexName = "remoteName"
	// indexLarge finds those that are not cached as a whole.
	indexLarge = "large"
)

// IndexValues are the values by which each index finds a Group.
func IndexValues() map[string]func(*v1alpha1.Group) []string {
	return map[string]func(*v1alpha1.Group) []string{
		indexConnection: func(g *v1alpha1.Group) []string { return []string{connectionOf(g).String()} },
		indexID:         idsOf,
		indexName:       namesOf,
		indexLarge: func(g *v1alpha1.Group) []string {
			if isLarge(g) {
				return []string{largeMark}
			}
			return nil
		},
	}
}

// GroupLookup looks Groups up in the cache. The Groups are not copies: they must not be
// changed. The lists are the caller's. While the cache is not filled, it returns errors:
// an empty list always means that there are none.
type GroupLookup interface {
	// ByIndex lists the Groups that an index finds by a value.
	ByIndex(index, value string) ([]*v1alpha1.Group, error)
	// All lists all Groups.
	All() ([]*v1alpha1.Group, error)
}

// GroupIndex looks Groups up in the informers of the cache, which it makes. The lookups of
// controller-runtime keep each value of an index twice, with its namespace and without, and
// copy each Group that they find.
type GroupIndex struct {
	values map[string]func(*v1alpha1.Group) []string
	wanted int
	seed   maphash.Seed

	mu        sync.Mutex
	informers []toolscache.SharedIndexInformer
}

// NewGroupIndex returns an index for a cache that has so many informers of Groups: one for
// each namespace that is watched, or a single one.
func NewGroupIndex(informers int) *GroupIndex {
	return &GroupIndex{values: IndexValues(), wanted: informers, seed: maphash.MakeSeed()}
}

// NewInformer makes an informer, for the cache's options. It adds the indexes to those of Groups.
func (i *GroupIndex) NewInformer(from toolscache.ListerWatcher, example runtime.Object, resync time.Duration, indexers toolscache.Indexers) toolscache.SharedIndexInformer {
	if _, ok := example.(*v1alpha1.Group); !ok {
		return toolscache.NewSharedIndexInformer(from, example, resync, indexers)
	}
	indexers = maps.Clone(indexers)
	for name, of := range i.values {
		indexers[name] = func(o any) ([]string, error) {
			keys := of(o.(*v1alpha1.Group)) //nolint:forcetypeassert // the informer is one of Groups
			for n, value := range keys {
				keys[n] = i.key(name, value)
			}
			return keys, nil
		}
	}
	informer := toolscache.NewSharedIndexInformer(from, example, resync, indexers)
	i.mu.Lock()
	defer i.mu.Unlock()
	i.informers = append(i.informers, informer)
	return informer
}

// ByIndex implements GroupLookup.
func (i *GroupIndex) ByIndex(index, value string) ([]*v1alpha1.Group, error) {
	groups, err := i.collect(func(of toolscache.Indexer) ([]any, error) {
		return of.ByIndex(index, i.key(index, value)) //nolint:wrapcheck // it names the index
	})
	if sharesSets(index) {
		groups = slices.DeleteFunc(groups, func(g *v1alpha1.Group) bool { return !slices.Contains(i.values[index](g), value) })
	}
	return groups, err
}

// sets is how many sets of Groups an index has whose values share them.
const sets = 2048

// sharesSets reports whether the values of an index mostly find one Group each. A set takes
// 200 bytes, so that several values share one.
func sharesSets(index string) bool { return index == indexID || index == indexName }

// key is that of the set of Groups that a value is looked for in. The seed keeps anybody from
// choosing ids or names that all share one.
func (i *GroupIndex) key(index, value string) string {
	if !sharesSets(index) {
		return value
	}
	return strconv.FormatUint(maphash.String(i.seed, value)%sets, 36)
}

// All implements GroupLookup.
func (i *GroupIndex) All() ([]*v1alpha1.Group, error) {
	return i.collect(func(of toolscache.Indexer) ([]any, error) { return of.List(), nil })
}

// collect joins what is found in each of the informers.
func (i *GroupIndex) collect(find func(toolscache.Indexer) ([]any, error)) ([]*v1alpha1.Group, error) {
	informers, err := i.filled()
	if err != nil {
		return nil, err
	}
	var groups []*v1alpha1.Group
	for _, informer := range informers {
		found, err := find(informer.GetIndexer())
		if err != nil {
			return nil, err
		}
		groups = slices.Grow(groups, len(found))
		for _, object := range found {
			group, ok := object.(*v1alpha1.Group)
			if !ok {
				return nil, fmt.Errorf("the cache of Groups has a %T", object)
			}
			groups = append(groups, group)
		}
	}
	return groups, nil
}

// filled are the informers, once each namespace has its own and all have listed their Groups.
func (i *GroupIndex) filled() ([]toolscache.SharedIndexInformer, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.informers) < i.wanted {
		return nil, errors.New("the cache does not watch Groups yet")
	}
	for _, informer := range i.informers {
		if !informer.HasSynced() {
			return nil, errors.New("the cache has not listed all Groups yet")
		}
	}
	return i.informers, nil
}
