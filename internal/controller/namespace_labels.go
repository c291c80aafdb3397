// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

const (
	// lookupTTL is for how long what was read live of namespaces and CRDs serves the
	// Groups that ask next.
	lookupTTL = 10 * time.Second
	// createTTL is how old a reading of the labels may be for a create.
	createTTL = time.Second
	// labelsKept is for how long the labels of a namespace are kept that nobody asks for.
	labelsKept = 20 * time.Minute
)

// namespaceLabelCache knows the labels of the namespaces that a selector was asked for.
type namespaceLabelCache struct {
	live client.Reader // from the API server itself

	mu   sync.Mutex
	seen map[string]seenLabels
	// forgetting runs while there is anything to forget.
	forgetting *time.Timer
}

type seenLabels struct {
	labels labels.Set
	read   time.Time
}

// rights are what a connection lets the Groups of a namespace do.
type rights struct{ use, adopt bool }

// of tells what a connection lets a namespace do, by labels that are no older than ttl.
func (n *namespaceLabelCache) of(ctx context.Context, c v1alpha1.ConnectionObject, namespace string, ttl time.Duration) (rights, error) {
	var set labels.Set
	if asksForLabels(c) {
		var err error
		if set, err = n.read(ctx, namespace, ttl); err != nil {
			return rights{}, err
		}
	}
	return rightsOf(c, set), nil
}

// lastKnown tells it by the labels that were read last, without reading any; a
// namespace of which none were read is taken for one that is allowed.
func (n *namespaceLabelCache) lastKnown(c v1alpha1.ConnectionObject, namespace string) rights {
	n.mu.Lock()
	defer n.mu.Unlock()
	if seen, known := n.seen[namespace]; known || !asksForLabels(c) {
		return rightsOf(c, seen.labels)
	}
	return rights{use: true, adopt: true}
}

func asksForLabels(c v1alpha1.ConnectionObject) bool {
	use, adopt := c.GetAllowedNamespaces(), c.GetAllowedAdoptionNamespaces()
	return use != nil && use.Selector != nil || adopt != nil && adopt.Selector != nil
}

func rightsOf(c v1alpha1.ConnectionObject, set labels.Set) rights {
	r := rights{use: true, adopt: true}
	if rule := c.GetAllowedNamespaces(); rule != nil && rule.From == v1alpha1.NamespacesFromSelector {
		r.use = selects(rule.Selector, set)
	}
	rule := c.GetAllowedAdoptionNamespaces()
	switch {
	case rule == nil:
	case rule.From == v1alpha1.AdoptionNamespacesFromNone:
		r.adopt = false
	case rule.From == v1alpha1.AdoptionNamespacesFromSelector:
		r.adopt = selects(rule.Selector, set)
	}
	return r
}

// selects: a selector that cannot be read selects nobody.
func selects(selector *metav1.LabelSelector, set labels.Set) bool {
	s, err := metav1.LabelSelectorAsSelector(selector)
	return err == nil && s.Matches(set)
}

// read asks at most once per ttl; no lock is held meanwhile.
func (n *namespaceLabelCache) read(ctx context.Context, namespace string, ttl time.Duration) (labels.Set, error) {
	begun := time.Now()
	if seen, known := n.last(namespace); known && begun.Sub(seen.read) < ttl {
		return seen.labels, nil
	}
	var ns corev1.Namespace
	err := n.live.Get(ctx, client.ObjectKey{Name: namespace}, &ns)
	if client.IgnoreNotFound(err) != nil {
		return nil, fmt.Errorf("reading namespace %s: %w", namespace, err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.seen == nil {
		n.seen = map[string]seenLabels{}
	}
	n.seen[namespace] = seenLabels{labels: ns.Labels, read: begun}
	if n.forgetting == nil {
		n.forgetting = time.AfterFunc(labelsKept, n.forget)
	}
	return ns.Labels, nil
}

// forget drops the labels that nobody has asked for since they were kept long enough.
func (n *namespaceLabelCache) forget() {
	n.mu.Lock()
	defer n.mu.Unlock()
	maps.DeleteFunc(n.seen, func(_ string, seen seenLabels) bool { return time.Since(seen.read) >= labelsKept })
	n.forgetting = nil
	if len(n.seen) > 0 {
		n.forgetting = time.AfterFunc(labelsKept, n.forget)
	}
}

func (n *namespaceLabelCache) last(namespace string) (seenLabels, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	seen, ok := n.seen[namespace]
	return seen, ok
}
