// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// lookHolds is for how long what was read live of namespaces and CRDs serves the
// Groups that ask next.
const lookHolds = 10 * time.Second

// discoveryLag is how long after a Group's deletion discovery is believed: the API
// server changes it right after it has begun to delete a CRD's objects.
const discoveryLag = 3 * time.Second

// crdWatch knows whether the Groups' CRD is being deleted.
type crdWatch struct {
	mu   sync.Mutex
	read time.Time // when the newest reading began
	gone bool
}

// terminating tells whether a Group, whose deletion was first seen at since, may
// be going because its CRD goes. A reading from before that proves nothing: the
// CRD's deletion is what deletes the Groups, and comes first.
func (w *crdWatch) terminating(ctx context.Context, live client.Reader, unserved func() (bool, error), since time.Time) (bool, error) {
	if gone, known := w.last(since); known {
		return gone, nil
	}
	began := time.Now()
	if unserved != nil && began.Sub(since) < discoveryLag {
		return false, errStartOver
	}
	var gone bool
	var err error
	if unserved != nil {
		gone, err = unserved()
	} else {
		gone, err = crdGone(ctx, live)
	}
	if err != nil {
		return false, fmt.Errorf("finding out whether the CRD of Groups is being deleted: %w", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.gone, w.read = gone, began
	return gone, nil
}

// crdGone reads the CRD itself.
func crdGone(ctx context.Context, live client.Reader) (bool, error) {
	crd := &metav1.PartialObjectMetadata{}
	crd.SetGroupVersionKind(schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"})
	err := live.Get(ctx, client.ObjectKey{Name: "groups.klink.cloud"}, crd)
	if apierrors.IsNotFound(err) {
		return true, nil
	}
	return err == nil && !crd.DeletionTimestamp.IsZero(), err //nolint:wrapcheck // by the caller
}

func (w *crdWatch) last(since time.Time) (gone, known bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.gone, time.Since(w.read) < lookHolds && (w.gone || w.read.After(since))
}

// namespaceLabels knows the labels of namespaces that a selector was asked for.
type namespaceLabels struct {
	mu   sync.Mutex
	seen map[string]seenLabels
}

type seenLabels struct {
	labels labels.Set
	read   time.Time
}

// allows reports whether a namespace may use a connection; nil allows all.
func (n *namespaceLabels) allows(ctx context.Context, live client.Reader, rule *v1alpha1.AllowedNamespaces, namespace string) (bool, error) {
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

// of reads at most once per lookHolds; no lock is held meanwhile.
func (n *namespaceLabels) of(ctx context.Context, live client.Reader, namespace string) (labels.Set, error) {
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

func (n *namespaceLabels) last(namespace string) (labels.Set, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	seen, ok := n.seen[namespace]
	return seen.labels, ok && time.Since(seen.read) < lookHolds
}
