// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"testing"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
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
