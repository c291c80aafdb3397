// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package v1alpha1

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// TestConnectionObject: what is written through the interface must end up in
// the object, whichever kind it is.
func TestConnectionObject(t *testing.T) {
	tests := map[string]struct {
		object     ConnectionObject
		namespaces *AllowedNamespaces
	}{
		"Connection": {object: &Connection{}},
		"ClusterConnection": {
			object: &ClusterConnection{Spec: ClusterConnectionSpec{
				AllowedNamespaces: AllowedNamespaces{From: NamespacesFromAll},
			}},
			namespaces: &AllowedNamespaces{From: NamespacesFromAll},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			tc.object.GetConnectionSpec().Endpoint = DefaultEndpoint
			tc.object.GetConnectionStatus().Pagination = PaginationCursor
			conditions := []metav1.Condition{{Type: ConditionReady, Reason: ReasonConnected}}
			tc.object.SetConditions(conditions)

			fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(tc.object.DeepCopyObject())
			if err != nil {
				t.Fatal(err)
			}
			spec, status := fields["spec"].(map[string]any), fields["status"].(map[string]any)
			if spec["endpoint"] != DefaultEndpoint || status["pagination"] != "Cursor" {
				t.Errorf("the accessors do not point into the object: %v", fields)
			}
			if diff := cmp.Diff(conditions, tc.object.GetConditions()); diff != "" {
				t.Errorf("conditions (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.namespaces, tc.object.GetAllowedNamespaces()); diff != "" {
				t.Errorf("allowed namespaces (-want +got):\n%s", diff)
			}
		})
	}
}

// TestGroupConditions: the accessors reach the slice in status.
func TestGroupConditions(t *testing.T) {
	group := &Group{}
	conditions := []metav1.Condition{{Type: ConditionReady, Status: metav1.ConditionTrue, Reason: ReasonSynced}}
	group.SetConditions(conditions)
	if diff := cmp.Diff(conditions, group.Status.Conditions); diff != "" {
		t.Errorf("status (-want +got):\n%s", diff)
	}
	if !meta.IsStatusConditionTrue(group.GetConditions(), ConditionReady) {
		t.Error("GetConditions does not return what SetConditions set")
	}
}

// TestScheme: every kind and its list can be made from a scheme.
func TestScheme(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"Group", "Connection", "ClusterConnection"} {
		for _, name := range []string{kind, kind + "List"} {
			if _, err := scheme.New(GroupVersion.WithKind(name)); err != nil {
				t.Error(err)
			}
		}
	}
}
