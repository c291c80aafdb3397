// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// sent is what a server saw of a request.
type sent struct {
	Method, URI, Body, ContentType string
}

func TestRequests(t *testing.T) {
	page := string(golden(t, "list.json"))
	group := string(golden(t, "group.json"))
	const id = "l7cGNIBKZiNJ6wqF"
	tests := map[string]struct {
		call  func(context.Context, *Client) error
		reply string
		want  sent
	}{
		"get": {
			call:  func(ctx context.Context, c *Client) error { _, err := c.Get(ctx, id); return err },
			reply: group,
			want:  sent{Method: "GET", URI: "/api/v1/groups/" + id},
		},
		"get an odd id": {
			call:  func(ctx context.Context, c *Client) error { _, err := c.Get(ctx, "..a:b@c+d~é&e=f"); return err },
			reply: `{"id":"..a:b@c+d~é&e=f"}`,
			want:  sent{Method: "GET", URI: "/api/v1/groups/..a:b@c+d~%C3%A9&e=f"},
		},
		"create": {
			call: func(ctx context.Context, c *Client) error {
				_, err := c.Create(ctx, Fields{Name: ptr("Plaza Hotel"), Contacts: &[]string{"Hector"}})
				return err
			},
			reply: group,
			want:  sent{Method: "POST", URI: "/api/v1/groups", Body: `{"contacts":[{"username":"Hector"}],"name":"Plaza Hotel"}`, ContentType: "application/json"},
		},
		"update": {
			call: func(ctx context.Context, c *Client) error {
				_, err := c.Update(ctx, id, Fields{Description: ptr("")})
				return err
			},
			reply: group,
			want:  sent{Method: "PUT", URI: "/api/v1/groups/" + id, Body: `{"description":""}`, ContentType: "application/json"},
		},
		"delete": {
			call: func(ctx context.Context, c *Client) error { return c.Delete(ctx, id) },
			want: sent{Method: "DELETE", URI: "/api/v1/groups/" + id},
		},
		"probe": {
			call:  func(ctx context.Context, c *Client) error { return c.Probe(ctx) },
			reply: page,
			want:  sent{Method: "GET", URI: "/api/v1/groups?limit=1"},
		},
		"page by number": {
			call: func(ctx context.Context, c *Client) error {
				_, err := c.Page(ctx, PageRequest{Number: 2, Size: 100, Archived: true})
				return err
			},
			reply: page,
			want:  sent{Method: "GET", URI: "/api/v1/groups?archived=true&page=2&pageSize=100"},
		},
		"page by cursor": {
			call: func(ctx context.Context, c *Client) error {
				_, err := c.Page(ctx, PageRequest{Limit: 100, StartingAfter: "a&b"})
				return err
			},
			reply: page,
			want:  sent{Method: "GET", URI: "/api/v1/groups?limit=100&starting_after=a%26b"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var got []sent
			var header http.Header
			var calls []Call
			client := serve(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				got = append(got, sent{r.Method, r.RequestURI, string(body), r.Header.Get("Content-Type")})
				if r.ContentLength != int64(len(body)) { // some servers take no body of an unknown length
					t.Errorf("%d bytes are called %d", len(body), r.ContentLength)
				}
				header = r.Header
				_, _ = io.WriteString(w, test.reply)
			}, func(c *Config) { c.Observe = func(call Call) { calls = append(calls, call) } })
			if err := test.call(t.Context(), client); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]sent{test.want}, got); diff != "" {
				t.Error(diff)
			}
			want := map[string]string{"Authorization": "Bearer " + token, "Accept": "application/json", "User-Agent": "klink-operator/test"}
			for key, value := range want {
				if header.Get(key) != value {
					t.Errorf("%s is %q, want %q", key, header.Get(key), value)
				}
			}
			if len(calls) != 1 || calls[0].Method != test.want.Method || calls[0].Code != 200 || calls[0].Err != nil || calls[0].Duration <= 0 {
				t.Errorf("observed %+v", calls)
			}
		})
	}
}

// TestReplyIsReturned makes sure that what the methods return is the reply and nothing else.
func TestReplyIsReturned(t *testing.T) {
	client := serve(t, reply(200, string(golden(t, "group.json"))))
	ctx, want := t.Context(), plaza(nil)
	for name, call := range map[string]func() (Group, error){
		"get":    func() (Group, error) { return client.Get(ctx, want.ID) },
		"create": func() (Group, error) { return client.Create(ctx, Fields{Name: ptr("x")}) },
		"update": func() (Group, error) { return client.Update(ctx, want.ID, Fields{Name: ptr("x")}) },
	} {
		got, err := call()
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", name, err, diff)
		}
	}
}

func TestNothingIsSent(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	ctx := t.Context()
	readOnly := func(c *Config) { c.ReadOnly = true }
	tests := map[string]struct {
		option func(*Config)
		call   func(*Client) error
		want   Kind
	}{
		"empty id":         {call: func(c *Client) error { return c.Delete(ctx, "") }, want: KindRejected},
		"a dot":            {call: func(c *Client) error { return c.Delete(ctx, ".") }, want: KindRejected},
		"two dots":         {call: func(c *Client) error { return c.Delete(ctx, "..") }, want: KindRejected},
		"a way out":        {call: func(c *Client) error { return c.Delete(ctx, "../users") }, want: KindRejected},
		"a way down":       {call: func(c *Client) error { return c.Delete(ctx, "a/contacts") }, want: KindRejected},
		"a way, escaped":   {call: func(c *Client) error { return c.Delete(ctx, "%2e%2e%2fusers") }, want: KindRejected},
		"a backslash":      {call: func(c *Client) error { return c.Delete(ctx, `..\users`) }, want: KindRejected},
		"a query":          {call: func(c *Client) error { return c.Delete(ctx, "a?force=true") }, want: KindRejected},
		"a fragment":       {call: func(c *Client) error { return c.Delete(ctx, "a#b") }, want: KindRejected},
		"a parameter":      {call: func(c *Client) error { return c.Delete(ctx, "..;a") }, want: KindRejected},
		"a line end":       {call: func(c *Client) error { return c.Delete(ctx, "a\nb") }, want: KindRejected},
		"an endless id":    {call: func(c *Client) error { return c.Delete(ctx, strings.Repeat("a", 254)) }, want: KindRejected},
		"ended context":    {call: func(c *Client) error { _, err := c.Create(ended, Fields{}); return err }, want: KindNetwork},
		"read-only create": {option: readOnly, call: func(c *Client) error { _, err := c.Create(ctx, Fields{}); return err }, want: KindReadOnly},
		"read-only update": {option: readOnly, call: func(c *Client) error { _, err := c.Update(ctx, "a", Fields{}); return err }, want: KindReadOnly},
		"read-only delete": {option: readOnly, call: func(c *Client) error { return c.Delete(ctx, "a") }, want: KindReadOnly},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			client := serve(t, func(_ http.ResponseWriter, r *http.Request) {
				t.Errorf("%s %s was sent", r.Method, r.URL)
			}, func(c *Config) {
				if test.option != nil {
					test.option(c)
				}
				c.Observe = func(call Call) { t.Errorf("observed %+v", call) }
			})
			err := test.call(client)
			if KindOf(err) != test.want || !NothingMade(err) {
				t.Errorf("got %#v, want kind %d and nothing made", err, test.want)
			}
		})
	}
	t.Run("a read-only client reads", func(t *testing.T) {
		client := serve(t, reply(200, `{"id":"a"}`), readOnly)
		if _, err := client.Get(ctx, "a"); err != nil {
			t.Error(err)
		}
	})
}

func TestNewRefuses(t *testing.T) {
	const good = "https://api.klink.cloud/api/v1"
	tests := map[string]struct{ endpoint, token, want string }{
		"good":                 {good, token, ""},
		"an address":           {"http://10.0.0.1:8080/api/v1", token, "neither loopback nor *.svc"},
		"loopback":             {"http://127.0.0.1:8080/api/v1", token, ""},
		"loopback 6":           {"http://[::1]:8080/api/v1", token, ""},
		"localhost":            {"http://localhost:8080", token, ""},
		"service":              {"http://klink-simulator.klink.svc/api/v1", token, ""},
		"service in full":      {"http://klink-simulator.klink.svc.cluster.local/api/v1", token, ""},
		"upper case":           {"HTTP://LOCALHOST:8080", token, ""},
		"HTTP, other domain":   {"http://klink-simulator.klink.svc.example.com", token, "neither loopback nor *.svc"},
		"plain HTTP":           {"http://api.klink.cloud/api/v1", token, "neither loopback nor *.svc"},
		"HTTP, almost svc":     {"http://evil-svc/api/v1", token, "neither loopback nor *.svc"},
		"no scheme":            {"api.klink.cloud", token, "absolute"},
		"no host":              {"https:///api", token, "absolute"},
		"no host but a port":   {"https://:443/api", token, "absolute"},
		"other scheme":         {"ftp://api.klink.cloud", token, "https://"},
		"user info":            {"https://user:pass-word@api.klink.cloud", token, "user info"},
		"query":                {good + "?a=b", token, "query"},
		"empty query":          {good + "?", token, "query"},
		"fragment":             {good + "#a", token, "fragment"},
		"trailing slash":       {good + "/", token, "slash"},
		"control character":    {"https://api.klink.cloud/\n", token, "absolute"},
		"no token":             {good, "", "token is empty"},
		"token with a newline": {good, "abcdefgh\n", "white space"},
		"token with a blank":   {good, "abcdefgh ijk", "white space"},
		"token with an umlaut": {good, "abcdefghü", "cannot carry"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := New(Config{Endpoint: test.endpoint, Token: test.token})
			if test.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got the error %v, want one that says %q", err, test.want)
			}
			if strings.Contains(err.Error(), "pass-word") || strings.Contains(err.Error(), "abcdefgh") {
				t.Errorf("a secret stands in %q", err)
			}
		})
	}
}

// TestEveryCallHasADeadline finds the deadlines where they end up: in the transport's context.
func TestEveryCallHasADeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		left := map[string]time.Duration{}
		spy := roundTripper(func(r *http.Request) (*http.Response, error) {
			deadline, _ := r.Context().Deadline()
			left[r.Method] = time.Until(deadline)
			return httptest.NewRecorder().Result(), nil
		})
		client, err := New(Config{Endpoint: "http://127.0.0.1:1", Token: token, Transport: spy})
		if err != nil {
			t.Fatal(err)
		}
		ctx := t.Context()
		_, _ = client.Get(ctx, "a")
		_, _ = client.Create(ctx, Fields{})
		_, _ = client.Update(ctx, "a", Fields{})
		_ = client.Delete(ctx, "a")
		want := map[string]time.Duration{"GET": 15 * time.Second, "POST": 30 * time.Second, "PUT": 30 * time.Second, "DELETE": 30 * time.Second}
		if diff := cmp.Diff(want, left); diff != "" {
			t.Error(diff)
		}
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// answer is a 200 that no server has sent.
func answer(r *http.Request, body string) *http.Response {
	return &http.Response{StatusCode: http.StatusOK, Request: r, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
}
