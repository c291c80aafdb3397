// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package v1alpha1

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestOmittedAndEmptyStayApart holds the promise that an omitted field is
// unmanaged while an empty one is a declaration, through marshal, unmarshal and
// deep copy.
func TestOmittedAndEmptyStayApart(t *testing.T) {
	empty, text, no := "", "x", false
	tests := map[string]struct {
		spec GroupSpec
		json string
	}{
		"omitted": {
			spec: GroupSpec{Name: "n"},
			json: `{"name":"n"}`,
		},
		"empty": {
			spec: GroupSpec{Name: "n", Description: &empty, AvatarURL: &empty, Contacts: []Contact{}, Archived: &no},
			json: `{"name":"n","description":"","avatarURL":"","contacts":[],"archived":false}`,
		},
		"value": {
			spec: GroupSpec{Name: "n", Description: &text, Contacts: []Contact{{Username: "Hector"}}},
			json: `{"name":"n","description":"x","contacts":[{"username":"Hector"}]}`,
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := json.Marshal(tc.spec.DeepCopy())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.json, string(got)); diff != "" {
				t.Errorf("marshalled (-want +got):\n%s", diff)
			}
			var back GroupSpec
			if err := json.Unmarshal([]byte(tc.json), &back); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.spec, back); diff != "" {
				t.Errorf("unmarshalled (-want +got):\n%s", diff)
			}
		})
	}
}

// TestZeroCountsPrint: a group without members has 0 contacts, which is not the
// same as not having been looked at.
func TestZeroCountsPrint(t *testing.T) {
	var zero int32
	got, err := json.Marshal(struct {
		Group      GroupStatus
		Connection ConnectionStatus
	}{GroupStatus{ContactCount: &zero}, ConnectionStatus{RemoteGroups: &zero}})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"Group":{"contactCount":0},"Connection":{"remoteGroups":0}}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestUnsetSpecsLeaveRoomForDefaults: what a Go client does not set must not be
// sent as a zero value, or the API server would refuse it instead of defaulting.
func TestUnsetSpecsLeaveRoomForDefaults(t *testing.T) {
	tests := map[string]struct {
		object any
		want   string
	}{
		"Group":             {Group{Spec: GroupSpec{Name: "n"}}, `{"spec":{"name":"n"}}`},
		"Connection":        {Connection{}, `{"spec":{"tokenSecretRef":{"name":""}}}`},
		"ClusterConnection": {ClusterConnection{}, `{"spec":{"tokenSecretRef":{"name":""}}}`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := json.Marshal(tc.object)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, string(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
