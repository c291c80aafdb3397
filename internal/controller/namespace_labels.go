// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// lookupTTL is for how long what was read live of namespaces and CRDs serves the
// Groups that ask next.
const lookupTTL = 10 * time.Second

// namespaceLabelCache knows the labels of namespaces that a selector was asked for.
type namespaceLabelCache struct {
	mu   sync.Mutex
	seen map[string]seenLabels
}

type seenLabels struct {
	labels labels.Set
	read   time.Time
}

// allows reports whether a namespace may use a connection; nil allows all.
func (n *namespaceLabelCache) allows(ctx context.Context, live client.Reader, rule *v1alpha1.AllowedNamespaces, namespace string) (bool, error) {
	if rule == nil || rule.From != v1alpha1.NamespacesFromSelector {
		return true, nil
	}
	selector, err := metav1.LabelSelectorAsSelector(rule.Selector)
	if err != nil {
		return false, nil //nolint:nilerr // a selector that cannot be read allows nobody
	}
	set, err := n.of(ctx, live, namespace)
	if err != nil {
		return false, err
	}
	return selector.Matches(set), nil
}

// mayAdopt reports whether a namespace may adopt over a connection; nil lets all.
func (n *namespaceLabelCache) mayAdopt(ctx context.Context, live client.Reader, rule *v1alpha1.AllowedAdoptionNamespaces, namespace string) (bool, error) {
	switch {
	case rule == nil || rule.From == v1alpha1.AdoptionNamespacesFromAll || rule.From == "":
		return true, nil
	case rule.From == v1alpha1.AdoptionNamespacesFromNone:
		return false, nil
	}
	return n.allows(ctx, live, &v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesFromSelector, Selector: rule.Selector}, namespace)
}

// of reads at most once per lookupTTL; no lock is held meanwhile.
func (n *namespaceLabelCache) of(ctx context.Context, live client.Reader, namespace string) (labels.Set, error) {
	if seen, known := n.last(namespace); known {
		return seen, nil
	}
	var ns corev1.Namespace
	err := live.Get(ctx, client.ObjectKey{Name: namespace}, &ns)
	if client.IgnoreNotFound(err) != nil {
		return nil, fmt.Errorf("reading namespace %s: %w", namespace, err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.seen == nil {
		n.seen = map[string]seenLabels{}
	}
	n.seen[namespace] = seenLabels{labels: ns.Labels, read: time.Now()}
	return ns.Labels, nil
}

func (n *namespaceLabelCache) last(namespace string) (labels.Set, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	seen, ok := n.seen[namespace]
	return seen.labels, ok && time.Since(seen.read) < lookupTTL
}
