// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"context"
	"net/http"
	"strings"
	"testing"
)

const (
	loginPage = "<!DOCTYPE html><html><head><style>p { color: red }</style><title>Sign in</title></head><body><p>Please &amp; now</p></body></html>"
	jsonBody  = `{"message":"no"}`
)

// TestOnlyTheAPIsWordDecides: a default backend that answers 404 to everything released Groups
// whose remote groups were alive, and a proxy that wants a password made every edit Rejected for an hour.
func TestOnlyTheAPIsWordDecides(t *testing.T) {
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		want    Kind
		proof   bool // that a POST has made nothing
	}{
		"400 by the API":                {reply(400, jsonBody), KindRejected, true},
		"400, empty":                    {reply(400, ""), KindRejected, true},
		"400, short text":               {reply(400, "no way"), KindRejected, true},
		"400, long text":                {reply(400, strings.Repeat("blah ", 100)), KindIntermediary, false},
		"400, the longest text":         {reply(400, strings.Repeat("x", maxPlain)), KindRejected, true},
		"400, no UTF-8":                 {reply(400, "caf\xe9", "Content-Type", "text/plain"), KindIntermediary, false},
		"400, called HTML in capitals":  {reply(400, "no", "Content-Type", "Text/HTML"), KindIntermediary, false},
		"200, text that is called HTML": {reply(200, "no", "Content-Type", "text/html"), KindIntermediary, false},
		"400, HTML":                     {reply(400, loginPage), KindIntermediary, false},
		"400, text that is called HTML": {reply(400, "default backend", "Content-Type", "text/html"), KindIntermediary, false},
		"400, JSON that is called HTML": {reply(400, jsonBody, "Content-Type", "text/html"), KindRejected, true},
		"400, XML":                      {reply(400, "<?xml version='1.0'?><Error/>"), KindIntermediary, false},
		"400, half of JSON":             {reply(400, `{"message":"n`), KindIntermediary, false},
		"400, binary":                   {reply(400, "\x1f\x8b\x08\x00"), KindIntermediary, false},
		"400, broken off": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "9")
			reply(400, "no")(w, r)
		}, KindIntermediary, false},
		"400, out of a cache":                {reply(400, jsonBody, "Age", "0"), KindIntermediary, false},
		"401, HTML":                          {reply(401, loginPage), KindUnauthorized, true},
		"403 by the API":                     {reply(403, jsonBody), KindForbidden, true},
		"403 by a firewall":                  {reply(403, loginPage), KindIntermediary, false},
		"404 by the API":                     {reply(404, jsonBody), KindNotFound, true},
		"404 by an ingress":                  {reply(404, loginPage), KindIntermediary, false},
		"404 by a cache":                     {reply(404, jsonBody, "Age", "60"), KindIntermediary, false},
		"407":                                {reply(407, jsonBody), KindIntermediary, true},
		"408":                                {reply(408, jsonBody), KindServer, false},
		"409":                                {reply(409, jsonBody), KindRejected, false},
		"421":                                {reply(421, loginPage), KindIntermediary, true},
		"425":                                {reply(425, ""), KindIntermediary, true},
		"429, HTML":                          {reply(429, loginPage), KindThrottled, true},
		"431":                                {reply(431, ""), KindIntermediary, true},
		"451":                                {reply(451, jsonBody), KindIntermediary, false},
		"500 in JSON":                        {reply(500, jsonBody), KindServer, false},
		"502, HTML":                          {reply(502, loginPage), KindServer, false},
		"300":                                {reply(300, `{"id":"a"}`), KindIntermediary, true},
		"101":                                {reply(101, ""), KindIntermediary, false},
		"301 to another host":                {reply(301, "", "Location", "https://other.example/"), KindIntermediary, true},
		"302 to a login page":                {reply(302, loginPage, "Location", "/login?to=/api/v1/groups"), KindIntermediary, true},
		"302 below the endpoint":             {reply(302, "", "Location", "/api/v1/groups/abc"), KindIntermediary, false},
		"302 below it on another host":       {reply(302, "", "Location", "https://other.example/api/v1/groups"), KindIntermediary, false},
		"302 below it, by a way round":       {reply(302, "", "Location", "/x/..%2fapi/v1/groups"), KindIntermediary, false},
		"302 to what cannot be read":         {reply(302, "", "Location", "%zz"), KindIntermediary, false},
		"302 beside the endpoint":            {reply(302, "", "Location", "/api/v10/groups"), KindIntermediary, true},
		"303":                                {reply(303, "", "Location", "https://other.example/"), KindIntermediary, false},
		"304":                                {reply(304, ""), KindIntermediary, true},
		"200, HTML":                          {reply(200, loginPage), KindIntermediary, false},
		"200, status error":                  {reply(200, `{"status":"error","message":"no","data":null}`), KindIntermediary, false},
		"200, status error, in another case": {reply(200, `{"status":"ERROR"}`), KindIntermediary, false},
		"200, plain text":                    {reply(200, "sign in first"), KindBadReply, false},
		"202":                                {reply(202, ""), KindBadReply, false},
		"204":                                {reply(204, ""), KindBadReply, false},
		"201, an object without an id":       {reply(201, `{"name":"n"}`), KindBadReply, false},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := serve(t, test.handler).Create(t.Context(), Fields{})
			if KindOf(err) != test.want || NothingMade(err) != test.proof {
				t.Errorf("got %v: kind %d, nothing made %t; want %d, %t", err, KindOf(err), NothingMade(err), test.want, test.proof)
			}
		})
	}
}

// TestACreateThatShowsAnIDHasMadeIt: what the API calls an error while it shows the new group
// would be repeated, once every two minutes, without end.
func TestACreateThatShowsAnIDHasMadeIt(t *testing.T) {
	for _, body := range []string{
		`{"status":"error","message":"the avatar is too large","data":{"id":"a"}}`,
		`{"status":"error","id":"a"}`,
	} {
		if g, err := serve(t, reply(202, body)).Create(t.Context(), Fields{}); err != nil || g.ID != "a" {
			t.Errorf("%s: got %+v and the error %v", body, g, err)
		}
	}
}

// TestALoginPageDeletesNothing: an event said "deleted remote group … and its messages", and it was all there.
func TestALoginPageDeletesNothing(t *testing.T) {
	for body, want := range map[string]Kind{
		"":                                 0,
		"{}":                               0,
		"OK":                               0,
		`{"status":"success"}`:             0,
		loginPage:                          KindIntermediary,
		`{"status":"error","message":"x"}`: KindIntermediary,
		strings.Repeat("sign in ", 100):    KindBadReply,
	} {
		if err := serve(t, reply(200, body)).Delete(t.Context(), "a"); KindOf(err) != want {
			t.Errorf("%.40q: got %v, want kind %d", body, err, want)
		}
	}
}

// TestAListThatSaysErrorIsNoEmptyAccount: an empty list beside "status": "error" would be taken for
// the loss of every group.
func TestAListThatSaysErrorIsNoEmptyAccount(t *testing.T) {
	for _, body := range []string{`{"status":"error","data":[]}`, `{"status":"fail","data":{"data":[],"has_more":false}}`} {
		if _, err := serve(t, reply(200, body)).Page(t.Context(), PageRequest{}); KindOf(err) != KindIntermediary {
			t.Errorf("%s: got %v", body, err)
		}
	}
}

func TestWhatAnsweredIsQuotedWithoutItsMarkup(t *testing.T) {
	_, err := serve(t, reply(404, loginPage)).Get(t.Context(), "a")
	if want := "GET /groups/a: 404 Not Found: not the API answered, but something before it: Sign in Please & now"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestBodiesOf401And403AreNotQuoted(t *testing.T) {
	for _, status := range []int{401, 403} {
		for _, body := range []string{jsonBody, loginPage, "no"} {
			_, err := serve(t, reply(status, body)).Get(t.Context(), "a")
			if e, ok := AsError(err); !ok || strings.Contains(e.Message, "no") && e.Kind != KindIntermediary || strings.Contains(e.Message, "Sign in") {
				t.Errorf("%d %.20s: got %v", status, body, err)
			}
		}
	}
}

// TestAnotherSpellingIsAnotherID: the groups page answers L7c… with l7c…, so that two Groups could own one group.
func TestAnotherSpellingIsAnotherID(t *testing.T) {
	_, err := serve(t, reply(200, `{"id":"l7c"}`)).Get(t.Context(), "L7c")
	if e, ok := AsError(err); !ok || e.Kind != KindSpelling || e.Spelled != "l7c" {
		t.Errorf("got %v", err)
	}
}

// TestMissing tells a 404 of anybody's from one that proves nothing at all.
func TestMissing(t *testing.T) {
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		want    bool
	}{
		"JSON":           {reply(404, jsonBody), true},
		"HTML":           {reply(404, loginPage), true},
		"out of a cache": {reply(404, jsonBody, "Age", "3"), false},
		"410":            {reply(410, ""), false},
		"a cached 500":   {reply(500, jsonBody, "Age", "3"), false},
		"found":          {reply(200, `{"id":"a"}`), false},
	} {
		_, err := serve(t, test.handler).Get(t.Context(), "a")
		if Missing(err) != test.want {
			t.Errorf("%s: got %v", name, err)
		}
		if told := err != nil && strings.Contains(err.Error(), "out of a cache"); told != (name == "out of a cache") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestReadsAskForNoCachedReply: a cache that answers for the API shows what was there a while ago.
func TestReadsAskForNoCachedReply(t *testing.T) {
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Cache-Control") != "no-cache" {
			t.Errorf("%s asks for %q", r.Method, r.Header.Get("Cache-Control"))
		}
		reply(200, `{"id":"a","data":[]}`)(w, r)
	})
	for _, call := range []func(context.Context) error{
		func(ctx context.Context) error { _, err := client.Get(ctx, "a"); return err },
		client.Probe,
	} {
		if err := call(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// TestReadsStayBelowTheEndpoint: a redirect on the same host leads the token to whatever else is there.
func TestReadsStayBelowTheEndpoint(t *testing.T) {
	for location, follows := range map[string]bool{
		"/api/v1/groups/b":           true,
		"/api/v1/groups/../../login": false,
		"/api/v1/%2e%2e/login":       false,
		"/api/v1/..;/login":          false,
		"/api/v1//evil":              false,
		"/api/v10/groups/b":          false,
		"/api/v1":                    false,
		"/login":                     false,
	} {
		t.Run(location, func(t *testing.T) {
			var arrived []string
			client := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if arrived = append(arrived, r.RequestURI); len(arrived) == 1 {
					w.Header().Set("Location", location)
					w.WriteHeader(http.StatusFound)
					return
				}
				reply(200, `{"id":"a"}`)(w, r)
			})
			_, err := client.Get(t.Context(), "a")
			if (err == nil) != follows || (len(arrived) == 2) != follows {
				t.Errorf("got %v after %q", err, arrived)
			}
		})
	}
}
