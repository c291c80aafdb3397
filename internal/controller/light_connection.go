// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/plan"
)

// cachedAnswer is as much as is kept of an annotation of a connection, in bytes. A time and a
// UID are much shorter: what is cut is neither.
const cachedAnswer = 1 << 10

// CacheLightConnection leaves out of a connection that is to be cached what nothing here
// reads of its metadata: who may write Connections could fill the memory of the manager with
// it. Finalizers stay, as they are written back as a list.
func CacheLightConnection(object client.Object, selector labels.Selector) {
	object.SetManagedFields(nil)
	object.SetOwnerReferences(nil)
	object.SetLabels(selected(object.GetLabels(), selector))
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
