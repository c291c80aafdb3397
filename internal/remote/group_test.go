// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package remote

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestWhatIsNotShownStaysAsItWasShown: a list of summaries took every declared field for drift.
func TestWhatIsNotShownStaysAsItWasShown(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	last := Group{
		ID: "a", Name: "n", Description: "d", AvatarURL: "u", ConversationID: "c", Contacts: []string{"x"}, MoreContacts: true,
		CreatedAt: at, ArchivedAt: at,
	}
	if diff := cmp.Diff(last, Group{ID: "a", Unknown: AllFields}.Over(last)); diff != "" {
		t.Error(diff)
	}
	empty := Group{ID: "a", Contacts: []string{}}
	if diff := cmp.Diff(empty, empty.Over(last)); diff != "" {
		t.Errorf("what is shown to be empty is not unknown: %s", diff)
	}
	for _, unknown := range []Group{{ID: "a", Unknown: AllFields}, {ID: "other"}} {
		if got := (Group{ID: "a", Unknown: FieldName}).Over(unknown); got.Unknown != FieldName {
			t.Errorf("it became known by %+v", unknown)
		}
	}
	half := Group{ID: "a", Name: "new", Unknown: FieldContacts | FieldArchivedAt}.Over(Group{ID: "a", Name: "n", Contacts: []string{"x"}, Unknown: FieldArchivedAt})
	if want := (Group{ID: "a", Name: "new", Contacts: []string{"x"}, Unknown: FieldArchivedAt}); cmp.Diff(want, half) != "" {
		t.Error(cmp.Diff(want, half))
	}
}
