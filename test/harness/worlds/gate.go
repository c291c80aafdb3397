// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package worlds

import (
	"net/http"
	"sync"
	"sync/atomic"
)

// Gate is a transport that keeps some calls back until it is opened, whatever their deadlines:
// so the test has all the time that it needs for what must happen meanwhile.
type Gate struct {
	next    http.RoundTripper
	keeps   func(*http.Request) bool
	waiting atomic.Int32
	open    chan struct{}

	// Open lets all calls pass. A manager does not stop before.
	Open func()
}

// NewGate returns a closed gate.
func NewGate(next http.RoundTripper, keeps func(*http.Request) bool) *Gate {
	g := &Gate{next: next, keeps: keeps, open: make(chan struct{})}
	g.Open = sync.OnceFunc(func() { close(g.open) })
	return g
}

// Waiting is how many calls have come to the gate and were kept.
func (g *Gate) Waiting() int { return int(g.waiting.Load()) }

// RoundTrip implements http.RoundTripper.
func (g *Gate) RoundTrip(r *http.Request) (*http.Response, error) {
	if g.keeps(r) {
		g.waiting.Add(1)
		<-g.open
	}
	return g.next.RoundTrip(r)
}
