// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
)

// closing is a body that notes that it was closed.
type closing struct {
	io.Reader
	closed *int
}

func (c closing) Close() error { *c.closed++; return nil }

// A reply that is not closed keeps its connection, and the next call opens another one.
func TestEachReplyIsClosed(t *testing.T) {
	closed := map[int]int{}
	for _, status := range []int{200, 400, 500} {
		n := 0
		client, err := New(Config{Endpoint: "http://127.0.0.1:1", Token: token, Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: status, Request: r, Header: http.Header{}, Body: closing{strings.NewReader(`{"id":"a"}`), &n}}, nil
		})})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = client.Create(t.Context(), Fields{})
		closed[status] = n
	}
	if diff := cmp.Diff(map[int]int{200: 1, 400: 1, 500: 1}, closed); diff != "" {
		t.Error(diff)
	}
}

// slowly breaks off when the call has run out of time, without a word of it.
type slowly struct{ ctx context.Context }

func (s slowly) Read([]byte) (int, error) { <-s.ctx.Done(); return 0, s.ctx.Err() }

// Who reads of a deadline has to know whose it was.
func TestACallThatTakesTooLongSaysSo(t *testing.T) {
	for name, answer := range map[string]roundTripper{
		"no reply": func(r *http.Request) (*http.Response, error) { <-r.Context().Done(); return nil, r.Context().Err() },
		"half a reply": func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusOK, Request: r, Header: http.Header{}, Body: io.NopCloser(io.MultiReader(strings.NewReader(`{"id":`), slowly{r.Context()}))}, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, err := New(Config{Endpoint: "http://127.0.0.1:1", Token: token, Transport: answer})
				if err != nil {
					t.Fatal(err)
				}
				_, err = client.Get(t.Context(), "a")
				if KindOf(err) != KindNetwork || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "no reply in time") {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}
