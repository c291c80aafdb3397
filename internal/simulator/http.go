// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulator

import (
	"io"
	"net"
	"net/http"
	"strconv"
)

// ServeHTTP answers over a real connection.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// The whole body is read first, or the server would not notice that the client has left.
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return // the client is gone
	}
	answer := (&exchange{call: newCall(r, body), ctx: r.Context(), server: s}).serve()
	if answer.broken != nil {
		breakConnection(w)
		return
	}
	for name, values := range answer.header {
		w.Header()[name] = values
	}
	if len(answer.body) > 0 {
		w.Header().Set("Content-Length", strconv.Itoa(len(answer.body)))
	}
	w.WriteHeader(answer.status)
	if answer.cut {
		_, _ = w.Write(answer.body[:len(answer.body)/2])
		_ = http.NewResponseController(w).Flush()
		// Closes the connection without a reset, which could overtake what was written.
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(answer.body) // the client may have left, which is its own affair
}

// breakConnection ends the connection as a crash would: with a reset where that is possible.
func breakConnection(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
