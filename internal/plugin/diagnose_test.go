// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/plan"
)

// What helps depends on whose the groups of the name are, which only the message says. A Group
// whose name another one owns by now was told to bind to that one's group.
func TestWhatHelpsWhereANameIsTaken(t *testing.T) {
	t.Parallel()
	usual := remedies[v1alpha1.ReasonNameTaken]
	for message, want := range map[string]string{
		"1 remote group of this name exists that no Group owns: abc; to bind to it, set groupID to its id":                                       usual.command,
		"2 remote groups of this name exist that no Group owns: abc, def; to bind to one of them, set groupID":                                   bindToID + meant,
		"remote group abc of this name belongs to Group a/b by now; to create another one beside it, set":                                        remedies[v1alpha1.ReasonRejected].command,
		"1 remote group of this name exists that no Group owns; ask a cluster admin: c does not let it adopt (allowedAdoptionNamespaces)":        remedies[v1alpha1.ReasonAdoptionNotAllowed].command,
		"2 remote groups of this name exist that no Group owns; ask a cluster admin: c does not let namespace adopt (allowedAdoptionNamespaces)": remedies[v1alpha1.ReasonAdoptionNotAllowed].command,
	} {
		if got := nameTaken(message, usual).command; got != want {
			t.Errorf("%s: %q, want %q", message, got, want)
		}
	}
}

// A Group that waits for the owner of its name was told that nobody had to do anything.
func TestWhoHelpsAGroupThatWaitsForAnOwner(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]string{
		"remote group abc of this name belongs to Group a/b; " + plan.WhenLetGo: author + ", or those who write the other one",
		"waiting for the create of Group a/b":                                   nobody,
	} {
		d := &findings{group: v1alpha1.Group{Status: v1alpha1.GroupStatus{Conditions: []metav1.Condition{{
			Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonCreating, Message: message,
		}}}}}
		if got := diagnose(d).who; got != want {
			t.Errorf("%s: %q, want %q", message, got, want)
		}
	}
}
