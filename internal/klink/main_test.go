// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// token holds characters that every kind of encoding spells differently.
const token = "klk/9f+3=A~x.secret_Token-42"

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// golden returns a reply of the groups page.
func golden(t testing.TB, name string) []byte {
	t.Helper()
	content, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// serve starts an API behind the base path /api/v1 and returns a client of it.
func serve(t testing.TB, handler http.HandlerFunc, options ...func(*Config)) *Client {
	t.Helper()
	server := httptest.NewServer(http.StripPrefix("/api/v1", handler))
	t.Cleanup(server.Close)
	config := Config{Endpoint: server.URL + "/api/v1", Token: token, UserAgent: "klink-operator/test"}
	for _, option := range options {
		option(&config)
	}
	client, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// reply is a handler that always answers the same.
func reply(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

func ptr[T any](v T) *T { return &v }
