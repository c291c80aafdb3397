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
	"unsafe"

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
		var ctx context.Context
		client, err := New(Config{Endpoint: "http://127.0.0.1:1", Token: token, Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			ctx = r.Context()
			return &http.Response{StatusCode: status, Request: r, Header: http.Header{}, Body: closing{strings.NewReader(`{"id":"a"}`), &n}}, nil
		})})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = client.Create(t.Context(), Fields{})
		closed[status] = n
		if ctx.Err() == nil {
			t.Errorf("%d: the call goes on after its end", status)
		}
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

// A large reply waits for the one before it, and no longer than any call.
func TestALargeReplyWaitsForNoLongerThanItsCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, err := New(Config{Endpoint: "http://127.0.0.1:1", Token: token, Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			return answer(r, `{"id":"a","description":"`+strings.Repeat("x", 2*largeReply)+`"}`), nil
		})})
		if err != nil {
			t.Fatal(err)
		}
		client.large <- struct{}{} // another one is being read
		if _, err := client.Get(t.Context(), "a"); KindOf(err) != KindNetwork || !strings.Contains(err.Error(), "no reply in time") {
			t.Errorf("got %v", err)
		}
		<-client.large
		for range 2 {
			if _, err := client.Get(t.Context(), "a"); err != nil {
				t.Error(err)
			}
		}
	})
}

// idling is a transport that keeps connections.
type idling struct {
	roundTripper
	closed *bool
}

func (i idling) CloseIdleConnections() { *i.closed = true }

func TestCloseDropsIdleConnections(t *testing.T) {
	closed := false
	client, err := New(Config{Endpoint: "http://127.0.0.1:1", Token: token, Transport: idling{nil, &closed}})
	if err != nil {
		t.Fatal(err)
	}
	if client.Close(); !closed {
		t.Error("they stay open")
	}
}

// What is odd is named on the connection, by an id that may be anything.
func TestAnOddGroupShowsNoToken(t *testing.T) {
	page, err := serve(t, reply(200, `{"data":[{"id":"`+token+`","name":7}]}`)).Page(t.Context(), PageRequest{})
	if err != nil || page.Odd.First != redacted {
		t.Errorf("it says %q, %v", page.Odd.First, err)
	}
}

// The members of an account are the same few people, on each page of it.
func TestPagesShareTheNamesOfPeople(t *testing.T) {
	client := serve(t, reply(200, `{"data":[{"id":"a","contacts":[{"username":"Hector"}]}]}`))
	var names []*byte
	for range 2 {
		page, err := client.Page(t.Context(), PageRequest{})
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, unsafe.StringData(page.Groups[0].Contacts[0]))
	}
	if names[0] != names[1] {
		t.Error("a name is kept twice")
	}
}

func TestABadReplyOutOfACacheSaysSo(t *testing.T) {
	_, err := serve(t, reply(200, "", "Age", "1")).Get(t.Context(), "a")
	if e, ok := AsError(err); !ok || !e.Cached {
		t.Errorf("got %#v", err)
	}
}

func TestOneOddItemIsNotMore(t *testing.T) {
	for count, want := range map[int]string{1: "x", 2: "x, and 1 more"} {
		if got := (Oddities{First: "x", Count: count}).String(); got != want {
			t.Errorf("%d read %q", count, got)
		}
	}
}
