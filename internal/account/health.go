// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"context"
	"time"

	"github.com/klink-cloud/klink-operator/internal/klink"
)

const (
	// netFailures is how many calls in a row must get no answer before the
	// connection goes down.
	netFailures = 3
	// suspicionHolds is for how long one probe's answer settles further suspicions.
	suspicionHolds = 5 * time.Second
)

// health is the breaker of one connection.
type health struct {
	up      bool
	down    Down
	message string
	// failures counts calls in a row that got no answer.
	failures int
	// probed is when a probe last cleared a suspicion.
	probed time.Time
}

// settle takes in the result of a call of a client: the breaker learns from it,
// unless the connection has another client by now.
func (a *Account) settle(client *klink.Client, err error) {
	if err != nil && klink.KindOf(err) == 0 {
		return // not an answer: the call was given up
	}
	if unsent(err) {
		a.GiveBack()
	}
	a.mu.Lock()
	var news News
	if a.client == client {
		news = a.judge(err)
	}
	a.mu.Unlock()
	a.tell(news)
}

// unsent reports whether a call was refused here: no exchange tells the rate of it.
func unsent(err error) bool {
	e, ok := klink.AsError(err)
	return ok && e.Status == 0 && (e.Kind == klink.KindRejected || e.Kind == klink.KindReadOnly)
}

// judge turns the result of a call into the state of the breaker. a.mu is held.
func (a *Account) judge(err error) News {
	switch klink.KindOf(err) {
	case 0:
		a.health.failures = 0
		return a.comeUp()
	case klink.KindUnauthorized:
		a.health.failures = 0
		return a.goDown(err)
	case klink.KindThrottled:
		a.health.failures = 0
		return News{Status: true} // a long pause is the connection's to report
	case klink.KindNetwork:
		if a.health.failures++; a.health.failures >= netFailures || !a.health.up {
			return a.goDown(err)
		}
	default:
		a.health.failures = 0
	}
	return News{}
}

// comeUp takes the connection up. a.mu is held.
func (a *Account) comeUp() News {
	if a.health.up {
		return News{}
	}
	a.health.up, a.health.down, a.health.message = true, 0, ""
	return News{All: true, Status: true}
}

// goDown takes the connection down: from now on one probe at a time is made, and
// no call for any Group. a.mu is held.
func (a *Account) goDown(err error) News {
	down := downFor(err)
	if !a.health.up && a.health.down == down {
		return News{}
	}
	// Groups that wait for the first answer, or for a listing, now wait for this.
	untried := !a.health.up && a.health.down == 0
	a.health.up, a.health.down, a.health.message = false, down, err.Error()
	a.next = earlier(a.next, time.Now().Add(min(a.settings.Resync, probeEvery)))
	a.wake()
	return News{Status: true, All: untried, Unbound: true}
}

// tell hands news over. a.mu is not held.
func (a *Account) tell(n News) {
	if n.All || n.Status || n.Unbound || len(n.IDs) > 0 {
		a.hooks.Notify(a.key, n)
	}
}

// suspect decides whether a 403 or 5xx on one Group's call is that Group's own
// trouble: one list of limit 1, shared by all who suspect at the time, tells. It
// reports whether the connection is up.
func (a *Account) suspect(ctx context.Context, client *klink.Client) bool {
	a.suspicion <- struct{}{}
	defer func() { <-a.suspicion }()
	a.mu.Lock()
	up, tried := a.health.up, a.health.up || a.health.down != 0
	cleared := time.Since(a.health.probed) < suspicionHolds || a.client != client
	a.mu.Unlock()
	if tried && (!up || cleared) {
		return up
	}
	return a.probe(ctx, client)
}

// probe asks for one group and takes the connection up or down by the answer.
func (a *Account) probe(ctx context.Context, client *klink.Client) bool {
	err := client.Probe(ctx)
	a.settle(client, err)
	a.mu.Lock()
	var news News
	switch kind := klink.KindOf(err); {
	case a.client != client: // another connection's business
	case err == nil:
		a.health.probed = time.Now()
	case kind == klink.KindThrottled || kind == klink.KindUnauthorized || kind == klink.KindNetwork: // settled
	default:
		news = a.goDown(err)
	}
	up := a.health.up
	a.mu.Unlock()
	a.tell(news)
	return up
}
