// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestFailures(t *testing.T) {
	const before = "not the API answered, but something before it: "
	long := strings.Repeat("ä", 1000)
	tests := map[string]struct {
		handler http.HandlerFunc
		want    Error // Kind, Status, Message and NothingMade
	}{
		"400 message":     {reply(400, `{"message":"name is too long"}`), Error{Kind: KindRejected, Status: 400, Message: "name is too long", NothingMade: true}},
		"400 error":       {reply(400, `{"error":"no"}`), Error{Kind: KindRejected, Status: 400, Message: "no", NothingMade: true}},
		"400 nested":      {reply(400, `{"error":{"message":"no","code":7}}`), Error{Kind: KindRejected, Status: 400, Message: "no", NothingMade: true}},
		"422 errors":      {reply(422, `{"message":"invalid","errors":{"name":["too long","odd"],"contacts":"unknown"}}`), Error{Kind: KindRejected, Status: 422, Message: "invalid: contacts: unknown; name: too long; odd", NothingMade: true}},
		"422 fields":      {reply(422, `{"errors":[{"field":"name","message":"too long"},"and more"]}`), Error{Kind: KindRejected, Status: 422, Message: "name: too long; and more", NothingMade: true}},
		"400 text":        {reply(400, "  no\n\tway "), Error{Kind: KindRejected, Status: 400, Message: "no way", NothingMade: true}},
		"400 twice":       {reply(400, `{"message":"no","error":"no","errors":[{"field":"","message":"odd"}]}`), Error{Kind: KindRejected, Status: 400, Message: "no: odd", NothingMade: true}},
		"400 code":        {reply(400, `{"code":7,"message":""}`), Error{Kind: KindRejected, Status: 400, Message: `{"code":7,"message":""}`, NothingMade: true}},
		"400 no markup":   {reply(400, "1 < 2 and 3 > 2"), Error{Kind: KindRejected, Status: 400, Message: "1 < 2 and 3 > 2", NothingMade: true}},
		"400 longest":     {reply(400, strings.Repeat("x", maxMessage)), Error{Kind: KindRejected, Status: 400, Message: strings.Repeat("x", maxMessage), NothingMade: true}},
		"400 empty":       {reply(400, ""), Error{Kind: KindRejected, Status: 400, NothingMade: true}},
		"400 long":        {reply(400, `{"message":"`+long+`"}`), Error{Kind: KindRejected, Status: 400, Message: strings.Repeat("ä", maxMessage-1) + "…", NothingMade: true}},
		"400 too large":   {reply(400, strings.Repeat("x", maxErrorBody+1)), Error{Kind: KindIntermediary, Status: 400, Message: before + "the reply is too large: more than 64 KiB"}},
		"401":             {reply(401, ""), Error{Kind: KindUnauthorized, Status: 401, NothingMade: true}},
		"403":             {reply(403, ""), Error{Kind: KindForbidden, Status: 403, NothingMade: true}},
		"404":             {reply(404, ""), Error{Kind: KindNotFound, Status: 404, NothingMade: true}},
		"408":             {reply(408, ""), Error{Kind: KindServer, Status: 408}},
		"409":             {reply(409, ""), Error{Kind: KindRejected, Status: 409}},
		"413":             {reply(413, ""), Error{Kind: KindRejected, Status: 413, NothingMade: true}},
		"429":             {reply(429, ""), Error{Kind: KindThrottled, Status: 429, NothingMade: true}},
		"500":             {reply(500, ""), Error{Kind: KindServer, Status: 500}},
		"503":             {reply(503, "<h1>down</h1>"), Error{Kind: KindServer, Status: 503, Message: "down"}},
		"200 HTML":        {reply(200, "<html>hi"), Error{Kind: KindIntermediary, Status: 200, Message: "the reply is not a JSON object: hi"}},
		"200 no group":    {reply(200, `{"status":"error","message":"no such thing","data":null}`), Error{Kind: KindIntermediary, Status: 200, Message: "the reply says that the call failed: no such thing"}},
		"200 other group": {reply(200, `{"id":"b","message":"m"}`), Error{Kind: KindBadReply, Status: 200, Message: `the reply shows another group, "b": m`}},
		"200 other case":  {reply(200, `{"id":"A","message":"m"}`), Error{Kind: KindSpelling, Status: 200, Message: "the API writes this id A", Spelled: "A"}},
		"200 too large":   {reply(200, `{"message":"no","x":"`+strings.Repeat("x", maxReply)), Error{Kind: KindBadReply, Status: 200, Message: "the reply is too large: more than 16384 KiB"}},
		"200 truncated":   {truncated, Error{Kind: KindBadReply, Status: 200, Message: "the reply broke off: unexpected EOF"}},
		"204":             {reply(204, ""), Error{Kind: KindBadReply, Status: 204, Message: "the reply is empty"}},
		"101":             {reply(101, ""), Error{Kind: KindIntermediary, Status: 101, Message: before + "the server changed the protocol"}},
		"304":             {reply(304, ""), Error{Kind: KindIntermediary, Status: 304, Message: before + "redirected, but not to a place that can be read", NothingMade: true}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var observed []Call
			client := serve(t, test.handler, func(c *Config) { c.Observe = func(call Call) { observed = append(observed, call) } })
			_, err := client.Update(t.Context(), "a", Fields{Name: ptr("n")})
			e, ok := AsError(fmt.Errorf("wrapped: %w", err))
			if !ok {
				t.Fatalf("got %v, want an *Error", err)
			}
			if e.Kind != test.want.Kind || e.Status != test.want.Status || e.Message != test.want.Message || e.NothingMade != test.want.NothingMade || e.Spelled != test.want.Spelled {
				t.Errorf("got %+v\nwant %+v", *e, test.want)
			}
			if e.Method != http.MethodPut || e.Path != "/groups/a" || !strings.HasPrefix(err.Error(), "PUT /groups/a: ") {
				t.Errorf("it does not say what was asked: %v", err)
			}
			if strings.HasSuffix(err.Error(), ": ") {
				t.Errorf("it ends in the middle: %v", err)
			}
			if len(observed) != 1 || observed[0].Code != test.want.Status || !errors.Is(observed[0].Err, err) {
				t.Errorf("observed %+v", observed)
			}
		})
	}
}

// TestAGroupsAuthorIsNotToldWhereTheAPIIs: what a Group's status says is read by people who
// may not read the connection's.
func TestAGroupsAuthorIsNotToldWhereTheAPIIs(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"quoted": func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, "no route to "+r.Host+" from "+strings.Split(r.Host, ":")[0], http.StatusServiceUnavailable)
		},
		"no reply": func(w http.ResponseWriter, _ *http.Request) { hijack(w, "") },
		"redirect": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "https://inside.example/")
			w.WriteHeader(http.StatusFound)
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := serve(t, handler).Update(t.Context(), "a", Fields{Name: ptr("n")})
			e, ok := AsError(err)
			if !ok {
				t.Fatalf("got %v, want an *Error", err)
			}
			if text := e.Discreet(); strings.Contains(text, "127.0.0.1") || strings.Contains(text, "inside.example") || !strings.HasPrefix(text, "PUT /groups/a: ") {
				t.Errorf("it says %q", text)
			}
		})
	}
}

// truncated promises more than it sends.
func truncated(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "100")
	_, _ = io.WriteString(w, `{"id":`)
}

func TestUntil(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	in := now.Add
	tests := map[string]time.Time{
		"":                                      {},
		"0":                                     {},
		"-5":                                    {},
		"1.5":                                   {},
		"soon":                                  {},
		"7":                                     in(7 * time.Second),
		"900":                                   in(15 * time.Minute),
		"99999999999":                           in(15 * time.Minute),
		"901":                                   in(15 * time.Minute),
		"99999999999999999999999999":            in(15 * time.Minute),
		in(time.Minute).Format(http.TimeFormat): in(time.Minute),
		in(time.Hour).Format(http.TimeFormat):   in(15 * time.Minute),
		in(-time.Hour).Format(http.TimeFormat):  {},
	}
	for value, want := range tests {
		value = " " + value + " " // as a test's key, white space looks like a mistake
		if got := retryAfter(value, now); !got.Equal(want) {
			t.Errorf("%q: got %v, want %v", value, got, want)
		}
	}
	for _, status := range []int{429, 503} {
		client := serve(t, reply(status, "", "Retry-After", "600"))
		before := time.Now()
		_, err := client.Get(t.Context(), "a")
		if e, ok := AsError(err); !ok || e.Until.Before(before.Add(600*time.Second)) {
			t.Errorf("%d: got %+v, want it to name the end of the pause", status, e)
		}
	}
}

func TestNoReply(t *testing.T) {
	unreachable := func(c *Config) { c.Endpoint = "http://127.0.0.1:1/api/v1" } // no system gives that port to anybody
	create := func(ctx context.Context, c *Client) error { _, err := c.Create(ctx, Fields{}); return err }
	hangUp := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

	t.Run("no connection", func(t *testing.T) {
		var calls []Call
		err := create(t.Context(), serve(t, hangUp, unreachable, func(c *Config) { c.Observe = func(call Call) { calls = append(calls, call) } }))
		if KindOf(err) != KindNetwork || !NothingMade(err) || !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("got %#v, want a network error that proves that nothing was made", err)
		}
		_, err = serve(t, hangUp, unreachable).Get(t.Context(), "a")
		if text := err.Error(); strings.Count(text, "groups/a") != 1 || !strings.HasPrefix(text, "GET /groups/a: dial") {
			t.Errorf("it says more than once what was asked: %s", text)
		}
		if len(calls) != 1 || calls[0].Code != 0 || calls[0].Err == nil {
			t.Errorf("observed %+v", calls)
		}
	})
	t.Run("hung up", func(t *testing.T) {
		err := create(t.Context(), serve(t, hangUp))
		if KindOf(err) != KindNetwork || NothingMade(err) {
			t.Errorf("got %#v, want a network error that proves nothing", err)
		}
	})
	t.Run("cancelled after it was sent", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		client := serve(t, func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			cancel()
			<-r.Context().Done()
		})
		err := create(ctx, client)
		if KindOf(err) != KindNetwork || NothingMade(err) || !errors.Is(err, context.Canceled) {
			t.Errorf("got %#v, want a network error that proves nothing", err)
		}
	})
	t.Run("a transport that traces nothing proves nothing", func(t *testing.T) {
		mute := roundTripper(func(*http.Request) (*http.Response, error) { return nil, errors.New("broken") })
		err := create(t.Context(), serve(t, hangUp, func(c *Config) { c.Transport = mute }))
		if KindOf(err) != KindNetwork || NothingMade(err) {
			t.Errorf("got %#v, want a network error that proves nothing", err)
		}
	})
}

// TestTokenIsNowhere looks for the token in whatever a caller could print.
func TestTokenIsNowhere(t *testing.T) {
	quoted, _ := json.Marshal(map[string]any{"message": "bad Authorization: Bearer " + token, "errors": map[string]string{token: url.QueryEscape(token)}})
	breakers := map[string]http.HandlerFunc{
		"JSON":         reply(400, string(quoted)),
		"unicode":      reply(400, `{"message":"`+strings.ReplaceAll(token, "k", `\u006b`)+`"}`),
		"text":         reply(500, url.PathEscape(token)+"\x00"+token),
		"HTML":         reply(502, "<p>"+strings.ReplaceAll(token, "+", "&#43;")),
		"bad reply":    reply(200, "<html>"+token),
		"other id":     reply(200, `{"id":"`+token+`"}`),
		"redirect":     reply(302, "", "Location", "https://"+token[9:]+"/"+token),
		"bad header":   func(w http.ResponseWriter, _ *http.Request) { hijack(w, "HTTP/1.1 200 OK\r\n"+token+"\r\n\r\n") },
		"bad status":   func(w http.ResponseWriter, _ *http.Request) { hijack(w, "HTTP/1.1 "+token+"\r\n\r\n") },
		"not HTTP":     func(w http.ResponseWriter, _ *http.Request) { hijack(w, token+"\r\n\r\n") },
		"bad location": reply(302, "", "Location", "%zz"+token),
	}
	for name, handler := range breakers {
		t.Run(name, func(t *testing.T) {
			var observed Call
			client := serve(t, handler, func(c *Config) { c.Observe = func(call Call) { observed = call } })
			_, put := client.Update(t.Context(), "x", Fields{})
			_, get := client.Get(t.Context(), "x")
			_, refused := client.Get(t.Context(), "x"+token)
			for _, err := range []error{put, get, refused} {
				if err == nil {
					t.Fatal("no error")
				}
				e, _ := AsError(err)
				refuseToken(t, err, *e, e.Err, fmt.Errorf("wrapped: %w", err), observed)
			}
		})
	}
	config := Config{Endpoint: "http://127.0.0.1:1", Token: token}
	client, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	refuseToken(t, config, &config, struct{ C Config }{config}, client, *client, struct{ C *Client }{client})
}

func refuseToken(t *testing.T, values ...any) {
	t.Helper()
	for _, value := range values {
		var log strings.Builder
		slog.New(slog.NewTextHandler(&log, nil)).Info("m", "v", value)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "v", value)
		marshaled, _ := json.Marshal(value)
		texts := []string{log.String(), string(marshaled)}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
			texts = append(texts, fmt.Sprintf(verb, value))
		}
		for _, text := range texts {
			// The first characters would be enough to give it away, and are in any spelling of it.
			if strings.Contains(text, token) || strings.Contains(text, token[4:12]) || newRedactor(token)(text) != text {
				t.Errorf("the token stands in %q", text)
			}
		}
	}
}

func hijack(w http.ResponseWriter, answer string) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		_, _ = io.WriteString(conn, answer)
		_ = conn.Close()
	}
}
