// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// each writes every byte of the token by a format.
func each(format string) string {
	var out strings.Builder
	for i := range len(token) {
		fmt.Fprintf(&out, format, token[i])
	}
	return out.String()
}

// TestTheTokenIsShownInNoSpelling: an API that quoted the request showed all but the first character
// of the token, its second line, and its base64.
func TestTheTokenIsShownInNoSpelling(t *testing.T) {
	const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJrbGluayJ9.c2lnbmF0dXJl-_x"
	quoted, _ := json.Marshal(token + "<")
	again, _ := json.Marshal(string(quoted))
	middle := token[5:20]
	tests := map[string]string{
		"as it is":              token,
		"without its first":     token[1:],
		"cut short":             token[:16],
		"eight in a row":        token[9:17],
		"eight with signs":      token[3:11],
		"in another case":       strings.ToUpper(token),
		"spaced":                strings.Join(strings.Split(token, ""), " "),
		"hyphened":              strings.Join(strings.Split(token[15:], ""), "-"),
		"over two lines":        token[:12] + "\r\n\t" + token[12:],
		"with invisible parts":  strings.Join(strings.Split(token, ""), "\u200b"),
		"query":                 url.QueryEscape(token),
		"path":                  url.PathEscape(token),
		"encoded twice":         url.QueryEscape(url.QueryEscape(token)),
		"all percent":           each("%%%02x"),
		"all percent twice":     each("%%25%02X"),
		"all unicode":           each(`\u%04x`),
		"unicode twice":         each(`\\u%04X`),
		"all HTML":              each("&#%d;"),
		"all HTML, hexadecimal": each("&#x%x;"),
		"JSON":                  string(quoted),
		"JSON twice":            string(again),
		"slashes":               strings.ReplaceAll(token, "/", `\/`),
		"HTML":                  strings.ReplaceAll(html.EscapeString(token), "/", "&#x2F;"),
		"hex":                   hex.EncodeToString([]byte(token)),
		"hex in capitals":       strings.ToUpper(hex.EncodeToString([]byte(token))),
		"hex with colons":       each(":%02x"),
		"hex with prefixes":     each("0x%02x, "),
		"base64":                base64.StdEncoding.EncodeToString([]byte(token)),
		"base64, for URLs":      base64.URLEncoding.EncodeToString([]byte(token)),
		"base64, no padding":    base64.RawURLEncoding.EncodeToString([]byte(token)),
		"base64 behind one":     base64.StdEncoding.EncodeToString([]byte("x" + token)),
		"base64 behind two":     base64.StdEncoding.EncodeToString([]byte("xy" + token)),
		"base64 of a header":    base64.StdEncoding.EncodeToString([]byte("Bearer " + token)),
		"base64 of a part":      base64.StdEncoding.EncodeToString([]byte(middle)),
		"base64 over lines":     strings.Join(strings.SplitAfterN(base64.StdEncoding.EncodeToString([]byte(token)), "", 20), "\n"),
		"base64 in a URL":       url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(token))),
	}
	redact := newRedactor(token)
	for name, spelled := range tests {
		for _, around := range []string{"%s", "a %s b", "ab: %s.", `{"message":"no","sent":"abc%s"}`} {
			if text := fmt.Sprintf(around, spelled); redact(text) != redacted {
				t.Errorf("%s: it stays in %q", name, text)
			}
		}
	}
	for _, part := range []string{jwt[1:], jwt[21:40], jwt[37:], strings.ToLower(jwt)} {
		if newRedactor(jwt)("of a JWT: "+part) != redacted {
			t.Errorf("it stays in %q", part)
		}
	}
	for _, other := range []string{
		"", "a text", token[:7], token[20:27], `%`, `\`, `\u00`, `&`, `&#`, "100%",
		"name is too long: at most 255 characters", `{"message":"no such group","code":404}`, "dial tcp 127.0.0.1:443: connect: connection refused",
		strings.Repeat("the group was not found; ", 40),
	} {
		if got := redact(other); got != other {
			t.Errorf("%q became %q", other, got)
		}
	}
	if got := newRedactor(`%41b\u0041b&`)(`x%41b\u0041b&y`); got != redacted {
		t.Errorf("a token that looks like escapes: got %q", got)
	}
	if got := newRedactor("short")("it is s-h-o-r-t, or short"); got != redacted {
		t.Errorf("a short token: got %q", got)
	}
	if got := newRedactor("%41%42%43%44%45%46%47%48")("the server read ABCDEFGH"); got != redacted {
		t.Errorf("a token whose escapes were read: got %q", got)
	}
	for _, token := range []string{"aaaaaaaa", "zzzzzzzz", "00000000", "99999999", "a-b-c-d-e-f"} {
		if got := newRedactor(token)("it is " + strings.Join(strings.Split(lettersAndDigits(token), ""), ".")); got != redacted {
			t.Errorf("%s, with other separators: got %q", token, got)
		}
	}
	if got := newRedactor("a-b-c-d-e")("abcde"); got != "abcde" {
		t.Errorf("so few letters stand in many texts, got %q", got)
	}
	for _, token := range []string{"", "%20%20"} {
		if got := newRedactor(token)("a text"); got != "a text" {
			t.Errorf("the token %q stands in each text: %q", token, got)
		}
	}
	const signs = "???>>>???>>>" // in base64 each fourth letter is one that URLs write otherwise
	if got := newRedactor(signs)(base64.URLEncoding.EncodeToString([]byte(signs))); got != redacted {
		t.Errorf("base64 for URLs: got %q", got)
	}
	if got := redact("x%" + strings.Repeat("25", 30) + "41"); got != redacted {
		t.Errorf("a text without an end of escapes: got %q", got)
	}
}

func TestTheTokenIsShownInNoMixture(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringMatching(`[!-~]{8,40}`).Draw(t, "secret")
		var quoted strings.Builder
		for i := range len(secret) {
			b := secret[i : i+1]
			switch rapid.IntRange(0, 4).Draw(t, "spelling") {
			case 0:
				quoted.WriteString(b)
			case 1:
				quoted.WriteString(url.QueryEscape(b))
			case 2:
				fmt.Fprintf(&quoted, `\u%04x`, b[0])
			case 3:
				quoted.WriteString(html.EscapeString(b))
			case 4:
				quoted.WriteString("\n" + b)
			}
		}
		if got := newRedactor(secret)("<" + quoted.String()); got != redacted {
			t.Fatalf("%q stays in %q", secret, got)
		}
	})
}
