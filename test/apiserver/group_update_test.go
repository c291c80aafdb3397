// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package apiserver

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

func TestGroupUpdate(t *testing.T) {
	const (
		connection = "spec.connectionRef: Forbidden: connectionRef is immutable: to move to another connection, delete this Group with deletionPolicy Orphan"
		immutable  = "spec.groupID: Forbidden: groupID is immutable once set: it can be neither changed nor removed"
		otherID    = "spec.groupID: Forbidden: groupID must be the id in status.id, to which this Group is bound already"
		byName     = "spec.adoptionPolicy: groupID and adoptionPolicy ByName exclude each other"
	)
	bound := set("groupID", "bound")
	drop := func(field string) mutation { return func(spec map[string]any) { delete(spec, field) } }
	ref := func(kind, name string) mutation {
		return set("connectionRef", map[string]any{"kind": kind, "name": name})
	}
	tests := map[string]struct {
		before mutation
		id     string // status.id before the change, if any
		change mutation
		want   string
	}{
		"rename":               {change: set("name", "Ritz Hotel")},
		"rename to blank":      {change: set("name", " "), want: "spec.name: Invalid value"},
		"suspend":              {change: set("suspend", true)},
		"policies":             {change: all(set("adoptionPolicy", "ByName"), set("managementPolicy", "Observe"), set("deletionPolicy", "Orphan"))},
		"manage what was seen": {before: all(bound, set("managementPolicy", "Observe")), change: set("managementPolicy", "Manage")},

		"connectionRef to another name":     {change: ref("ClusterConnection", "other"), want: connection},
		"connectionRef to another kind":     {change: ref("Connection", "default"), want: connection},
		"connectionRef spelt out":           {before: drop("connectionRef"), change: ref("ClusterConnection", "default")},
		"connectionRef left to the default": {before: ref("Connection", "team"), change: drop("connectionRef"), want: connection},
		"connectionRef default left out":    {before: ref("ClusterConnection", "default"), change: drop("connectionRef")},

		"groupID kept":                {before: bound, change: set("name", "Ritz Hotel")},
		"groupID changed":             {before: bound, change: set("groupID", "other"), want: immutable},
		"groupID changed in case":     {before: bound, change: set("groupID", "Bound"), want: immutable},
		"groupID removed":             {before: bound, change: drop("groupID"), want: immutable},
		"groupID added":               {change: set("groupID", "bound")},
		"groupID added beside ByName": {before: set("adoptionPolicy", "ByName"), change: bound, want: byName},
		"groupID in place of ByName":  {before: set("adoptionPolicy", "ByName"), change: all(bound, set("adoptionPolicy", "Never"))},
		"groupID of the bound group":  {id: "bound", change: bound},
		"groupID of another group":    {id: "other", change: bound, want: otherID},
		"groupID bound, then renamed": {before: bound, id: "bound", change: set("name", "Ritz Hotel")},
		"groupID bound, then removed": {before: bound, id: "bound", change: drop("groupID"), want: immutable},
		"bound without groupID":       {id: "bound", change: set("name", "Ritz Hotel")},
	}
	namespace := newNamespace(t)
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			group := object("Group", namespace, tc.before)
			mustCreate(t, group)
			if tc.id != "" {
				writeID(t, group, tc.id)
			}
			tc.change(group.Object["spec"].(map[string]any))
			checkVerdict(t, api.Update(t.Context(), group, client.DryRunAll), tc.want)
		})
	}
}

// TestStatusIsAlwaysWritable: the record of a group that was created must not be
// refused because a user added another groupID in the meantime.
func TestStatusIsAlwaysWritable(t *testing.T) {
	group := object("Group", newNamespace(t), nil)
	mustCreate(t, group)
	group.Object["spec"].(map[string]any)["groupID"] = "wanted"
	if err := api.Update(t.Context(), group); err != nil {
		t.Fatal(err)
	}
	writeID(t, group, "created")
	group.Object["spec"].(map[string]any)["name"] = "Ritz Hotel"
	if err := api.Update(t.Context(), group); err != nil {
		t.Errorf("the Group cannot be edited any more: %v", err)
	}
}

// writeID writes status.id as the operator does.
func writeID(t *testing.T, group *unstructured.Unstructured, id string) {
	t.Helper()
	base := client.MergeFrom(group.DeepCopy())
	if err := unstructured.SetNestedField(group.Object, id, "status", "id"); err != nil {
		t.Fatal(err)
	}
	if err := api.Status().Patch(t.Context(), group, base); err != nil {
		t.Fatal(err)
	}
}
