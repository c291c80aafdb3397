// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package node

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
)

// freeAddress is one on loopback that nothing listens on now.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

// ask sends a word and reads until the other side ends.
func ask(t *testing.T, address, word string) string {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_, _ = io.WriteString(conn, word) // a closed connection shows in what is read
	got, _ := io.ReadAll(conn)
	return string(got)
}

func TestConnectionsAreCarriedOn(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	backend, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = backend.Close() }()
	go func() {
		for {
			conn, err := backend.Accept()
			if err != nil {
				return
			}
			word := make([]byte, 5)
			_, _ = io.ReadFull(conn, word)
			_, _ = io.WriteString(conn, "you said "+string(word))
			_ = conn.Close()
		}
	}()
	s := &services{cancel: cancel}
	carried, refused := freeAddress(t), freeAddress(t)
	if err := s.listen(ctx, carried, func() (string, error) { return backend.Addr().String(), nil }); err != nil {
		t.Fatal(err)
	}
	if err := s.listen(ctx, refused, func() (string, error) { return "", errors.New("no pod") }); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if got := ask(t, carried, "hello"); got != "you said hello" {
			t.Errorf("got %q", got)
		}
	}
	if got := ask(t, refused, "hello"); got != "" {
		t.Errorf("without a pod: %q", got)
	}
	s.stop()
	if conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", carried); err == nil {
		_ = conn.Close()
		t.Error("it listens after its end")
	}
}
