// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/account"
	"github.com/klink-cloud/klink-operator/internal/plan"
)

// cachedAnswer is as much as is kept of an annotation of a connection, in bytes. A time and a
// UID are much shorter: what is cut is neither.
const cachedAnswer = 1 << 10

const (
	// cachedFinalizers is what the finalizers of a connection may take in the cache, in bytes,
	// and cachedBundle its caBundle.
	cachedFinalizers = 4 << 10
	cachedBundle     = 4 << 10
)

// CacheLightConnection leaves out of a connection that is to be cached what nothing here
// reads of its metadata: who may write Connections could fill the memory of the manager with
// it. Of many finalizers, which are written back as a list, only ours stays, and of a large
// caBundle its sum: who needs all of them reads the connection.
func CacheLightConnection(object client.Object, selector labels.Selector) {
	light := isLight(object)
	object.SetManagedFields(nil)
	object.SetOwnerReferences(nil)
	object.SetLabels(selected(object.GetLabels(), selector))
	if c, ok := object.(v1alpha1.ConnectionObject); ok && len(c.GetConnectionSpec().CABundle) > cachedBundle {
		c.GetConnectionSpec().CABundle = account.BundleSum(c.GetConnectionSpec().CABundle)
	}
	size := 0
	for _, name := range object.GetFinalizers() {
		size += len(name) + itemCost
	}
	if light = light || size > cachedFinalizers; light {
		held := controllerutil.ContainsFinalizer(object, v1alpha1.FinalizerInUse)
		object.SetFinalizers(nil)
		if held {
			object.SetFinalizers([]string{v1alpha1.FinalizerInUse})
		}
		all := object.GetLabels()
		if all == nil {
			all = map[string]string{}
		}
		all[largeMark] = ""
		object.SetLabels(all)
	}
	var kept map[string]string
	for _, name := range []string{v1alpha1.AnnotationAcceptMissing, v1alpha1.AnnotationTakeOver, v1alpha1.AnnotationReconcileRequestedAt} {
		text, noted := object.GetAnnotations()[name]
		if !noted {
			continue
		}
		if name == v1alpha1.AnnotationReconcileRequestedAt {
			text = plan.Echo(text) // which differs where the requests do
		}
		if kept == nil {
			kept = map[string]string{}
		}
		kept[name] = text[:min(len(text), cachedAnswer)]
	}
	object.SetAnnotations(kept)
}

// selected are those labels that a selector asks for.
func selected(all map[string]string, selector labels.Selector) (kept map[string]string) {
	if selector == nil {
		return nil
	}
	requirements, _ := selector.Requirements()
	for i := range requirements {
		key := requirements[i].Key()
		if value, labelled := all[key]; labelled {
			if kept == nil {
				kept = map[string]string{}
			}
			kept[key] = value
		}
	}
	return kept
}

// whole is a connection as the API server has it. It is listed by its name, as the manager
// needs no other right to it than those to list and watch.
func (r *ConnectionReconciler) whole(ctx context.Context, object connectionObject) (connectionObject, error) {
	options := []client.ListOption{
		client.InNamespace(object.GetNamespace()),
		client.MatchingFieldsSelector{Selector: fields.OneTermEqualSelector("metadata.name", object.GetName())},
	}
	var found []connectionObject
	var err error
	if r.Kind == v1alpha1.KindConnection {
		var list v1alpha1.ConnectionList
		err = r.Live.List(ctx, &list, options...)
		for i := range list.Items {
			found = append(found, &list.Items[i])
		}
	} else {
		var list v1alpha1.ClusterConnectionList
		err = r.Live.List(ctx, &list, options...)
		for i := range list.Items {
			found = append(found, &list.Items[i])
		}
	}
	if err != nil {
		return nil, fmt.Errorf("reading a large %s: %w", r.Kind, err)
	}
	for _, one := range found {
		if one.GetUID() == object.GetUID() {
			return one, nil
		}
	}
	return nil, nil //nolint:nilnil // it is gone, or another by now: the watch will say so
}

// isLight reports whether a cached connection has not all of its finalizers.
func isLight(object client.Object) bool {
	_, marked := object.GetLabels()[largeMark]
	return marked
}

// assign makes one object what another of its kind is.
func assign(to, from connectionObject) {
	switch to := to.(type) {
	case *v1alpha1.Connection:
		if from, ok := from.(*v1alpha1.Connection); ok {
			*to = *from
		}
	case *v1alpha1.ClusterConnection:
		if from, ok := from.(*v1alpha1.ClusterConnection); ok {
			*to = *from
		}
	}
}
