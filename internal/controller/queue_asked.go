// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/plan"
)

// asked remembers who was asked to be looked at, and when. One request of a Group in a
// resync interval is urgent: a loop that asks again and again, which any editor of
// Groups can run, is served as drift is.
type asked struct {
	// interval is the resync interval of a Group's connection.
	interval func(*v1alpha1.Group) time.Duration

	mu sync.Mutex
	of map[types.UID]request
}

type request struct {
	value  string // of the annotation
	urgent bool
	last   time.Time // when one was urgent
}

// urgently says whether a Group is asked to be looked at, and this is urgent.
func (a *asked) urgently(g *v1alpha1.Group) bool {
	value := g.Annotations[v1alpha1.AnnotationReconcileRequestedAt]
	if !plan.Requested(g) {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	r, known := a.of[g.UID]
	if known && r.value == value {
		return r.urgent
	}
	now := time.Now()
	r.value, r.urgent = value, !known || now.Sub(r.last) >= a.interval(g)
	if r.urgent {
		r.last = now
	}
	if a.of == nil {
		a.of = map[types.UID]request{}
	}
	a.of[g.UID] = r
	return r.urgent
}

func (a *asked) forget(g *v1alpha1.Group) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.of, g.UID)
}
