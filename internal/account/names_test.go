// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

func TestGroupsAreFoundByTheirPresentName(t *testing.T) {
	m := newMirror()
	m.take(listing(0, group("a", "")))
	renamed := group("a", "")
	renamed.Name = "Ritz"
	m.take(listing(time.Minute, renamed))
	if len(m.named("Plaza Hotel", start)) != 0 || len(m.named("Ritz", start)) != 1 || len(m.names) != 1 {
		t.Errorf("names: %v", m.names)
	}
	if len(m.named(" ritz", start)) != 1 { // what a create may have made
		t.Errorf("names: %v", m.names)
	}
	// A name that was seen once stands; one that nobody has seen is no name.
	renamed.Name, renamed.Unknown = "", remote.FieldName
	nameless := klink.Group{ID: "b", Unknown: remote.AllFields}
	m.take(listing(2*time.Minute, renamed, nameless))
	if got := m.keyed(unreadable, start); len(m.named("Ritz", start)) != 1 || len(got) != 1 || got[0].ID != "b" {
		t.Errorf("names: %v", m.names)
	}
}

// The operator and the plugin look for namesakes by the same rule.
func TestNamedTakesWhatAnAPIMayTakeForTheName(t *testing.T) {
	listed := []klink.Group{{ID: "a", Name: "Plaza"}, {ID: "b", Name: " plaza"}, {ID: "c", Name: "Ritz"}, {ID: "d", Unknown: remote.FieldName}, {ID: "e", Name: "Savoy"}}
	ids := func(groups []klink.Group) (ids []string) {
		for _, g := range groups {
			ids = append(ids, g.ID)
		}
		return ids
	}
	named, unnamed := Named(listed, "plaza", "Savoy")
	if diff := cmp.Diff([]string{"a", "b", "e"}, ids(named)); diff != "" {
		t.Errorf("named (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"d"}, ids(unnamed)); diff != "" {
		t.Errorf("unnamed (-want +got):\n%s", diff)
	}
	if named, _ := Named(listed); named != nil {
		t.Errorf("of no name there are %v", ids(named))
	}
}

// named are the groups of a name, or of one that an API may take for it.
func (m *mirror) named(name string, now time.Time) []klink.Group {
	return m.keyed(remote.NameKey(name), now)
}
