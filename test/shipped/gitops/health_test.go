// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package gitops

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// TestHealthComesBack: what needed a person is healthy again, and nothing of the trouble
// stays behind.
func TestHealthComesBack(t *testing.T) {
	t.Parallel()
	w := prepareWorld(t)
	w.start()
	w.group("it", func(g *v1alpha1.Group) { g.Spec.GroupID = "l7cGNIBKZiNJ6wqF" })
	w.await("Group", "it", "False", v1alpha1.ReasonRemoteMissing)
	w.sim.Seed(simulator.Group{ID: "l7cGNIBKZiNJ6wqF", Name: "The it"})
	w.awaitSynced("it")
	if health, message := argoHealth(t, w.get("Group", "it")); health != healthy {
		t.Errorf("it is %s: %s", health, message)
	}
}

// TestHealthOfAnotherStatus takes a status of the operator, and makes it one of before, or
// of an operator that is not done yet.
func TestHealthOfAnotherStatus(t *testing.T) {
	t.Parallel()
	w := prepareWorld(t)
	w.start()
	w.group("it")
	w.awaitSynced("it")
	for name, age := range map[string]func(*unstructured.Unstructured){
		"nothing":                 func(u *unstructured.Unstructured) { delete(u.Object, "status") },
		"no conditions":           func(u *unstructured.Unstructured) { unstructured.RemoveNestedField(u.Object, "status", "conditions") },
		"the generation is newer": func(u *unstructured.Unstructured) { u.SetGeneration(u.GetGeneration() + 1) },
		"the status is older": func(u *unstructured.Unstructured) {
			_ = unstructured.SetNestedField(u.Object, u.GetGeneration()-1, "status", "observedGeneration")
		},
		"the condition is older": func(u *unstructured.Unstructured) {
			conditions, _, _ := unstructured.NestedSlice(u.Object, "status", "conditions")
			for _, c := range conditions {
				_ = unstructured.SetNestedField(c.(map[string]any), u.GetGeneration()-1, "observedGeneration")
			}
			_ = unstructured.SetNestedSlice(u.Object, conditions, "status", "conditions")
		},
		"it is not done yet": func(u *unstructured.Unstructured) {
			conditions, _, _ := unstructured.NestedSlice(u.Object, "status", "conditions")
			more := map[string]any{"type": "Reconciling", "status": "True", "reason": "Updating", "message": "still at it"}
			_ = unstructured.SetNestedSlice(u.Object, append(conditions, more), "status", "conditions")
		},
	} {
		u := w.get("Group", "it")
		age(u)
		if health, message := argoHealth(t, u); health != progressing || message == "" {
			t.Errorf("%s: it is %s: %q", name, health, message)
		}
	}
}
