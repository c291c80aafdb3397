// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"encoding/hex"
	"html"
	"slices"
	"strings"
)

// redacted stands where the token stood.
const redacted = "[redacted]"

// prefixLength is how much of a token's beginning is taken for the token: an API may quote it
// cut short.
const prefixLength = 12

// A redactor takes a token out of text. It is a function so that no printer, however deep
// it looks, finds the token in it.
type redactor func(text string) string

func newRedactor(token string) redactor {
	return func(text string) string { return redact(text, token) }
}

// redact replaces token wherever it stands: as it is, percent-encoded, escaped as in JSON or HTML, in
// any mixture of these, or cut short.
func redact(text, token string) string {
	if token == "" {
		return text
	}
	var out strings.Builder
	for i := 0; i < len(text); {
		if end := matchToken(text[i:], token); end > 0 {
			out.WriteString(redacted)
			i += end
			continue
		}
		out.WriteByte(text[i])
		i++
	}
	return out.String()
}

// matchToken returns the length of the token that text begins with, in whichever spelling, or 0.
// A token may itself hold what looks like an escape, so all ways to read text are followed.
func matchToken(text, token string) int {
	ends, matched := []int{0}, 0
	for matched < len(token) {
		var next []int
		for _, end := range ends {
			for _, n := range spellings(text[end:], token[matched]) {
				if !slices.Contains(next, end+n) {
					next = append(next, end+n)
				}
			}
		}
		if len(next) == 0 {
			break
		}
		ends = next
		matched++
	}
	if matched < min(prefixLength, len(token)) {
		return 0
	}
	return slices.Max(ends)
}

// spellings returns the lengths of the spellings of b that text begins with.
func spellings(text string, b byte) []int {
	if text == "" {
		return nil
	}
	text = text[:min(len(text), longestSpelling)]
	var found []int
	if text[0] == b {
		found = append(found, 1)
	}
	add := func(n int) {
		if n > 0 {
			found = append(found, n)
		}
	}
	switch text[0] {
	case '%':
		add(percent(text, b))
	case '\\':
		add(backslash(text, b))
	case '&':
		add(entity(text, b))
	}
	return found
}

// percent matches %41, or %2541 when it was encoded twice.
func percent(text string, b byte) int {
	rest := text[1:]
	if hexByte(rest, b) {
		return len("%41")
	}
	for strings.HasPrefix(rest, "25") {
		rest = rest[2:]
	}
	if hexByte(rest, b) {
		return len(text) - len(rest) + 2
	}
	return 0
}

// backslash matches \/ and \u0041 and \x41, with more backslashes when it was escaped twice.
func backslash(text string, b byte) int {
	rest := strings.TrimLeft(text, `\`)
	at := len(text) - len(rest)
	for _, prefix := range []string{"u00", "x"} {
		if after, ok := strings.CutPrefix(rest, prefix); ok && hexByte(after, b) {
			return at + len(prefix) + 2
		}
	}
	if rest != "" && rest[0] == b {
		return at + 1
	}
	return 0
}

// entity matches &#65; and &#x41; and &amp;.
func entity(text string, b byte) int {
	end := strings.IndexByte(text[:min(len(text), 12)], ';')
	if end < 0 || html.UnescapeString(text[:end+1]) != string(rune(b)) {
		return 0
	}
	return end + 1
}

// longestSpelling bounds the search for the end of one spelling: a text of escapes alone must not
// be searched to its end from each of its characters.
const longestSpelling = 64

// hexByte says whether text begins with the two hexadecimal digits of b.
func hexByte(text string, b byte) bool {
	if len(text) < 2 {
		return false
	}
	value, err := hex.DecodeString(text[:2])
	return err == nil && value[0] == b
}
