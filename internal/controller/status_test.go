// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/account"
	"github.com/klink-cloud/klink-operator/internal/plan"
	"github.com/klink-cloud/klink-operator/internal/remote"
)

// notes keeps the notes of the events that were recorded.
type notes []string

func (n *notes) Eventf(_, _ runtime.Object, _, _, _, note string, args ...any) {
	*n = append(*n, fmt.Sprintf(note, args...))
}

// An API that tells times with a fraction must not cause a write at each look.
func TestAStatusThatWasReadBackIsNotWrittenAgain(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 987654321, time.UTC)
	shown := remote.Group{ID: "a", Name: "A", Contacts: []string{}, CreatedAt: at, ArchivedAt: at.Add(time.Hour)}
	report := &plan.Report{Status: "True", Reason: v1alpha1.ReasonSynced, Message: "fine", Remote: &shown}
	g := &v1alpha1.Group{}
	fill(&g.Status, g, report, "a")
	text, err := json.Marshal(g.Status)
	if err != nil {
		t.Fatal(err)
	}
	var kept v1alpha1.GroupStatus
	if err := json.Unmarshal(text, &kept); err != nil {
		t.Fatal(err)
	}
	again := kept.DeepCopy()
	fill(again, g, report, "a")
	if !equality.Semantic.DeepEqual(kept, *again) {
		t.Errorf("the same report would be written again: %+v, %+v", kept, *again)
	}
}

// A manager that was restarted over lists of summaries emptied the statuses of all Groups.
func TestWhatAReplyLeavesOutStaysAsItWasShown(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	shown := remote.Group{ID: "a", Name: "A", ConversationID: "c", Contacts: []string{"x"}, CreatedAt: at, ArchivedAt: at}
	g := &v1alpha1.Group{}
	fill(&g.Status, g, &plan.Report{Status: "True", Reason: v1alpha1.ReasonSynced, Remote: &shown}, "a")
	before := g.Status.DeepCopy()
	fill(&g.Status, g, &plan.Report{Status: "True", Reason: v1alpha1.ReasonSynced, Remote: &remote.Group{ID: "a", Unknown: remote.AllFields}}, "a")
	if !equality.Semantic.DeepEqual(*before, g.Status) {
		t.Errorf("the status became %+v", g.Status)
	}
	fill(&g.Status, g, &plan.Report{Status: "True", Reason: v1alpha1.ReasonSynced, Remote: &remote.Group{ID: "b", Unknown: remote.AllFields}}, "b")
	if s := g.Status; s.ID != "b" || s.ConversationID+s.RemoteName != "" || s.CreatedAt != nil || s.ArchivedAt != nil || s.ContactCount != nil {
		t.Errorf("it shows of another group what that one does not: %+v", s)
	}
}

func TestCutStaysBelowItsLimitAndBetweenRunes(t *testing.T) {
	for _, text := range []string{"", "short", strings.Repeat("a", 20), strings.Repeat("é", 15), strings.Repeat("日", 9), strings.Repeat("😀", 6), "\x80\x80" + strings.Repeat("\x80", 20)} {
		for most := 8; most < 24; most++ {
			got := cut(text, most)
			if len(got) > most || utf8.ValidString(text) && !utf8.ValidString(got) || utf8.ValidString(text) && len(text) <= most && got != text {
				t.Errorf("cut(%q, %d) = %q", text, most, got)
			}
			if longest := utf8.UTFMax - 1 + len("…"); len(text) > most && utf8.ValidString(text) && len(got) < most-longest {
				t.Errorf("cut(%q, %d) = %q is shorter than it need be", text, most, got)
			}
		}
	}
}

func TestCutLeavesNothingThatATerminalObeys(t *testing.T) {
	if got, want := cut("a\x1b[2Jb\r\nc\u202ed\x80é", 100), "a [2Jb  c d é"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// The API server refuses an event whose note is longer.
func TestEventsFitIntoTheirNotes(t *testing.T) {
	var recorded notes
	group := &scope{group: &v1alpha1.Group{}}
	group.say(warning(v1alpha1.ReasonRejected, "Reconcile", strings.Repeat("😀", 300)))
	(&reporter{events: &recorded}).publish(group)
	connection := &ConnectionReconciler{Events: &recorded}
	for _, reason := range []string{v1alpha1.ReasonMassDisappearance, v1alpha1.ReasonUnauthorized} {
		before := v1alpha1.ConnectionStatus{}
		setConditions(&before.Conditions, 1, "True", v1alpha1.ReasonConnected, "", false, false)
		connection.event(t.Context(), &v1alpha1.Connection{}, before.Conditions, readyState{reason: reason, message: strings.Repeat("é", 1000)})
	}
	if len(recorded) != 3 {
		t.Fatalf("%d events, want 3", len(recorded))
	}
	for _, note := range recorded {
		if len(note) > 1024 || !utf8.ValidString(note) {
			t.Errorf("a note of %d bytes: %q", len(note), note)
		}
	}
}

// What a person wrote into an annotation is quoted, but not at any length.
func TestAnUnreadableAnnotationDoesNotHideTheMessage(t *testing.T) {
	c := &v1alpha1.Connection{}
	c.Annotations = map[string]string{v1alpha1.AnnotationAcceptMissing: strings.Repeat("x", 5000)}
	message := disappearance(c, account.State{Missing: 2, Owned: 2}, time.Now())
	if len(message) > maxNote || !strings.Contains(message, "RFC 3339, or lies in the future") {
		t.Errorf("%d bytes: %s", len(message), message)
	}
}
