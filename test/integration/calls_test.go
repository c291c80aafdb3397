// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package integration

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/internal/simulator"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
)

// calls is what the operator has asked of the API. It reads the simulator's log, and changes
// nothing.
type calls struct {
	*testing.T

	sim *simulator.Instance
}

// want compares the calls since the last reset; listings do not count.
func (c calls) want(want map[string]int) {
	c.Helper()
	have := c.sim.Counts()
	delete(have, "GET list")
	for _, kind := range []string{"POST", "PUT", "GET one", "DELETE"} {
		if have[kind] != want[kind] {
			c.Errorf("want %d × %s, have %d; the calls: %v", want[kind], kind, have[kind], c.writes())
		}
	}
}

// writes are the calls other than listings, for messages.
func (c calls) writes() []string {
	var calls []string
	for _, r := range c.sim.Requests() {
		if r.Method != http.MethodGet || r.ID != "" {
			calls = append(calls, fmt.Sprintf("%s %s %s -> %d", r.Method, r.Path, r.Body, r.Status))
		}
	}
	return calls
}

// wantNoWrite checks that nothing was written remotely since the last reset.
func (c calls) wantNoWrite() {
	c.Helper()
	worlds.WantNoWrite(c, c.sim.Server)
}

// bodies are the bodies of the calls with a method, oldest first.
func (c calls) bodies(method string) []string {
	var bodies []string
	for _, r := range c.sim.Requests() {
		if r.Method == method {
			bodies = append(bodies, r.Body)
		}
	}
	return bodies
}

func (c calls) wantBodies(method string, want ...string) {
	c.Helper()
	if have := c.bodies(method); !slices.Equal(have, want) {
		c.Errorf("want the %s bodies %q, have %q", method, want, have)
	}
}

// nextListings waits for so many more listings.
func (c calls) nextListings(n int) {
	c.Helper()
	before := c.sim.Counts()["GET list"]
	eventually(c, func() string {
		if have := c.sim.Counts()["GET list"]; have < before+n {
			return fmt.Sprintf("waiting for listing %d, have %d", before+n, have)
		}
		return ""
	})
}

// lists counts the list calls of each look at the account since the last reset, the
// one under way aside.
func (c calls) lists() []int {
	var lists []int
	for _, r := range c.sim.Requests() {
		switch {
		case r.Kind() != "GET list":
		case r.Query == "limit=100":
			lists = append(lists, 1)
		case len(lists) > 0:
			lists[len(lists)-1]++
		}
	}
	return lists
}

// wantProbes checks that the calls since the last reset are one per interval.
func (c calls) wantProbes() {
	c.Helper()
	var last time.Time
	for _, r := range c.sim.Requests() {
		if r.Kind() != "GET list" {
			c.Errorf("a call besides the probes: %s %s", r.Method, r.Path)
		}
		if !last.IsZero() && r.Time.Sub(last) < 9*time.Second {
			c.Errorf("two probes within %v", r.Time.Sub(last))
		}
		last = r.Time
	}
}

// awaitPosts waits until so many groups were made remotely.
func (c calls) awaitPosts(n int) {
	c.Helper()
	eventually(c, func() string {
		if have := c.sim.Counts()["POST"]; have < n {
			return fmt.Sprintf("waiting for %d POSTs, have %d", n, have)
		}
		return ""
	})
}

// passes is how many looks at the account began since the last reset: a listing is
// several calls.
func (c calls) passes() int {
	n, mayGrow := 0, false // a look that begins with the usual page may ask for a larger one
	for _, r := range c.sim.Requests() {
		if r.Kind() != "GET list" || strings.Contains(r.Query, "archived") || strings.Contains(r.Query, "starting_after") || strings.Contains(r.Query, "page=") {
			continue
		}
		grown := strings.Contains(r.Query, "limit=200")
		if !grown || !mayGrow {
			n++
		}
		mayGrow = !grown
	}
	return n
}

// nextPasses waits for so many more looks at the account to begin.
func (c calls) nextPasses(n int) {
	c.Helper()
	before := c.passes()
	eventually(c, func() string {
		if have := c.passes(); have < before+n {
			return fmt.Sprintf("waiting for look %d at the account, have %d", before+n, have)
		}
		return ""
	})
}
