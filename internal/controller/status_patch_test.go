// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	"k8s.io/apimachinery/pkg/types"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

func withStatus(uid types.UID, status v1alpha1.GroupStatus) *v1alpha1.Group {
	g := &v1alpha1.Group{Status: status}
	g.UID = uid
	return g
}

// applied applies the patch from one status to another to what there is, as the API
// server does.
func applied(t *testing.T, before, after v1alpha1.GroupStatus, there *v1alpha1.Group) (v1alpha1.GroupStatus, error) {
	t.Helper()
	patch, err := statusPatch(withStatus("ours", before), withStatus("ours", after))
	if err != nil {
		t.Fatal(err)
	}
	body, err := patch.Data(there)
	if err != nil {
		t.Fatal(err)
	}
	operations, err := jsonpatch.DecodePatch(body)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(there)
	if err != nil {
		t.Fatal(err)
	}
	if encoded, err = operations.Apply(encoded); err != nil {
		return v1alpha1.GroupStatus{}, err
	}
	var patched v1alpha1.Group
	err = json.Unmarshal(encoded, &patched)
	return patched.Status, err
}

func TestAStatusPatchChangesWhatDiffers(t *testing.T) {
	before := v1alpha1.GroupStatus{ObservedGeneration: 1, ID: "a", ContactCount: new(int32), Drift: []string{"name"}}
	after := v1alpha1.GroupStatus{ObservedGeneration: 2, ID: "a", ConversationID: "c"}
	other := v1alpha1.GroupStatus{ObservedGeneration: 1, ID: "a", RemoteName: "Plaza Hotel"} // as somebody else has left it since
	for name, c := range map[string]struct{ there, want v1alpha1.GroupStatus }{
		"as it was":       {before, after},
		"as it is to be":  {after, after},
		"changed between": {other, v1alpha1.GroupStatus{ObservedGeneration: 2, ID: "a", RemoteName: "Plaza Hotel", ConversationID: "c"}},
	} {
		t.Run(name, func(t *testing.T) {
			have, err := applied(t, before, after, withStatus("ours", c.there))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, have); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// A status that was wiped during a PUT said Ready=True without an id.
func TestAStatusPatchIsForOneID(t *testing.T) {
	before, after := v1alpha1.GroupStatus{ObservedGeneration: 1, ID: "a"}, v1alpha1.GroupStatus{ObservedGeneration: 2, ID: "a"}
	for _, id := range []string{"", "b"} {
		if have, err := applied(t, before, after, withStatus("ours", v1alpha1.GroupStatus{ObservedGeneration: -1, ID: id})); err == nil {
			t.Errorf("beside the id %q: %+v", id, have)
		}
	}
	if _, err := applied(t, v1alpha1.GroupStatus{}, after, withStatus("ours", v1alpha1.GroupStatus{ObservedGeneration: -1})); err != nil {
		t.Errorf("an id that is new is not written: %v", err)
	}
}

// The manager that took over had not seen the id that the one before had just written. It said
// RemoteMissing beside it, and what is said to be missing is no sign of a wrong account.
func TestAStatusPatchForNoIDIsForNone(t *testing.T) {
	before, after := v1alpha1.GroupStatus{ObservedGeneration: -1}, v1alpha1.GroupStatus{ObservedGeneration: 1, ContactCount: new(int32)}
	if have, err := applied(t, before, after, withStatus("ours", v1alpha1.GroupStatus{ObservedGeneration: 1, ID: "a"})); err == nil {
		t.Errorf("beside an id: %+v", have)
	}
	if _, err := applied(t, before, after, withStatus("ours", before)); err != nil {
		t.Errorf("beside none: %v", err)
	}
}

// An id that is forgotten is taken out, and a connection, which has none, is not asked for one.
func TestAStatusPatchTakesAnIDOut(t *testing.T) {
	was := v1alpha1.GroupStatus{ObservedGeneration: 1, ID: "a"}
	if have, err := applied(t, was, v1alpha1.GroupStatus{ObservedGeneration: 1}, withStatus("ours", was)); err != nil || have.ID != "" {
		t.Errorf("it has %+v, %v", have, err)
	}
	patch, err := statusPatch(&v1alpha1.Connection{}, &v1alpha1.Connection{Status: v1alpha1.ConnectionStatus{ObservedGeneration: 1}})
	if err != nil {
		t.Fatal(err)
	}
	if body, err := patch.Data(nil); err != nil || strings.Contains(string(body), "/status/id") {
		t.Errorf("%s, %v", body, err)
	}
}

// The status of a Group that was gone was written to another that had its name by
// then, which took itself for the first one's.
func TestAStatusPatchIsForOneUID(t *testing.T) {
	status := v1alpha1.GroupStatus{ObservedGeneration: 1, ID: "a"}
	if have, err := applied(t, v1alpha1.GroupStatus{}, status, withStatus("namesake", v1alpha1.GroupStatus{})); err == nil {
		t.Errorf("a namesake has %+v", have)
	}
	if have, err := applied(t, status, status, withStatus("namesake", status)); err == nil {
		t.Errorf("a patch that changes nothing leaves a namesake with %+v", have)
	}
}
