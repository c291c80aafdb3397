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

// What a connection says decides what people do about it, and whether they are woken.
func TestWhatAConnectionSays(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	works := account.State{Up: true, Trust: account.TrustEarned, Looked: true}
	started := account.State{Up: true, Watched: now.Add(-firstLookSaid)}
	with := func(s account.State, edit func(*account.State)) account.State {
		edit(&s)
		return s
	}
	for what, c := range map[string]struct {
		edit  func(*v1alpha1.Connection)
		state account.State
		p     *problem
		want  readyState // of the message, what it contains
	}{
		"it is being deleted": {
			edit: func(o *v1alpha1.Connection) { o.DeletionTimestamp = new(metav1.Now()) }, state: works, p: &problem{reason: v1alpha1.ReasonSecretNotFound},
			want: readyState{reason: v1alpha1.ReasonTerminating, message: "1 Groups that use it: a/lobby; to have it back"},
		},
		"its Secret is not there yet": {p: &problem{v1alpha1.ReasonSecretNotFound, "no Secret"}, want: readyState{reason: v1alpha1.ReasonSecretNotFound, message: "no Secret"}},
		"its Secret is wrong":         {p: &problem{v1alpha1.ReasonSecretInvalid, "no token"}, want: readyState{reason: v1alpha1.ReasonSecretInvalid, message: "no token", stalled: true}},
		"its token is refused": {
			state: account.State{Down: account.Unauthorized, Message: "401"},
			want:  readyState{reason: v1alpha1.ReasonUnauthorized, message: `401; put a valid token under key "token" of Secret klink-token in namespace lobby`, stalled: true},
		},
		"it is told to wait": {state: account.State{Down: account.RateLimited, Message: "429"}, want: readyState{reason: v1alpha1.ReasonRateLimited, message: "429"}},
		"there is no answer": {
			state: account.State{Down: account.Unavailable, Message: "reset"},
			want:  readyState{reason: v1alpha1.ReasonUnavailable, message: "reset; tried again by itself; if it lasts, check endpoint https://api.example"},
		},
		"it shows another account": {state: with(works, func(s *account.State) { s.Trust = account.TrustLost }), want: readyState{reason: v1alpha1.ReasonMassDisappearance, stalled: true}},
		"it shows another account, and its Secret is gone": {
			state: with(works, func(s *account.State) { s.Trust = account.TrustLost }), p: &problem{v1alpha1.ReasonSecretNotFound, "no Secret"},
			want: readyState{reason: v1alpha1.ReasonMassDisappearance, message: "besides, no Secret", stalled: true},
		},
		"it shows another account, and its Secret is wrong": {
			state: with(works, func(s *account.State) { s.Trust = account.TrustLost }), p: &problem{v1alpha1.ReasonSecretInvalid, "no token"},
			want: readyState{reason: v1alpha1.ReasonSecretInvalid, message: "no token", stalled: true},
		},
		"it showed another account, and its Secret is gone": {
			state: account.State{Trust: account.TrustLost, Down: account.Blocked}, p: &problem{v1alpha1.ReasonSecretNotFound, "no Secret"},
			want: readyState{reason: v1alpha1.ReasonSecretNotFound, message: "no Secret"},
		},
		"it works, and its Secret is gone": {
			state: works, p: &problem{v1alpha1.ReasonSecretNotFound, "no Secret"}, want: readyState{reason: v1alpha1.ReasonSecretNotFound, message: "stays in use"},
		},
		"it is paused for longer than its interval": {
			state: with(works, func(s *account.State) { s.PausedUntil = now.Add(time.Minute + 1) }),
			want:  readyState{reason: v1alpha1.ReasonRateLimited, message: "the API asks to wait until 2026-03-01T12:01:00Z"},
		},
		"it is paused for its interval": {state: with(works, func(s *account.State) { s.PausedUntil = now.Add(time.Minute) }), want: readyState{ready: true, reason: v1alpha1.ReasonConnected}},
		"a new manager lists it": {
			edit: func(o *v1alpha1.Connection) {
				setConditions(&o.Status.Conditions, 1, "True", v1alpha1.ReasonConnected, "", false, false)
			},
			state: started, want: readyState{ready: true, reason: v1alpha1.ReasonConnected, message: "since the manager has started its account is being listed for the first time"},
		},
		"a new manager lists one that did not work": {
			edit: func(o *v1alpha1.Connection) {
				setConditions(&o.Status.Conditions, 1, "False", v1alpha1.ReasonUnavailable, "", false, false)
			},
			state: started, want: readyState{reason: v1alpha1.ReasonUnavailable, message: "listed for the first time"},
		},
		"a new manager lists one that was changed": {
			edit: func(o *v1alpha1.Connection) {
				setConditions(&o.Status.Conditions, 0, "True", v1alpha1.ReasonConnected, "", false, false)
			},
			state: started, want: readyState{reason: v1alpha1.ReasonUnavailable, message: "listed for the first time"},
		},
	} {
		object := &v1alpha1.Connection{}
		object.Namespace, object.Generation = "lobby", 1
		object.Spec = v1alpha1.ConnectionSpec{
			Endpoint: "https://api.example", ResyncInterval: metav1.Duration{Duration: time.Minute}, TokenSecretRef: v1alpha1.SecretKeyReference{Name: "klink-token", Key: "token"},
		}
		if c.edit != nil {
			c.edit(object)
		}
		v, known := evaluateReady(object, c.state, c.p, holders{users: []string{"a/lobby"}}, now)
		if !known || !strings.Contains(v.message, c.want.message) {
			t.Errorf("%s: it says %q (%t), want %q", what, v.message, known, c.want.message)
		}
		if v.message = c.want.message; v != c.want {
			t.Errorf("%s: it says %+v, want %+v", what, v, c.want)
		}
	}
}

// What a connection waits for before it goes is named, so that somebody can end it.
func TestWhatHoldsAConnectionIsNamed(t *testing.T) {
	for _, c := range []struct {
		users, left, creating []string
		holds                 bool
		says                  string
	}{
		{nil, nil, nil, false, "0 Groups that use it: "},
		{[]string{"a", "b", "c"}, nil, nil, true, "3 Groups that use it: a, b, c"},
		{[]string{"a", "b", "c", "d", "e"}, nil, nil, true, "5 Groups that use it: a, b, c and 2 more"},
		{nil, []string{"x, made for a"}, nil, true, "1 remote groups whose Groups are gone: x, made for a"},
		{nil, nil, []string{"a"}, true, "1 remote groups that are being created, or are created and not recorded yet: for a"},
		{[]string{"a"}, nil, []string{"a"}, true, "1 Groups that use it: a"},
		{
			[]string{"a"}, []string{"x, made for b"}, []string{"c"}, true,
			"1 Groups that use it: a, and 1 remote groups whose Groups are gone: x, made for b, and 1 remote groups that are being created, or are created and not recorded yet: for c",
		},
	} {
		h := newHolders(c.users, c.left, c.creating)
		if got := h.String(); got != c.says || h.any() != c.holds {
			t.Errorf("%+v: holds %t, %q, want %q", c, h.any(), got, c.says)
		}
	}
}

// The first look may take its time, and that it does is said in time.
func TestAConnectionIsLookedAtAgainWhenItsFirstLookIsLate(t *testing.T) {
	for looking, want := range map[time.Duration]time.Duration{0: firstLookSaid, 5 * time.Second: firstLookSaid - 5*time.Second, firstLookSaid: notReadyRetry} {
		if got := lookAgain(false, time.Hour, looking); got != want {
			t.Errorf("after %s: in %s, want %s", looking, got, want)
		}
	}
}

// What a listing has shown stays as it was until another one has: a manager that has just started
// knows nothing yet. An idle account does not write to etcd at each listing.
func TestWhatAStatusShowsOfTheAccount(t *testing.T) {
	listed := time.Date(2026, 3, 1, 12, 0, 0, 5e8, time.UTC)
	kept := metav1.NewTime(listed.Truncate(time.Second))
	var status v1alpha1.ConnectionStatus
	show := func(s account.State, groups int32, last time.Time) {
		t.Helper()
		showAccount(&status, s)
		if status.Pagination != "Cursor" || status.RemoteGroups == nil || *status.RemoteGroups != groups || status.LastListTime == nil || !status.LastListTime.Time.Equal(last) {
			t.Errorf("after %+v it shows %+v, %v groups", s, status, status.RemoteGroups)
		}
	}
	showAccount(&status, account.State{})
	if status.RemoteGroups != nil || status.LastListTime != nil || status.Pagination != "" {
		t.Errorf("nothing was listed, and it shows %+v", status)
	}
	show(account.State{Listed: listed, RemoteGroups: 3, Dialect: "Cursor"}, 3, kept.Time)
	show(account.State{}, 3, kept.Time)
	show(account.State{Listed: kept.Add(listTimeEvery - 1), RemoteGroups: 4}, 4, kept.Time)
	show(account.State{Listed: kept.Add(listTimeEvery), RemoteGroups: 5}, 5, kept.Add(listTimeEvery))
}

// People hear of what has changed, and of nothing twice.
func TestWhatIsSaidOfAConnectionThatHasChanged(t *testing.T) {
	up, down, lost := readyState{ready: true, reason: v1alpha1.ReasonConnected, message: "up"}, readyState{reason: v1alpha1.ReasonUnavailable, message: "down"}, readyState{reason: v1alpha1.ReasonMassDisappearance, message: "lost"}
	for what, c := range map[string]struct {
		before *readyState
		now    readyState
		event  string // empty: none
		logged bool
	}{
		"it works from the start":            {nil, up, "up", true},
		"it fails from the start":            {nil, down, "", true},
		"it shows nothing from the start":    {nil, lost, "lost", true},
		"it works still":                     {&up, up, "", false},
		"it fails still":                     {&down, down, "", false},
		"it works again":                     {&down, up, "up", true},
		"it works no more":                   {&up, down, "down", true},
		"it fails otherwise":                 {&readyState{reason: v1alpha1.ReasonUnauthorized}, down, "", true},
		"it answers, and shows other groups": {&down, lost, "lost", true},
	} {
		var events notes
		var lines []string
		var before []metav1.Condition
		if c.before != nil {
			setConditions(&before, 1, map[bool]metav1.ConditionStatus{true: "True", false: "False"}[c.before.ready], c.before.reason, "", false, false)
		}
		r := &ConnectionReconciler{Events: &events}
		r.event(logged(t.Context(), &lines), &v1alpha1.Connection{}, before, c.now)
		if got := strings.Join(events, "; "); got != c.event || (len(lines) == 1) != c.logged {
			t.Errorf("%s: events %q, logged %v; want %q", what, got, lines, c.event)
		}
	}
}

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
