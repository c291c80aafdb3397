// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package worlds

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
)

// Gate is a transport that keeps some calls back until it is opened, whatever their deadlines:
// so the test has all the time that it needs for what must happen meanwhile. It opens with
// the end of the test, before the manager is waited for.
type Gate struct {
	next    http.RoundTripper
	keeps   func(*http.Request) bool
	waiting atomic.Int32
	open    chan struct{}
	ended   <-chan struct{}

	// Open lets all calls pass.
	Open func()
}

// NewGate returns a closed gate.
func NewGate(t testing.TB, next http.RoundTripper, keeps func(*http.Request) bool) *Gate {
	g := &Gate{next: next, keeps: keeps, open: make(chan struct{}), ended: t.Context().Done()}
	g.Open = sync.OnceFunc(func() { close(g.open) })
	return g
}

// Waiting is how many calls have come to the gate and were kept.
func (g *Gate) Waiting() int { return int(g.waiting.Load()) }

// RoundTrip implements http.RoundTripper.
func (g *Gate) RoundTrip(r *http.Request) (*http.Response, error) {
	if g.keeps(r) {
		g.waiting.Add(1)
		select {
		case <-g.open:
		case <-g.ended:
		}
	}
	return g.next.RoundTrip(r)
}
