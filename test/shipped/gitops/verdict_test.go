// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package gitops

import (
	"fmt"
	"testing"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// What Argo CD makes of an object.
const (
	healthy     = "Healthy"
	progressing = "Progressing"
	degraded    = "Degraded"
	suspended   = "Suspended"
)

// argoHealth is what Argo CD says of an object, and the message that it shows. An object
// that is being deleted is Progressing to it whatever the script says.
func argoHealth(t *testing.T, u *unstructured.Unstructured) (health, message string) {
	t.Helper()
	result := run(t, customizations(t)["health.klink.cloud_"+u.GetKind()], u.Object)
	health, message = result.RawGetString("status").String(), result.RawGetString("message").String()
	switch health {
	case healthy, progressing, degraded, suspended:
	default:
		t.Errorf("Argo CD has no health %q", health)
	}
	if u.GetDeletionTimestamp() != nil && health != progressing {
		t.Errorf("%s %s is being deleted, and %s to the script", u.GetKind(), u.GetName(), health)
	}
	return health, message
}

// fluxStatus is what Flux, Helm and others say of an object by kstatus.
func fluxStatus(t *testing.T, u *unstructured.Unstructured) status.Status {
	t.Helper()
	result, err := status.Compute(u)
	if err != nil {
		t.Fatal(err)
	}
	return result.Status
}

// wantAgreement holds the two against each other: they are to say the same of every
// status, however short it lasts.
func wantAgreement(t *testing.T, u *unstructured.Unstructured) {
	t.Helper()
	same := map[status.Status]string{
		status.CurrentStatus: healthy, status.InProgressStatus: progressing,
		status.FailedStatus: degraded, status.TerminatingStatus: progressing,
	}
	health, _ := argoHealth(t, u)
	flux := fluxStatus(t, u)
	if health != same[flux] && health != suspended {
		t.Errorf("to Argo CD it is %s, to Flux %s: %v", health, flux, u.Object["status"])
	}
}

// condition is a condition of an object; nil if it has none of that type.
func condition(u *unstructured.Unstructured, kind string) map[string]any {
	conditions, _, _ := unstructured.NestedSlice(u.Object, "status", "conditions")
	for _, item := range conditions {
		if c, ok := item.(map[string]any); ok && c["type"] == kind {
			return c
		}
	}
	return nil
}

// await waits for an object's Ready condition at its present generation, and wants
// Argo CD and Flux to agree all the way.
func (w *world) await(kind, name, ready, reason string) *unstructured.Unstructured {
	w.Helper()
	var u *unstructured.Unstructured
	w.eventually(func() string {
		u = w.get(kind, name)
		wantAgreement(w.T, u)
		c := condition(u, v1alpha1.ConditionReady)
		if c["status"] != ready || c["reason"] != reason || c["observedGeneration"] != u.GetGeneration() {
			return fmt.Sprintf("want %s Ready=%s/%s, have %v", name, ready, reason, c)
		}
		return ""
	})
	return u
}

func (w *world) awaitSynced(names ...string) {
	w.Helper()
	for _, name := range names {
		w.await("Group", name, "True", v1alpha1.ReasonSynced)
	}
}
