// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/account"
)

// A listing that always failed, a day of 429 and a wrong tenant: while a connection does
// not do its work, it says so, and its Secret is read each half minute, though its
// interval is a day.
func TestAConnectionThatDoesNotWorkSaysSoAndIsLookedAtAgainSoon(t *testing.T) {
	object := &v1alpha1.ClusterConnection{}
	object.Spec.ResyncInterval = metav1.Duration{Duration: 24 * time.Hour}
	for name, c := range map[string]struct {
		state  account.State
		secret *problem
		reason string // empty: nothing is said yet
		says   string
		ready  bool
	}{
		"it works":                      {account.State{Up: true, Trust: account.TrustEarned, Looked: true}, nil, v1alpha1.ReasonConnected, "", true},
		"its Groups own nothing":        {account.State{Up: true, Trust: account.TrustProvisional, Looked: true}, nil, v1alpha1.ReasonConnected, "", true},
		"it was looked at incompletely": {account.State{Up: true, Looked: true}, nil, v1alpha1.ReasonConnected, "", true},
		"something in it cannot be read": {
			account.State{Up: true, Trust: account.TrustEarned, Looked: true, Odd: "of the group b, name is odd, and 1 more", Why: "no way to the next page"}, nil,
			v1alpha1.ReasonConnected, "completely: no way to the next page; not everything that it lists can be read, and only that is left out: of the group b", true,
		},
		"nothing was asked yet":  {account.State{Watched: time.Now()}, nil, "", "", false},
		"nothing was listed yet": {account.State{Up: true, Watched: time.Now()}, nil, "", "", false},
		"nothing was answered":   {account.State{Watched: time.Now().Add(-firstLookSaid)}, nil, v1alpha1.ReasonUnavailable, "no call has been answered yet", false},
		"it is being listed": {
			account.State{Up: true, Watched: time.Now().Add(-firstLookSaid)}, nil, v1alpha1.ReasonUnavailable, "listed for the first time", false,
		},
		"the token is refused": {account.State{Down: account.Unauthorized, Message: "401"}, nil, v1alpha1.ReasonUnauthorized, "of Secret  in the operator's namespace", false},
		"there is no answer":   {account.State{Down: account.Unavailable, Message: "reset"}, nil, v1alpha1.ReasonUnavailable, "reset", false},
		"another tenant's account": {
			account.State{Up: true, Trust: account.TrustLost, Looked: true, Missing: 3, Owned: 4}, nil, v1alpha1.ReasonMassDisappearance, "3 of the 4", false,
		},
		"another tenant's account, and the Secret is gone": {
			account.State{Up: true, Trust: account.TrustLost, Looked: true, Missing: 3, Owned: 4}, &problem{reason: v1alpha1.ReasonSecretNotFound, message: "no Secret"},
			v1alpha1.ReasonMassDisappearance, "until they are back. If they are really gone, annotate with klink.cloud/accept-missing=<the time now, RFC 3339>; besides, no Secret; until then", false,
		},
		"the Secret is gone": {
			account.State{Up: true, Trust: account.TrustEarned, Looked: true}, &problem{reason: v1alpha1.ReasonSecretNotFound, message: "no Secret"},
			v1alpha1.ReasonSecretNotFound, "no Secret; until then", false,
		},
		"nothing but 429": {
			account.State{Up: true, Trust: account.TrustEarned, Looked: true, OnlyThrottled: true, Behind: "GET /groups: 429"}, nil, v1alpha1.ReasonRateLimited, "429", false,
		},
		"the first listing fails": {account.State{Up: true, Behind: "GET /groups: 500"}, nil, v1alpha1.ReasonUnavailable, "GET /groups: 500", false},
		"listings fail for long": {
			account.State{Up: true, Trust: account.TrustEarned, Looked: true, Behind: "GET /groups: 500"}, nil, v1alpha1.ReasonUnavailable, "GET /groups: 500", false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			v, known := evaluateReady(object, c.state, c.secret, holders{users: []string{"a/lobby"}}, time.Now())
			if known != (c.reason != "") || v.reason != c.reason || v.ready != c.ready || !strings.Contains(v.message, c.says) {
				t.Errorf("it says %+v (%t)", v, known)
			}
			want := 24 * time.Hour
			if !c.ready {
				want = 30 * time.Second
			}
			if got := lookAgain(v.ready, object.Spec.ResyncInterval.Duration, time.Hour); got != want {
				t.Errorf("it is looked at again after %s, want %s", got, want)
			}
		})
	}
}
