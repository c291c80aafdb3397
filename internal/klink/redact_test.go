// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"html"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestRedact(t *testing.T) {
	escape := func(format func(b byte) string) string {
		var out strings.Builder
		for i := range len(token) {
			out.WriteString(format(token[i]))
		}
		return out.String()
	}
	tests := map[string]string{
		"as it is":          token,
		"query":             url.QueryEscape(token),
		"path":              url.PathEscape(token),
		"encoded twice":     url.QueryEscape(url.QueryEscape(token)),
		"all percent":       escape(func(b byte) string { return "%" + hexDigits(b) }),
		"all percent twice": escape(func(b byte) string { return "%25" + strings.ToUpper(hexDigits(b)) }),
		"all unicode":       escape(func(b byte) string { return `\u00` + hexDigits(b) }),
		"unicode twice":     escape(func(b byte) string { return `\\u00` + strings.ToUpper(hexDigits(b)) }),
		"slashes":           strings.ReplaceAll(token, "/", `\/`),
		"partly unicode":    strings.ReplaceAll(strings.ReplaceAll(token, "=", `\u003d`), "+", `\u002B`),
		"HTML":              strings.ReplaceAll(html.EscapeString(token), "/", "&#x2F;"),
		"HTML decimal":      strings.ReplaceAll(token, "+", "&#43;"),
		"cut short":         token[:16],
	}
	for name, spelled := range tests {
		t.Run(name, func(t *testing.T) {
			if got, want := redact("a "+spelled+" b "+spelled, token), "a "+redacted+" b "+redacted; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
	for _, other := range []string{"", "a text", token[:prefixLength-1], `%`, `\`, `\u00`, `&`, `&#`, "100%"} {
		if got := redact(other, token); got != other {
			t.Errorf("%q became %q", other, got)
		}
	}
	if got := redact(`x%41b\u0041b&y`, `%41b\u0041b&`); got != "x"+redacted+"y" {
		t.Errorf("a token that looks like escapes: got %q", got)
	}
}

func TestRedactAnyMixture(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringMatching(`[!-~]{1,40}`).Draw(t, "secret")
		var quoted strings.Builder
		for i := range len(secret) {
			b := secret[i : i+1]
			switch rapid.IntRange(0, 3).Draw(t, "spelling") {
			case 0:
				quoted.WriteString(b)
			case 1:
				quoted.WriteString(url.QueryEscape(b))
			case 2:
				quoted.WriteString(`\u00` + hexDigits(b[0]))
			case 3:
				quoted.WriteString(html.EscapeString(b))
			}
		}
		if got := redact("<"+quoted.String(), secret); !strings.Contains(got, redacted) {
			t.Fatalf("%q stays in %q", secret, got)
		}
	})
}

func hexDigits(b byte) string {
	const digits = "0123456789abcdef"
	return string(digits[b>>4]) + string(digits[b&15])
}
