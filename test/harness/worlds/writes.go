// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package worlds

import (
	"net/http"
	"testing"

	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// WantNoWrite checks that nothing was written to the account since the last reset.
func WantNoWrite(t testing.TB, sim *simulator.Server) {
	t.Helper()
	for _, r := range sim.Requests() {
		if r.Method != http.MethodGet {
			t.Errorf("a write: %s %s %s -> %d", r.Method, r.Path, r.Body, r.Status)
		}
	}
}
