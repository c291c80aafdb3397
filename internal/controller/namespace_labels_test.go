// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// namespaces is an API server that has namespaces with these labels, and counts how often it
// is asked.
type namespaces struct {
	client.Reader
	labels map[string]labels.Set
	fails  error
	reads  int
}

func (n *namespaces) Get(_ context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	n.reads++
	set, known := n.labels[key.Name]
	if n.fails == nil && !known {
		return apierrors.NewNotFound(schema.GroupResource{Resource: "namespaces"}, key.Name)
	}
	into.(*corev1.Namespace).Labels = set
	return n.fails
}

var (
	askedFor = &metav1.LabelSelector{MatchLabels: map[string]string{"team": "a"}}
	// unreadableSelector is one that the API server would not have taken.
	unreadableSelector = &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "team", Operator: "Like"}}}
)

// openTo is a ClusterConnection that is open to these namespaces.
func openTo(use v1alpha1.AllowedNamespaces, adopt v1alpha1.AllowedAdoptionNamespaces) *v1alpha1.ClusterConnection {
	return &v1alpha1.ClusterConnection{Spec: v1alpha1.ClusterConnectionSpec{AllowedNamespaces: use, AllowedAdoptionNamespaces: adopt}}
}

var (
	allUse     = v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesFromAll}
	someUse    = v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesFromSelector, Selector: askedFor}
	allAdopt   = v1alpha1.AllowedAdoptionNamespaces{From: v1alpha1.AdoptionNamespacesFromAll}
	noneAdopts = v1alpha1.AllowedAdoptionNamespaces{From: v1alpha1.AdoptionNamespacesFromNone}
	someAdopt  = v1alpha1.AllowedAdoptionNamespaces{From: v1alpha1.AdoptionNamespacesFromSelector, Selector: askedFor}
)

// What a namespace may do is what its labels say, and these are asked for where a selector is.
// A selector that cannot be read lets nobody in.
func TestWhatAConnectionLetsANamespaceDo(t *testing.T) {
	for what, c := range map[string]struct {
		connection    v1alpha1.ConnectionObject
		ours, theirs  rights // of a namespace that is labelled, and of another
		reads         int
		theirsUnknown rights // before anything was read
	}{
		"a Connection":                {&v1alpha1.Connection{}, rights{true, true}, rights{true, true}, 0, rights{true, true}},
		"all may":                     {openTo(allUse, allAdopt), rights{true, true}, rights{true, true}, 0, rights{true, true}},
		"some may use it":             {openTo(someUse, allAdopt), rights{true, true}, rights{false, true}, 2, rights{true, true}},
		"some may adopt":              {openTo(allUse, someAdopt), rights{true, true}, rights{true, false}, 2, rights{true, true}},
		"nobody adopts":               {openTo(allUse, noneAdopts), rights{true, false}, rights{true, false}, 0, rights{true, false}},
		"some use it, nobody adopts":  {openTo(someUse, noneAdopts), rights{true, false}, rights{false, false}, 2, rights{true, true}},
		"a selector that is not read": {openTo(v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesFromSelector, Selector: unreadableSelector}, allAdopt), rights{false, true}, rights{false, true}, 2, rights{true, true}},
		"selectors that are not used": {
			openTo(v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesFromAll, Selector: askedFor}, v1alpha1.AllowedAdoptionNamespaces{From: v1alpha1.AdoptionNamespacesFromAll, Selector: askedFor}),
			rights{true, true}, rights{true, true}, 2, rights{true, true},
		},
	} {
		server := &namespaces{labels: map[string]labels.Set{"ours": {"team": "a"}, "theirs": nil}}
		cache := &namespaceLabelCache{live: server}
		if got := cache.lastKnown(c.connection, "theirs"); got != c.theirsUnknown {
			t.Errorf("%s: before anything was read a namespace may %+v, want %+v", what, got, c.theirsUnknown)
		}
		for name, want := range map[string]rights{"ours": c.ours, "theirs": c.theirs} {
			got, err := cache.of(t.Context(), c.connection, name, lookupTTL)
			if last := cache.lastKnown(c.connection, name); got != want || last != want || err != nil {
				t.Errorf("%s: %s may %+v, and as last known %+v, want %+v; %v", what, name, got, last, want, err)
			}
		}
		if server.reads != c.reads {
			t.Errorf("%s: %d reads of namespaces, want %d", what, server.reads, c.reads)
		}
	}
}

// Labels that could not be read let nobody in, and keep nobody out: the look fails.
func TestLabelsThatCannotBeReadAreAnError(t *testing.T) {
	server := &namespaces{fails: errors.New("etcd")}
	cache := &namespaceLabelCache{live: server}
	if got, err := cache.of(t.Context(), openTo(someUse, allAdopt), "ours", lookupTTL); err == nil || got != (rights{}) {
		t.Errorf("a namespace may %+v, and no error says that its labels were not read", got)
	}
	server.fails = nil
	if got, err := cache.of(t.Context(), openTo(someUse, allAdopt), "ours", lookupTTL); err != nil || got.use {
		t.Errorf("a namespace that is gone may %+v; %v", got, err)
	}
}

// Labels serve those who ask next for as long as each of them lets them, and are forgotten when
// nobody has asked for long: namespaces come and go.
func TestLabelsAreReadAsOftenAsIsAskedForAndThenForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &namespaces{labels: map[string]labels.Set{"a": nil, "b": nil}}
		cache := &namespaceLabelCache{live: server}
		read := func(name string, ttl time.Duration, want int) {
			t.Helper()
			if _, err := cache.of(t.Context(), openTo(someUse, allAdopt), name, ttl); err != nil || server.reads != want {
				t.Errorf("after %d reads, want %d; %v", server.reads, want, err)
			}
		}
		read("a", lookupTTL, 1)
		read("a", lookupTTL, 1)
		read("b", lookupTTL, 2)
		time.Sleep(lookupTTL - time.Nanosecond)
		read("a", lookupTTL, 2)
		read("a", createTTL, 3)
		time.Sleep(lookupTTL)
		read("a", lookupTTL, 4)
		kept := func(after time.Duration, want int) {
			t.Helper()
			time.Sleep(after)
			synctest.Wait()
			cache.mu.Lock()
			defer cache.mu.Unlock()
			if len(cache.seen) != want || (cache.forgetting != nil) != (want > 0) {
				t.Errorf("the labels of %d namespaces are kept, want %d", len(cache.seen), want)
			}
		}
		kept(labelsKept-2*lookupTTL, 2)
		kept(2*lookupTTL, 1) // that of which nobody has read the labels since
		kept(labelsKept, 0)
		read("a", lookupTTL, 5)
		kept(labelsKept, 0)
	})
}
