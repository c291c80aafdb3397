// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

func FuzzDecodeGroup(f *testing.F) {
	for _, name := range []string{"group.json", "created.json", "updated.json"} {
		f.Add(golden(f, name))
	}
	f.Add([]byte(`{"status":"success","data":{"id":"a","contacts":[null,{"username":null}],"archived_at":"2026-01-02T03:04:05Z"}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		g, err := decodeGroup(bytes.NewReader(body))
		if err == nil {
			checkGroup(t, g)
		}
	})
}

func FuzzDecodePage(f *testing.F) {
	f.Add(golden(f, "list.json"))
	f.Add([]byte(`{"total":12,"page":2,"pageSize":10,"lastPage":2,"data":[{"id":"a"}]}`))
	f.Add([]byte(`{"status":"success","data":{"has_more":true,"data":[{"id":"a"}]}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		page, err := decodePage(bytes.NewReader(body), nil)
		if err == nil {
			for _, g := range page.Groups {
				if len(g.ID) > maxID {
					t.Errorf("an endless id: %q", g.ID)
				}
				g.ID = "any, as nothing is asked for it"[:3]
				checkGroup(t, g)
			}
		}
	})
}

// checkGroup holds what the packages above rely on, whatever the API sends.
func checkGroup(t *testing.T, g Group) {
	t.Helper()
	if checkID(g.ID) != nil || g.Contacts == nil || slices.Contains(g.Contacts, "") {
		t.Errorf("an impossible group: %+v", g)
	}
	for _, at := range []time.Time{g.CreatedAt, g.ArchivedAt} {
		if _, err := at.MarshalText(); err != nil {
			t.Errorf("a time that cannot be written to a status: %v", err)
		}
	}
}

func FuzzDecodeTimestamp(f *testing.F) {
	for _, text := range []string{`692233200`, `692233200.5`, `"692233200"`, `"1991-12-08T23:00:00Z"`, `null`, `""`, `-1e9`, `253402300799.999999999`,
		`"-70e9"`, `-62167219201`, `253402300800`, `"0000-01-01T00:00:00+01:00"`, `"9999-12-31T23:59:59-01:00"`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		at, err := decodeTimestamp(json.RawMessage(raw))
		if err != nil {
			return
		}
		text, err := at.MarshalText()
		if err != nil {
			t.Fatalf("%q became a time that cannot be written: %v", raw, err)
		}
		again, err := decodeTimestamp(json.RawMessage(`"` + string(text) + `"`))
		if err != nil || !again.Equal(at) {
			t.Errorf("%q became %s, which becomes %v: %v", raw, text, again, err)
		}
	})
}

func FuzzExplanation(f *testing.F) {
	f.Add([]byte(`{"message":"invalid","errors":{"name":["too long"],"x":{"message":{"message":"deep"}}}}`))
	f.Add([]byte(`{"error":[{"field":"name","message":"` + token + `"}]}`))
	f.Add([]byte("<html>\xff\u200b" + token))
	f.Fuzz(func(t *testing.T, body []byte) {
		message := tidy(explanation(body), newRedactor(token))
		if !utf8.ValidString(message) || utf8.RuneCountInString(message) > maxMessage || strings.Contains(message, token) {
			t.Errorf("%q became %q", body, message)
		}
		if strings.ContainsFunc(message, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("%q became %q, which cannot be printed", body, message)
		}
	})
}

func FuzzRetryAfter(f *testing.F) {
	for _, value := range []string{"", "7", "-7", "99999999999999999999", "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT"} {
		f.Add(value)
	}
	now := time.Date(1994, 11, 6, 8, 40, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, value string) {
		until := retryAfter(value, now)
		if !until.IsZero() && (!until.After(now) || until.After(now.Add(maxRetryAfter))) {
			t.Errorf("%q became %v", value, until)
		}
	})
}

func FuzzRedirected(f *testing.F) {
	for _, location := range []string{"", "/elsewhere", "https://evil.example/" + token, "https://" + token + ".example", "//\u200b", ":", "%zz", "http://[::1"} {
		f.Add(location)
	}
	f.Fuzz(func(t *testing.T, location string) {
		from := httptest.NewRequest(http.MethodGet, "https://api.klink.cloud/api/v1/groups", nil)
		c := &Client{redact: newRedactor(token), base: Endpoint{from.URL}}
		message := c.refused(&http.Response{StatusCode: http.StatusFound, Header: http.Header{"Location": {location}}, Request: from, Body: http.NoBody}).Message
		if !utf8.ValidString(message) || utf8.RuneCountInString(message) > maxMessage || strings.Contains(message, token) {
			t.Errorf("%q became %q", location, message)
		}
	})
}

func FuzzRedact(f *testing.F) {
	f.Add("a "+token+" b", token)
	f.Add(`%41\u0042&#67;`, "ABC")
	f.Fuzz(func(t *testing.T, text, secret string) {
		if CheckToken(secret) != nil {
			return
		}
		if kept := newRedactor(secret)(text); kept != redacted && strings.Contains(kept, secret) {
			t.Errorf("%q stays in %q", secret, kept)
		}
	})
}
