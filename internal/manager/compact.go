// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package manager

import (
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/controller"
)

// compact makes objects small before they are cached: what kubectl and the API server keep
// of earlier writes is left out, as nothing here writes an object back as a whole, and
// the texts that many Groups have in common are kept once. The selector says by their labels
// which connections are served.
func compact(selector labels.Selector) func(any) (any, error) {
	var texts pool
	return func(object any) (any, error) {
		o, err := meta.Accessor(object)
		if err != nil {
			return object, nil //nolint:nilerr // a deletion that was missed carries its object in something else
		}
		o.SetManagedFields(nil)
		if annotations := o.GetAnnotations(); annotations != nil {
			delete(annotations, corev1.LastAppliedConfigAnnotation)
		}
		switch one := object.(type) {
		case *v1alpha1.Group:
			controller.CacheLight(one)
			texts.compact(one)
		case *v1alpha1.Connection:
			controller.CacheLightConnection(one, selector)
		case *v1alpha1.ClusterConnection:
			controller.CacheLightConnection(one, selector)
		}
		return object, nil
	}
}

// poolSize is how many texts a pool keeps at least, and half of what it keeps at most.
const poolSize = 1 << 14

// pool keeps texts that come again and again once. Those that do not come again it
// forgets. It is safe for concurrent use, and its zero value is ready.
type pool struct {
	mu          sync.Mutex
	young, aged map[string]string
}

// of is the text as it is kept.
func (p *pool) of(text string) string {
	if kept, ok := p.young[text]; ok {
		return kept
	}
	kept, ok := p.aged[text]
	if !ok {
		kept = text
	}
	if p.young == nil || len(p.young) >= poolSize {
		p.young, p.aged = map[string]string{}, p.young
	}
	p.young[kept] = kept
	return kept
}

func (p *pool) share(texts ...*string) {
	for _, text := range texts {
		*text = p.of(*text)
	}
}

// compact shares what Groups have in common: people above all, and what stands in every
// Group of a namespace or of this operator.
func (p *pool) compact(g *v1alpha1.Group) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.share(&g.Kind, &g.APIVersion, &g.Namespace, &g.Spec.ConnectionRef.Name)
	for i := range g.Finalizers {
		p.share(&g.Finalizers[i])
	}
	if cluster, ok := g.Annotations[v1alpha1.AnnotationGroupCluster]; ok {
		g.Annotations[v1alpha1.AnnotationGroupCluster] = p.of(cluster)
	}
	g.Spec.Contacts = slices.Clip(slices.Clone(g.Spec.Contacts))
	for i := range g.Spec.Contacts {
		p.share(&g.Spec.Contacts[i].Username)
	}
	for i := range g.Status.Conditions {
		c := &g.Status.Conditions[i]
		p.share(&c.Type, &c.Reason, &c.Message)
	}
	if g.Status.RemoteName == g.Spec.Name {
		g.Status.RemoteName = g.Spec.Name
	}
}
