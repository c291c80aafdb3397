// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package worlds

import (
	"fmt"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// Eventually waits until what returns "", and looks again after each pause. When the
// patience is at its end, it ends the test with what was seen last.
func Eventually(t testing.TB, patience, pause time.Duration, what func() string) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		problem := what()
		if problem == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the condition is not met after %s: %s", patience, problem)
		}
		time.Sleep(pause)
	}
}

// Gone is for Eventually: the object is no longer there, or not even its kind.
func Gone(t testing.TB, api client.Client, o client.Object) func() string {
	return func() string {
		seen, _ := o.DeepCopyObject().(client.Object)
		err := api.Get(t.Context(), client.ObjectKeyFromObject(o), seen)
		if apierrors.IsNotFound(err) || meta.IsNoMatchError(err) {
			return ""
		}
		return fmt.Sprintf("%T %s is still there (%v): %+v", seen, seen.GetName(), err, seen)
	}
}

// Lacks is for Eventually: "" if the Ready condition has this reason, and is of this
// generation.
func Lacks(conditions []metav1.Condition, generation int64, reason string) string {
	ready := meta.FindStatusCondition(conditions, v1alpha1.ConditionReady)
	if ready == nil || ready.Reason != reason || ready.ObservedGeneration != generation {
		return fmt.Sprintf("want Ready/%s at generation %d, have %+v", reason, generation, ready)
	}
	return ""
}
