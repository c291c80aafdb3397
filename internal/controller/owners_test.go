// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/account"
	"github.com/klink-cloud/klink-operator/internal/plan"
)

// Two connections may lead to one account. What one of them had just made was adopted over
// the other, as the mirror of the first, older than the create, did not show it yet.
func TestAClaimStandsUntilAListingAfterItLacksTheID(t *testing.T) {
	made := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	created := made.Add(time.Minute)
	attempt := plan.NewAttempt(plan.Declared{Name: "A"}, created, nil).Encode()
	lacks := func(at time.Time) account.Remote { return account.Remote{Presence: account.Unlisted, Absent: at} }
	for what, c := range map[string]struct {
		note, status string
		known        account.Remote
		want         bool
	}{
		"a listing from before the Group":            {"", "", lacks(made.Add(-time.Second)), false},
		"a listing since":                            {"", "", lacks(made.Add(time.Second)), true},
		"the Group's status has the id":              {"", "a", lacks(made.Add(time.Hour)), false},
		"its status has another":                     {"", "b", lacks(made.Add(time.Hour)), true},
		"a listing since the create was sent":        {attempt, "", lacks(created.Add(time.Second)), false},
		"one since the create must have arrived":     {attempt, "", lacks(created.Add(plan.SettleTime + time.Second)), true},
		"an incomplete listing, which shows no lack": {"", "", lacks(time.Time{}), false},
		"nothing was listed yet":                     {"", "", account.Remote{}, false},
		"it is there":                                {"", "", account.Remote{Presence: account.Present, Absent: created}, false},
	} {
		g := &v1alpha1.Group{}
		g.CreationTimestamp, g.Status.ID = metav1.NewTime(made), c.status
		if c.note != "" {
			g.Annotations = map[string]string{v1alpha1.AnnotationCreateAttempt: c.note}
		}
		if got := disproves(c.known, g, "a"); got != c.want {
			t.Errorf("%s: disproved %t, want %t", what, got, c.want)
		}
	}
}
