// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package apiserver

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

var (
	groupDefaults = map[string]any{
		"name":             "Plaza Hotel",
		"connectionRef":    map[string]any{"kind": "ClusterConnection", "name": "default"},
		"adoptionPolicy":   "Never",
		"contactsPolicy":   "Exact",
		"managementPolicy": "Manage",
		"deletionPolicy":   "Archive",
		"suspend":          false,
	}
	connectionDefaults = map[string]any{
		"endpoint":       v1alpha1.DefaultEndpoint,
		"tokenSecretRef": map[string]any{"name": "klink-token", "key": "token"},
		"resyncInterval": "1m",
		"rateLimit":      map[string]any{"requestsPerSecond": int64(50), "burst": int64(20)},
		"allowDelete":    false,
	}
	clusterConnectionDefaults = map[string]any{
		"endpoint":                  v1alpha1.DefaultEndpoint,
		"tokenSecretRef":            map[string]any{"name": "klink-token", "key": "token"},
		"resyncInterval":            "1m",
		"rateLimit":                 map[string]any{"requestsPerSecond": int64(50), "burst": int64(20)},
		"allowDelete":               false,
		"allowedNamespaces":         map[string]any{"from": "All"},
		"allowedAdoptionNamespaces": map[string]any{"from": "All"},
	}
)

// TestDefaults: a minimal object shows what it means, and its status says that
// nobody has looked at it yet.
func TestDefaults(t *testing.T) {
	namespace := newNamespace(t)
	for kind, want := range map[string]map[string]any{
		"Group":             groupDefaults,
		"Connection":        connectionDefaults,
		"ClusterConnection": clusterConnectionDefaults,
	} {
		t.Run(kind, func(t *testing.T) {
			obj := object(kind, namespace, nil)
			mustCreate(t, obj)
			if err := api.Get(t.Context(), client.ObjectKeyFromObject(obj), obj); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, obj.Object["spec"]); diff != "" {
				t.Errorf("spec (-want +got):\n%s", diff)
			}
			status := map[string]any{"observedGeneration": int64(-1)}
			if diff := cmp.Diff(status, obj.Object["status"]); diff != "" {
				t.Errorf("status (-want +got):\n%s", diff)
			}
		})
	}
}

// TestSpecIsRequired: there is nothing to default a whole spec to.
func TestSpecIsRequired(t *testing.T) {
	namespace := newNamespace(t)
	for _, kind := range []string{"Group", "Connection", "ClusterConnection"} {
		obj := object(kind, namespace, nil)
		delete(obj.Object, "spec")
		checkVerdict(t, api.Create(t.Context(), obj, client.DryRunAll), "spec: Required value")
	}
}

// TestPartialDefaults: declaring one field of a structure keeps the defaults of
// the others.
func TestPartialDefaults(t *testing.T) {
	tests := map[string]struct {
		field       string
		given, want map[string]any
	}{
		"burst alone":       {"rateLimit", map[string]any{"burst": int64(5)}, map[string]any{"requestsPerSecond": int64(50), "burst": int64(5)}},
		"rate alone":        {"rateLimit", map[string]any{"requestsPerSecond": int64(5)}, map[string]any{"requestsPerSecond": int64(5), "burst": int64(20)}},
		"no rate limit":     {"rateLimit", map[string]any{}, map[string]any{"requestsPerSecond": int64(50), "burst": int64(20)}},
		"no namespace rule": {"allowedNamespaces", map[string]any{}, map[string]any{"from": "All"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			connection := object("ClusterConnection", "", set(tc.field, tc.given))
			mustCreate(t, connection)
			got := connection.Object["spec"].(map[string]any)[tc.field]
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.field, diff)
			}
		})
	}
}

// TestDefaultsThroughGo: objects made with the Go types get the same defaults,
// because the types send nothing that was not set.
func TestDefaultsThroughGo(t *testing.T) {
	namespace := newNamespace(t)
	secret := v1alpha1.SecretKeyReference{Name: "klink-token"}
	group := &v1alpha1.Group{Spec: v1alpha1.GroupSpec{Name: "Plaza Hotel"}}
	connection := &v1alpha1.Connection{Spec: v1alpha1.ConnectionSpec{TokenSecretRef: secret}}
	shared := &v1alpha1.ClusterConnection{}
	shared.Spec.TokenSecretRef = secret
	for kind, tc := range map[string]struct {
		obj  client.Object
		want map[string]any
	}{
		"Group":             {group, groupDefaults},
		"Connection":        {connection, connectionDefaults},
		"ClusterConnection": {shared, clusterConnectionDefaults},
	} {
		t.Run(kind, func(t *testing.T) {
			tc.obj.SetGenerateName("test-")
			if kind != "ClusterConnection" {
				tc.obj.SetNamespace(namespace)
			}
			mustCreate(t, tc.obj)
			got := &unstructured.Unstructured{}
			got.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind))
			if err := api.Get(t.Context(), client.ObjectKeyFromObject(tc.obj), got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got.Object["spec"]); diff != "" {
				t.Errorf("spec (-want +got):\n%s", diff)
			}
		})
	}
}

// TestUnobservedInListsAndAfterWrites: those who list objects see the default of
// status too, and the operator's first status write replaces it.
func TestUnobservedInListsAndAfterWrites(t *testing.T) {
	namespace := newNamespace(t)
	mustCreate(t, object("Group", namespace, nil))
	var groups v1alpha1.GroupList
	if err := api.List(t.Context(), &groups, client.InNamespace(namespace)); err != nil {
		t.Fatal(err)
	}
	group := &groups.Items[0]
	if got := group.Status.ObservedGeneration; got != -1 {
		t.Errorf("listed with observedGeneration %d, want -1", got)
	}
	group.Status.ObservedGeneration = group.Generation
	if err := api.Status().Update(t.Context(), group); err != nil {
		t.Fatal(err)
	}
	if got := group.Status.ObservedGeneration; got != 1 {
		t.Errorf("observedGeneration %d after the status write, want 1", got)
	}
}
