// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package security

import (
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
)

// serve returns the address of a server on the loopback.
func serve(t *testing.T, handler http.Handler) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// inside is a service that nobody but the attacker wants to have called. It
// counts all who connect, whatever they say.
type inside struct {
	URL     string
	callers *atomic.Int32
}

func newInside(t *testing.T) inside {
	t.Helper()
	var callers atomic.Int32
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			callers.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	return inside{server.URL, &callers}
}
