// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

func statusOf(message string, at time.Time) *v1alpha1.GroupStatus {
	return &v1alpha1.GroupStatus{Conditions: []metav1.Condition{{Type: v1alpha1.ConditionReady, Message: message, LastTransitionTime: metav1.NewTime(at)}}}
}

// Two managers remembered different failures of one Group, and each wrote over the other's
// status as soon as it saw it: sixty times a second.
func TestTwoManagersDoNotAnswerEachOthersStatuses(t *testing.T) {
	var managers [2]said
	began := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	shown, writes := "", 0
	for now := began; now.Before(began.Add(10 * time.Minute)); now = now.Add(10 * time.Millisecond) {
		for i, message := range []string{"refused", "as declared"} {
			digest, err := digestOf(statusOf(message, now))
			if err != nil {
				t.Fatal(err)
			}
			if shown != message && managers[i].wait(digest, now) == 0 {
				managers[i].wrote(digest, now)
				shown = message
				writes++
			}
		}
		if now.Equal(began.Add(8*time.Second)) && writes > 10 {
			t.Errorf("%d writes in eight seconds", writes)
		}
	}
	if writes < 6 || writes > 40 {
		t.Errorf("%d writes in ten minutes", writes)
	}
}

// A person wipes a status, or a manager before this one has written over it: that is put right
// at once. So is what is new.
func TestOnlyAStatusThatIsWrittenOverAgainAndAgainWaits(t *testing.T) {
	var s said
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	write := func(message string) time.Duration {
		digest, err := digestOf(statusOf(message, now))
		if err != nil {
			t.Fatal(err)
		}
		wait := s.wait(digest, now)
		if wait == 0 {
			s.wrote(digest, now)
		}
		return wait
	}
	for _, c := range []struct {
		after   time.Duration
		message string
		want    time.Duration
	}{
		{0, "one", 0}, {0, "two", 0}, {0, "one", 0},
		{2 * time.Second, "one", 0},
		{time.Second, "one", time.Second}, {time.Second, "one", 0},
		{time.Hour, "one", 0}, {0, "one", time.Second}, {0, "two", 0},
	} {
		now = now.Add(c.after)
		if wait := write(c.message); wait != c.want {
			t.Errorf("%q waits %s at %s, want %s", c.message, wait, now, c.want)
		}
	}
}
