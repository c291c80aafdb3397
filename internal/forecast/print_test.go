// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package forecast

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/klink-cloud/klink-operator/internal/plan"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

// TestPrint shows a diff as a person reads it. What an account holds never reaches the
// terminal as a command.
func TestPrint(t *testing.T) {
	before := remote.Group{ID: "id", Name: "Plaza", Description: "one\ntwo\nthree", Contacts: []string{"Eve", "Hector"}}
	after := remote.Group{ID: "id", Name: "Plaza \x1b[2J", Description: "one\n2\nthree", Contacts: []string{"Hector", "Cliff"}, ArchivedAt: time.Unix(0, 0)}
	f := Forecast{
		Changes: []Change{{Kind: Update, ID: "id", Fields: []plan.Field{"name", "description", "contacts", "archived"}, Before: before, After: after}},
		Status:  "True", Reason: "Synced", Message: "as declared",
	}
	for _, c := range []struct {
		forecast Forecast
		colours  bool
		want     string
	}{
		{f, false, `kgrp/plaza: update id
  name:
    - Plaza
    + "Plaza \x1b[2J"
  description:
      one
    - two
    + 2
      three
  contacts:
    - Eve
    + Cliff
      Hector
  archived:
    - false
    + true
`},
		{Forecast{Status: "True", Reason: "Synced", Message: "as declared"}, true, "kgrp/plaza: nothing (Synced: as declared)\n"},
		{Forecast{Changes: []Change{{Kind: Delete, ID: "id"}}}, true, cyan + "kgrp/plaza: delete id" + plainColour + "\n"},
		{Forecast{Changes: []Change{{Kind: Adopt, ID: "id"}}, Status: "False", Reason: "NotApplied", Message: "no"}, false, "kgrp/plaza: adopt id\nkgrp/plaza: then (NotApplied: no)\n"},
	} {
		var got strings.Builder
		c.forecast.Print(&got, "kgrp/plaza", c.colours)
		if diff := cmp.Diff(c.want, got.String()); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
}
