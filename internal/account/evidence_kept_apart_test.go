// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package account

import (
	"testing"
	"time"
)

// Were a 404 that was asked for before the probe, and answered after it, taken for the
// second, a deletion would end on two answers with no list between them.
func TestASecond404FromBeforeTheProbeIsNoSecond(t *testing.T) {
	start := time.Now()
	r := refusals{}
	r.note("a", start, true)
	r.probed("a", start.Add(2*time.Second))
	r.note("a", start.Add(time.Second), true)
	if again := r["a"].again; !again.IsZero() {
		t.Errorf("a question from before the probe counts as asked again at %s", again)
	}
	r.note("a", start.Add(3*time.Second), true)
	if r["a"].again.IsZero() {
		t.Error("a question from after the probe does not count")
	}
}

// A group that one Group let go and another has bound since is nobody's no longer.
func TestAClaimEndsThatAGroupWasLetGo(t *testing.T) {
	const endpoint = "https://api.klink.cloud/api/v1"
	c := NewClaims()
	c.Leave(endpoint, "a")
	if !c.Claim(endpoint, "a", "uid-next") || c.LetGo(endpoint, "a") {
		t.Error("the group is bound, and still taken for one that was let go")
	}
}
