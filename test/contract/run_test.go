// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package contract

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// An interrupted run leaves nothing behind, not even a group whose reply was lost.
func TestInterruptedRunCleansUp(t *testing.T) {
	server := simulator.New(simulator.Options{})
	t.Cleanup(server.Close)
	kept := server.Seed(simulator.Group{Name: "a user's own"})
	server.AddFault(simulator.Fault{Method: http.MethodPost, Skip: 5, Times: 1, Action: simulator.HangAfter})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	interrupted := make(chan struct{})
	go func() {
		defer close(interrupted)
		for len(server.Groups()) < 7 { // the user's, five, and the one whose POST hangs
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	report, err := Run(ctx, overHTTP(t, server, nil), time.Second)
	<-interrupted
	if err != nil {
		t.Fatal(err)
	}
	if !report.Failed() || report.LeftBehind != nil {
		t.Errorf("failed %v, left behind %v", report.Failed(), report.LeftBehind)
	}
	if made := server.Counts()["POST"]; made != 6 {
		t.Errorf("%d POSTs, want 6: it went on after the interruption", made)
	}
	if groups := server.Groups(); len(groups) != 1 || groups[0].ID != kept {
		t.Errorf("%d groups are there, want only the user's", len(groups))
	}
}

func TestGroupsLeftBehindAreNamed(t *testing.T) {
	server := simulator.New(simulator.Options{})
	t.Cleanup(server.Close)
	server.AddFault(simulator.Fault{Method: http.MethodDelete, Action: simulator.Status, Status: http.StatusForbidden})
	report, err := Run(t.Context(), overHTTP(t, server, nil), time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if report.LeftBehind == nil || !report.Failed() {
		t.Fatal("nothing is said to be left behind")
	}
	for _, g := range server.Groups() {
		if !strings.Contains(report.LeftBehind.Error(), g.ID) {
			t.Errorf("%s is left behind and not named", g.ID)
		}
	}
}

// Replies may quote the token; what the suite prints must not.
func TestTokenIsNotPrinted(t *testing.T) {
	const token = "very-secret"
	server := simulator.New(simulator.Options{Token: token})
	t.Cleanup(server.Close)
	client := overHTTP(t, server, nil)
	client.Token = token
	server.AddFault(simulator.Fault{Method: http.MethodPost, Action: simulator.Status, Status: 403, Body: "no, " + token})
	report, err := Run(t.Context(), client, time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	if err := report.Print(&table); err != nil {
		t.Fatal(err)
	}
	if text := table.String(); strings.Contains(text, token) || !strings.Contains(text, "403 no, [token]") {
		t.Errorf("table %s", text)
	}
	server.AddFault(simulator.Fault{Action: simulator.Status, Status: 401, Body: token})
	if _, err := Run(t.Context(), client, time.Millisecond); err == nil || strings.Contains(err.Error(), token) {
		t.Errorf("refused token: %v", err)
	}
}
