// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulator

import (
	"context"
	"net"
	"net/http"
	"time"
)

// TB is what Start needs of a *testing.T.
type TB interface {
	Helper()
	Cleanup(cleanup func())
	Fatalf(format string, args ...any)
}

// Instance is a Server that listens.
type Instance struct {
	*Server
	// URL is the endpoint: http://127.0.0.1:port/api/v1.
	URL string
	// AdminURL is the admin endpoint: http://127.0.0.1:port/_simulator.
	AdminURL string
}

// Start listens on a free port of the loopback address until the test ends.
func Start(t TB, o Options) *Instance {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("simulator: %v", err)
		return nil
	}
	s := New(o)
	mux := http.NewServeMux()
	mux.Handle(AdminPrefix+"/", s.Admin())
	mux.Handle("/", s)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(listener) // always ends with ErrServerClosed
	}()
	t.Cleanup(func() {
		s.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if server.Shutdown(ctx) != nil {
			_ = server.Close()
		}
		<-served
	})
	base := "http://" + listener.Addr().String()
	return &Instance{Server: s, URL: base + Prefix, AdminURL: base + AdminPrefix}
}
