// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/klink-cloud/klink-operator/internal/klink"
)

// unlooked is the state of a connection that was configured, and of which nothing is known.
func unlooked(edits ...func(*state)) *state {
	s := &state{waker: make(waker, 1), mirror: newMirror(), waiting: map[string]struct{}{}, limit: klink.NewLimiter(1, 1), settings: Settings{Resync: time.Minute}}
	for _, edit := range edits {
		edit(s)
	}
	return s
}

func cameUp(s *state)    { s.health.up = true }
func wentDown(s *state)  { s.health.down = Unavailable }
func wasListed(s *state) { s.mirror.listings.begun, s.trust.looked = start, true }

func TestWhoHearsThatTheConnectionComesUp(t *testing.T) {
	for name, c := range map[string]struct {
		s    *state
		want News
	}{
		"the first answer concerns whom a person waits for": {unlooked(), News{Waiting: true, Status: true}},
		"the end of an outage concerns all":                 {unlooked(wentDown), News{All: true, Status: true}},
		"as it does where groups are known":                 {unlooked(wasListed, wentDown), News{All: true, Status: true}},
		"and so does a new token":                           {unlooked(wasListed), News{All: true, Status: true}},
		"an answer beside others is no news":                {unlooked(cameUp), News{}},
	} {
		if diff := cmp.Diff(c.want, c.s.comeUp()); diff != "" || !c.s.health.up {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestWhoHearsThatTheConnectionGoesDown(t *testing.T) {
	for name, c := range map[string]struct {
		s    *state
		want News
	}{
		"who waits for the first answer waits for this now": {unlooked(), News{Status: true, All: true, Unbound: true}},
		"an outage concerns those without an id":            {unlooked(cameUp), News{Status: true, Unbound: true}},
		"so does another reason":                            {unlooked(func(s *state) { s.health.down = Unauthorized }), News{Status: true, Unbound: true}},
		"the same goes on":                                  {unlooked(wentDown), News{}},
	} {
		if diff := cmp.Diff(c.want, c.s.goDown(errors.New("503"))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// A pause that lasts is the connection's to report, and so is its end.
func TestThrottlingIsNewsOfTheConnection(t *testing.T) {
	s := unlooked(cameUp)
	if news := s.judge(&klink.Error{Kind: klink.KindThrottled}, start); !news.Status {
		t.Errorf("its beginning: %+v", news)
	}
	for lasted, want := range map[time.Duration]bool{0: false, probeEvery - 1: false, probeEvery: true} {
		s.health.throttled = start
		if news := s.judge(nil, start.Add(lasted)); news.Status != want || !s.health.throttled.IsZero() {
			t.Errorf("its end after %s: %+v", lasted, news)
		}
	}
	for _, c := range []struct {
		s        *state
		interval time.Duration
		said     time.Duration
	}{
		{unlooked(), time.Hour, firstThrottled},
		{unlooked(cameUp), time.Second, probeEvery},
		{unlooked(cameUp), time.Hour, time.Hour},
		{unlooked(wentDown), time.Second, probeEvery},
	} {
		if c.s.health.onlyThrottled(start, c.interval) {
			t.Errorf("it is said where nothing is throttled: %+v", c.s.health)
		}
		c.s.health.throttled = start
		if c.s.health.onlyThrottled(start.Add(c.said-1), c.interval) || !c.s.health.onlyThrottled(start.Add(c.said), c.interval) {
			t.Errorf("it is not said from %s on: %+v", c.said, c.s.health)
		}
	}
}

// What was kept back here tells nothing of the rate.
func TestWhatWasRefusedHereWasNotSent(t *testing.T) {
	for _, c := range []struct {
		err  error
		want bool
	}{
		{&klink.Error{Kind: klink.KindRejected}, true},
		{&klink.Error{Kind: klink.KindReadOnly}, true},
		{&klink.Error{Kind: klink.KindRejected, Status: 422}, false},
		{&klink.Error{Kind: klink.KindNetwork}, false},
		{errors.New("given up"), false},
		{nil, false},
	} {
		if unsent(c.err) != c.want {
			t.Errorf("%v was not sent: %t", c.err, !c.want)
		}
	}
}

// A call that was given up is no answer: it ends no outage.
func TestACallThatWasGivenUpSaysNothingOfTheConnection(t *testing.T) {
	working(t, func(_ *testing.T, b *bench, _ []string) {
		b.account.c.state.Do(func(s *state) { s.health = health{down: Unavailable} })
		b.account.c.settle(b.peek().session, errors.New("the manager stops"))
		b.up(false)
	})
}

// Looks that fail are said once, when that has gone on for too long, and again when they
// fail otherwise; those without an id hear it the first time.
func TestWhoHearsThatLooksFail(t *testing.T) {
	s := unlooked(cameUp)
	missed := func(message string, now time.Time, want News) {
		t.Helper()
		if diff := cmp.Diff(want, s.missed(errors.New(message), now)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", message, diff)
		}
	}
	for range firstLooks - 1 {
		s.watched = start
		missed("500", start, News{})
	}
	missed("500", start, News{Status: true, Unbound: true})
	missed("500", start, News{})
	missed("502", start, News{Status: true})
	if diff := cmp.Diff(News{Status: true, Unbound: true}, s.caughtUp()); diff != "" || s.behind.misses != 0 {
		t.Errorf("the end (-want +got):\n%s", diff)
	}

	s = unlooked(cameUp, wasListed)
	s.watched = start
	late := start.Add(behindIntervals * time.Minute)
	for range firstLooks {
		missed("500", late, News{})
	}
	missed("500", late.Add(1), News{Status: true, Unbound: true})

	// It came to be too long without a look that failed, or was told and is not any more.
	for name, b := range map[string]behind{"untold": {request: "500"}, "told": {told: "500", due: time.Now().Add(time.Hour)}} {
		s.behind = b
		if news := s.caughtUp(); !news.Status || !news.Unbound {
			t.Errorf("%s: %+v", name, news)
		}
	}
	if news := s.caughtUp(); news.Status || news.Unbound {
		t.Errorf("of nothing: %+v", news)
	}
}

func TestTwoPiecesOfNewsAreOne(t *testing.T) {
	each := []News{{All: true}, {Waiting: true}, {Unbound: true}, {Status: true}, {IDs: []string{"a"}}}
	for _, one := range each {
		for _, both := range []News{one.and(News{}), News{}.and(one)} {
			if diff := cmp.Diff(one, both); diff != "" {
				t.Errorf("with nothing (-want +got):\n%s", diff)
			}
		}
	}
}

// A manager that had just started was answered nothing but 429: the connection said so, and its
// Groups, which waited for the first answer, said nothing for as long as that went on.
func TestGroupsAreToldThatNothingButThrottlingIsAnsweredFromTheStart(t *testing.T) {
	throttled := &klink.Error{Kind: klink.KindThrottled}
	s := unlooked()
	for _, at := range []struct {
		after time.Duration
		told  bool
	}{{0, false}, {firstThrottled - 1, false}, {firstThrottled, true}, {time.Hour, false}} {
		now := start.Add(at.after)
		if news := s.judge(throttled, now); news.All != at.told {
			t.Errorf("after %s: %+v", at.after, news)
		}
		if said := s.show(now).Unanswered; said != (at.after >= firstThrottled) {
			t.Errorf("after %s it is shown as unanswered: %t", at.after, said)
		}
	}
	if news := s.judge(nil, start.Add(2*time.Hour)); !news.All || s.show(start.Add(2*time.Hour)).Unanswered {
		t.Errorf("those who were told are not told of the first answer: %+v", news)
	}
	if news := s.judge(throttled, start.Add(3*time.Hour)); news.All || s.show(start.Add(24*time.Hour)).Unanswered {
		t.Errorf("a pause after the first answer is told to all: %+v", news)
	}
}

// A first 429 with a short Retry-After had Groups say that their connection is not ready, before
// the connection said anything.
func TestAShortPauseFromTheStartIsToldToNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := unlooked()
		refused := &klink.Error{Kind: klink.KindThrottled, Status: http.StatusTooManyRequests, Until: time.Now().Add(2 * firstThrottled)}
		s.limit.Done(refused)
		if news := s.judge(refused, time.Now()); news.All || s.show(time.Now()).Unanswered {
			t.Errorf("it is told: %+v", news)
		}
	})
}
