// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulation

import (
	"net/http"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// lookWithin is how long a look may take, whose calls may take their time: what was so since
// it began may be what it says.
const lookWithin = time.Minute

// judgeReason judges a reason other than Ready=True, as far as the world can tell, when it is
// written.
func (w *witness) judgeReason(p *process, g *v1alpha1.Group, ready *metav1.Condition) {
	_, spec := p.cluster.declaredSince(g, ready.ObservedGeneration)
	since := time.Now().Add(-lookWithin - w.slack())
	connection := func(so func(*v1alpha1.ClusterConnection) bool) bool {
		return p.cluster.lately(w.link.connection, since, func(o client.Object) bool { return so(o.(*v1alpha1.ClusterConnection)) })
	}
	isTrue := true
	switch ready.Reason {
	case v1alpha1.ReasonSuspended:
		isTrue = spec.Suspend
	case v1alpha1.ReasonDeleting:
		isTrue = !g.DeletionTimestamp.IsZero()
	case v1alpha1.ReasonDeleteNotAllowed:
		isTrue = !g.DeletionTimestamp.IsZero() && spec.DeletionPolicy == v1alpha1.DeletionDelete &&
			connection(func(c *v1alpha1.ClusterConnection) bool { return !c.Spec.AllowDelete })
	case v1alpha1.ReasonConnectionNotAllowed:
		isTrue = connection(func(c *v1alpha1.ClusterConnection) bool {
			return c.Spec.AllowedNamespaces.From == v1alpha1.NamespacesFromSelector
		})
	case v1alpha1.ReasonConnectionNotFound:
		isTrue = p.cluster.missedSince(w.link.connection, since)
	case v1alpha1.ReasonNameTaken:
		isTrue = w.sawNamesake(g.Status.ID, spec.Name)
	case v1alpha1.ReasonRemoteMissing:
		isTrue = w.isDenied(first(g.Status.ID, spec.GroupID, g.Annotations[v1alpha1.AnnotationGroupID]))
	}
	if !isTrue {
		w.journal.violate("untrue: %s of generation %d: %s", ready.Reason, ready.ObservedGeneration, ready.Message)
	}
}

// sawNamesake reports whether the API has shown another active group of a name, when it showed
// that group last. Each is read before it is said to have the name.
func (w *witness) sawNamesake(own, name string) bool {
	for id, seen := range w.shown {
		last := seen[len(seen)-1].at.Add(-seeWithin)
		if id != own && slices.ContainsFunc(seen, func(s shown) bool { return s.at.After(last) && s.group.Name == name && !s.group.Archived() }) {
			return true
		}
	}
	return false
}

// deny notes that a group was answered by a 404.
func (w *witness) deny(c *call, response *http.Response, fault string) {
	if response != nil && response.StatusCode == http.StatusNotFound && fault != "html 404" {
		w.denied[idOf(c)] = time.Now()
	}
}

// isDenied reports whether the API called a group gone and has not shown it since, but for
// what it was asked before.
func (w *witness) isDenied(id string) bool {
	at, denied := w.denied[id]
	seen := w.shown[id]
	return id == "" || denied && (len(seen) == 0 || !seen[len(seen)-1].at.After(at.Add(lookWithin)))
}

// judgeBlocked: no Group goes on blaming a connection that is ready.
func (w *witness) judgeBlocked(g *v1alpha1.Group) {
	key := "blocked " + string(g.UID)
	ready, connection := meta.FindStatusCondition(g.Status.Conditions, v1alpha1.ConditionReady), w.link.ready(w.ops)
	blames := ready != nil && slices.Contains([]string{
		v1alpha1.ReasonConnectionNotFound, v1alpha1.ReasonConnectionNotReady, v1alpha1.ReasonConnectionNotAllowed,
	}, ready.Reason)
	isReady := connection != nil && connection.Status == metav1.ConditionTrue
	if isReady && blames && ready.Reason == v1alpha1.ReasonConnectionNotAllowed {
		c, ok := w.ops.get(w.link.connection).(*v1alpha1.ClusterConnection)
		isReady = ok && c.Spec.AllowedNamespaces.From != v1alpha1.NamespacesFromSelector
	}
	if !blames || !isReady {
		delete(w.silent, key)
		return
	}
	if w.silent[key].IsZero() {
		w.silent[key] = time.Now()
	}
	if time.Since(w.silent[key]) > sayWithin {
		w.journal.violate("untrue: Group %s says %s, and its connection is ready since %s", g.Name, ready.Reason, w.silent[key].Sub(w.journal.began))
	}
}
