// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulator

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"strconv"
	"syscall"
)

// Transport returns a transport that serves every request in process, whatever its host: no sockets and no
// goroutines, so that it runs in a testing/synctest bubble (make the Server inside it). Broken connections are the errors
// that net/http would give, and the hooks of httptrace that tell whether a connection was made are called.
func (s *Server) Transport() http.RoundTripper { return transport{s} }

type transport struct{ server *Server }

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := readRequest(r)
	if err != nil {
		return nil, err
	}
	ctx := r.Context()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c := newCall(r, body)
	c.header = r.Header.Clone()
	traceAsked(r)
	answer := (&exchange{call: c, ctx: ctx, server: t.server}).serve()
	if answer.broken == errRefused { //nolint:errorlint // never wrapped
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	}
	traceSent(r)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if answer.broken != nil {
		return nil, &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	}
	return answer.response(r), nil
}

func readRequest(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if closeErr := r.Body.Close(); err == nil {
		err = closeErr
	}
	return body, err
}

// traceAsked reports what a real transport reports when it looks for a connection.
func traceAsked(r *http.Request) {
	if trace := httptrace.ContextClientTrace(r.Context()); trace != nil && trace.GetConn != nil {
		trace.GetConn(r.URL.Host)
	}
}

// traceSent reports what a real transport reports of a request that went out.
func traceSent(r *http.Request) {
	trace := httptrace.ContextClientTrace(r.Context())
	if trace == nil {
		return
	}
	if trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{})
	}
	if trace.WroteRequest != nil {
		trace.WroteRequest(httptrace.WroteRequestInfo{})
	}
}

func (a reply) response(r *http.Request) *http.Response {
	var body io.Reader = bytes.NewReader(a.body)
	if a.cut {
		body = io.MultiReader(bytes.NewReader(a.body[:len(a.body)/2]), cutReader{})
	}
	return &http.Response{
		Status: strconv.Itoa(a.status) + " " + http.StatusText(a.status), StatusCode: a.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: a.header, Body: io.NopCloser(body), ContentLength: int64(len(a.body)), Request: r,
	}
}

// cutReader is the end of a body that was cut.
type cutReader struct{}

func (cutReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
