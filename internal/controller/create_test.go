// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/account"
	"github.com/klink-cloud/klink-operator/internal/klink"
	"github.com/klink-cloud/klink-operator/internal/plan"
)

// emptyAPI answers that there are no groups.
type emptyAPI struct{}

func (emptyAPI) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Request: r, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(`{"status": "success", "has_more": false, "total": 0, "data": []}`)),
	}, nil
}

// A create whose note was refused kept the rate slot, and the next one had to wait for another.
func TestACreateWhoseNoteIsRefusedGivesItsSlotBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		accounts := account.NewRegistry(account.Hooks{
			Bindings: func(account.Key) (account.Bindings, error) { return account.Bindings{}, nil },
			Notify:   func(account.Key, account.News) {},
			Observe:  func(account.Key, klink.Call) {},
		})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); _ = accounts.Start(ctx) }()
		defer func() { cancel(); <-ended }()
		s := newScope()
		s.key = account.Key{Kind: string(v1alpha1.KindConnection), Namespace: "concierge", Name: "team"}
		s.account = accounts.Ensure(s.key)
		err := s.account.Configure(account.Settings{
			Endpoint: "https://api.example/api", Token: "t", Resync: 24 * time.Hour, PerSecond: .01, Burst: 1, Transport: emptyAPI{},
		})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour) // it is listed, and a slot is there again
		e := &executor{
			records: &records{client: conflictingClient{}}, claims: accounts.Claims, left: &leftBehind{}, queue: &queue{},
			owners: &owners{groups: Groups{Cache: heldReader{}}, accounts: accounts, states: &stateStore{}},
		}
		if out, err := e.create(t.Context(), s, &plan.Facts{Group: s.group}, plan.Step{Action: plan.Create}); err != nil || !out.Done {
			t.Fatalf("outcome %+v, error %v", out, err)
		}
		if err := s.account.Take(e.caller(s, klink.ClassCreate)); err != nil {
			t.Errorf("there is no slot for the next: %v", err)
		}
	})
}
