// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package gitops

import (
	"strings"
	"testing"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
)

// state is one that the operator reports, and what Argo CD and Flux are to make of it.
type state struct {
	kind, reason, ready string
	argo                string
	flux                status.Status
	// given is what is so before the operator starts, when what happens then. A Group
	// that is to get there is called it, a Connection sim.
	given, when func(*world)
}

func (s *state) name() string { return s.kind + "/" + s.reason + "/" + s.ready }

// TestStates brings about every state of a Group and of a Connection.
func TestStates(t *testing.T) {
	t.Parallel()
	for _, s := range append(groupStates(), connectionStates()...) {
		t.Run(s.name(), func(t *testing.T) {
			t.Parallel()
			w := prepareWorld(t)
			if s.given != nil {
				s.given(w)
			}
			w.start()
			if s.when != nil {
				s.when(w)
			}
			name := "sim"
			if s.kind == "Group" {
				name = "it"
			}
			w.wantState(&s, name)
		})
	}
}

// wantState waits for a state and compares what is made of it.
func (w *world) wantState(s *state, name string) {
	w.Helper()
	u := w.await(s.kind, name, s.ready, s.reason)
	health, message := argoHealth(w.T, u)
	if health != s.argo {
		w.Errorf("to Argo CD it is %s, want %s: %v", health, s.argo, u.Object["status"])
	}
	if !strings.HasPrefix(message, s.reason+": ") || len(message) < len(s.reason)+10 {
		w.Errorf("Argo CD shows %q, which does not say what is the matter", message)
	}
	if flux := fluxStatus(w.T, u); flux != s.flux {
		w.Errorf("to Flux it is %s, want %s: %v", flux, s.flux, u.Object["status"])
	}
}

// TestNoStateIsLeftOut holds the tables against the reasons of the API.
func TestNoStateIsLeftOut(t *testing.T) {
	t.Parallel()
	reached := map[string]bool{}
	for _, s := range append(append(groupStates(), connectionStates()...), sharedStates()...) {
		reached[s.reason] = true
	}
	reasons := reasons(t)
	for _, reason := range reasons {
		if !reached[reason] {
			t.Errorf("no state has the reason %s", reason)
		}
	}
	if len(reasons) < 20 {
		t.Errorf("the API has more reasons than %v", reasons)
	}
}
