// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestRedirects counts what arrives at either place of a redirect.
func TestRedirects(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			var elsewhere atomic.Int32
			other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
			defer other.Close()
			var mu sync.Mutex
			seen := map[string]int{}
			client := serve(t, func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				seen[r.Method+" "+r.URL.Path]++
				mu.Unlock()
				switch r.URL.Path {
				case "/groups/away":
					http.Redirect(w, r, other.URL+"/groups/x", status)
				case "/groups/here":
					_, _ = io.WriteString(w, `{"id":"moved"}`)
				default:
					http.Redirect(w, r, "/api/v1/groups/here", status)
				}
			})
			_, post := client.Create(t.Context(), Fields{Name: ptr("n")})
			_, put := client.Update(t.Context(), "moved", Fields{Name: ptr("n")})
			del := client.Delete(t.Context(), "moved")
			_, away := client.Get(t.Context(), "away")
			for _, err := range []error{post, put, del, away} {
				if KindOf(err) != KindIntermediary {
					t.Errorf("got %v, want the redirect as an error", err)
				}
			}
			if NothingMade(post) { // what it leads to, below the endpoint, may be what it made
				t.Errorf("%v proves that nothing was made", post)
			}
			otherHost := strings.TrimPrefix(other.URL, "http://")
			if !strings.Contains(away.Error(), otherHost) || strings.Contains(away.Error(), "/groups/x") {
				t.Errorf("%v: want the host of the location alone", away)
			}
			if g, err := client.Get(t.Context(), "moved"); err != nil || g.ID != "moved" {
				t.Errorf("a read on the same host: got %v and the error %v", g, err)
			}
			if elsewhere.Load() != 0 || seen["POST /groups"] != 1 || seen["PUT /groups/moved"] != 1 || seen["DELETE /groups/moved"] != 1 || seen["GET /groups/here"] != 1 || len(seen) != 6 {
				t.Errorf("another host saw %d requests, this one %v", elsewhere.Load(), seen)
			}
		})
	}
}

// TestReadsAreNotLedToPlainHTTP has a TLS server point at its own host and port without TLS.
func TestReadsAreNotLedToPlainHTTP(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://"+r.Host+"/api/v1/groups/x", http.StatusFound)
	}))
	defer server.Close()
	client := clientOf(t, server)
	if _, err := client.Get(t.Context(), "x"); KindOf(err) != KindIntermediary {
		t.Errorf("got %v, want the redirect as an error", err)
	}
}

// TestEndlessRedirects checks that a read gives up.
func TestEndlessRedirects(t *testing.T) {
	var n atomic.Int32
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		n.Add(1)
		http.Redirect(w, r, r.RequestURI, http.StatusFound)
	})
	if _, err := client.Get(t.Context(), "x"); KindOf(err) != KindIntermediary || n.Load() != 5 {
		t.Errorf("got %v after %d requests", err, n.Load())
	}
}

// clientOf returns a client with the transport that is used outside of tests, but for the
// server's certificate.
func clientOf(t *testing.T, server *httptest.Server) *Client {
	t.Helper()
	transport := NewTransport()
	if trusted, ok := server.Client().Transport.(*http.Transport); ok && trusted.TLSClientConfig != nil {
		transport.TLSClientConfig = &tls.Config{RootCAs: trusted.TLSClientConfig.RootCAs, MinVersion: tls.VersionTLS12}
	}
	client, err := New(Config{Endpoint: server.URL + "/api/v1", Token: token, Transport: transport})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// TestPostOverBrokenConnections breaks kept-alive HTTP/1 connections in the middle of a POST.
func TestPostOverBrokenConnections(t *testing.T) {
	var posts atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			posts.Add(1)
			for _, key := range []string{"Idempotency-Key", "X-Idempotency-Key"} {
				if _, sent := r.Header[key]; sent {
					t.Errorf("%s makes net/http send a POST again", key)
				}
			}
			hijack(w, "")
			return
		}
		_, _ = io.WriteString(w, `{"id":"a"}`)
	}))
	defer server.Close()
	client := clientOf(t, server)
	for i := range int32(20) {
		if _, err := client.Get(t.Context(), "a"); err != nil { // so that the POST finds a connection in use
			t.Fatal(err)
		}
		_, err := client.Create(t.Context(), Fields{Name: ptr("n")})
		if KindOf(err) != KindNetwork || NothingMade(err) || posts.Load() != i+1 {
			t.Fatalf("got %v after %d POSTs for %d calls", err, posts.Load(), i+1)
		}
	}
}

// TestPostOverIdleConnections has the server close kept-alive connections just when they are used
// again: a POST may fail then, but is never counted twice.
func TestPostOverIdleConnections(t *testing.T) {
	var posts atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			posts.Add(1)
		}
		_, _ = io.WriteString(w, `{"id":"a"}`)
	}))
	server.Config.ConnState = func(conn net.Conn, state http.ConnState) {
		if state == http.StateIdle {
			_ = conn.Close()
		}
	}
	server.Start()
	defer server.Close()
	client := clientOf(t, server)
	made := int32(0)
	for i := range int32(50) {
		_, _ = client.Get(t.Context(), "a")
		if _, err := client.Create(t.Context(), Fields{Name: ptr("n")}); err == nil {
			made++
		}
		if n := posts.Load(); n < made || n > i+1 {
			t.Fatalf("%d POSTs for %d calls, %d of them answered", n, i+1, made)
		}
	}
}

// TestHTTP2 makes sure that the client speaks HTTP/2, so that the tests of its resets test something.
func TestHTTP2(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			t.Errorf("%s over %s", r.Method, r.Proto)
		}
		if r.Method == http.MethodPost {
			panic(http.ErrAbortHandler)
		}
		_, _ = io.WriteString(w, `{"id":"a"}`)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	client := clientOf(t, server)
	if _, err := client.Get(t.Context(), "a"); err != nil {
		t.Error(err)
	}
	if _, err := client.Create(t.Context(), Fields{Name: ptr("n")}); KindOf(err) != KindNetwork || NothingMade(err) {
		t.Errorf("reset: got %v, want a network error that proves nothing", err)
	}
}

// TestPostOverHTTP2Resets answers POSTs with each of the resets that net/http takes for an invitation to try again.
func TestPostOverHTTP2Resets(t *testing.T) {
	const refusedStream, protocolError, goAwayNone = 0x7, 0x1, 0x0
	tests := map[string]func(conn net.Conn, stream uint32){
		"REFUSED_STREAM": func(conn net.Conn, stream uint32) { reset(conn, stream, refusedStream) },
		"PROTOCOL_ERROR": func(conn net.Conn, stream uint32) { reset(conn, stream, protocolError) },
		"GOAWAY before the stream": func(conn net.Conn, _ uint32) {
			writeFrame(conn, frameGoAway, 0, binary.BigEndian.AppendUint32(make([]byte, 4), goAwayNone))
			_ = conn.Close()
		},
		"closed": func(conn net.Conn, _ uint32) { _ = conn.Close() },
	}
	for name, answer := range tests {
		t.Run(name, func(t *testing.T) {
			api := &rawHTTP2{answer: answer}
			server := httptest.NewUnstartedServer(nil)
			server.EnableHTTP2 = true
			server.Config.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){
				"h2": func(_ *http.Server, conn *tls.Conn, _ http.Handler) { api.serve(conn) },
			}
			server.StartTLS()
			defer server.Close()
			client := clientOf(t, server)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // ends what would go on repeating
			defer cancel()
			for i := range int32(5) {
				_, err := client.Create(ctx, Fields{Name: ptr("n")})
				if KindOf(err) != KindNetwork || NothingMade(err) {
					t.Errorf("got %v, want a network error that proves nothing", err)
				}
				if n := api.requests.Load(); n != i+1 {
					t.Fatalf("%d requests for %d calls", n, i+1)
				}
			}
		})
	}
}

const (
	frameHeaders  = 0x1
	frameReset    = 0x3
	frameSettings = 0x4
	frameGoAway   = 0x7
)

// rawHTTP2 speaks as much HTTP/2 as it takes to count requests and to turn them away.
type rawHTTP2 struct {
	requests atomic.Int32
	answer   func(conn net.Conn, stream uint32)
}

func (s *rawHTTP2) serve(conn net.Conn) {
	in := bufio.NewReader(conn)
	if _, err := io.CopyN(io.Discard, in, int64(len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))); err != nil {
		return
	}
	writeFrame(conn, frameSettings, 0, nil)
	for {
		var header [9]byte
		if _, err := io.ReadFull(in, header[:]); err != nil {
			return
		}
		length := int64(header[0])<<16 | int64(header[1])<<8 | int64(header[2])
		if _, err := io.CopyN(io.Discard, in, length); err != nil {
			return
		}
		if header[3] == frameHeaders {
			if s.requests.Add(1) > 100 {
				_ = conn.Close()
				return
			}
			s.answer(conn, binary.BigEndian.Uint32(header[5:]))
		}
	}
}

func reset(conn net.Conn, stream, code uint32) {
	writeFrame(conn, frameReset, stream, binary.BigEndian.AppendUint32(nil, code))
}

func writeFrame(conn net.Conn, kind byte, stream uint32, payload []byte) {
	frame := []byte{0, 0, byte(len(payload)), kind, 0}
	frame = binary.BigEndian.AppendUint32(frame, stream)
	_, _ = conn.Write(append(frame, payload...))
}
