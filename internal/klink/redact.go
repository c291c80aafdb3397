// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"encoding/base64"
	"encoding/hex"
	"html"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

const (
	// redacted stands in the place of a text that shows the token, or a part of it.
	redacted = "[redacted: the token stood here]"
	// window is how many characters in a row are a part of the token.
	window = 8
	// maxUnescapes is how often a text may have been escaped.
	maxUnescapes = 8
)

// A redactor replaces a text that shows the token. It is a function so that no printer, however
// deep it looks, finds the token in it.
type redactor func(text string) string

func newRedactor(token string) redactor {
	if token == "" {
		return func(text string) string { return text }
	}
	shows := finder(token)
	return func(text string) string {
		if shows(text) {
			return redacted
		}
		return text
	}
}

// finder looks for any part of the token, in whichever spelling: in another case, with separators,
// escaped as in JSON, URLs or HTML, in hexadecimal digits, in base64 with whatever before it.
func finder(token string) func(text string) bool {
	parts := map[string]bool{}
	var length [2]int // of the parts in either spelling
	spell := [2]func(string) string{lettersAndDigits, withoutSpace}
	for i := range spell {
		length[i] = min(window, len(spell[i](token)))
	}
	if length[0] < window-2 {
		length[0] = 0 // too few letters and digits to be told from any text
	}
	known := []string{token}
	if plain := unescape(token); plain != token {
		known = append(known, plain) // a token that looks like escapes
	}
	for _, token := range known {
		for i := range spell {
			eachWindow(spell[i](token), length[i], func(part string) bool { parts[part] = true; return false })
		}
	}
	shown := func(text string) bool {
		for i := range spell {
			if eachWindow(spell[i](text), length[i], func(part string) bool { return parts[part] }) {
				return true
			}
		}
		return false
	}
	return func(text string) bool {
		for range maxUnescapes {
			if shown(text) || decoded(text, shown) {
				return true
			}
			next := unescapeOnce(text)
			if next == text {
				return false
			}
			text = next
		}
		return true // nobody escapes so often without a reason
	}
}

// eachWindow calls found with each part of that length, until it is satisfied.
func eachWindow(text string, length int, found func(part string) bool) bool {
	for i := 0; length > 0 && i+length <= len(text); i++ {
		if found(text[i : i+length]) {
			return true
		}
	}
	return false
}

// lettersAndDigits drops whatever could separate the characters of a token.
func lettersAndDigits(text string) string {
	return strings.Map(func(r rune) rune {
		if r = unicode.ToLower(r); r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, text)
}

// withoutSpace keeps what a token may consist of.
func withoutSpace(text string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return -1
		}
		return unicode.ToLower(r)
	}, text)
}

// decoded looks into what a text is, read as hexadecimal digits or as base64. What stands before the
// token shifts it, so that it is looked for at each alignment.
func decoded(text string, shown func(string) bool) bool {
	digits := keep(text, "0123456789abcdefABCDEF")
	for shift := range min(2, len(digits)) {
		raw, _ := hex.DecodeString(digits[shift : shift+(len(digits)-shift)/2*2])
		if shown(string(raw)) {
			return true
		}
	}
	for _, letters := range []string{"+/", "-_"} {
		plain := keep(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"+letters)
		plain = strings.NewReplacer("-", "+", "_", "/").Replace(plain)
		for shift := range min(4, len(plain)) {
			rest := plain[shift:]
			if len(rest)%4 == 1 {
				rest = rest[:len(rest)-1]
			}
			raw, _ := base64.RawStdEncoding.DecodeString(rest)
			if shown(string(raw)) {
				return true
			}
		}
	}
	return false
}

func keep(text, letters string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(letters, r) {
			return r
		}
		return -1
	}, text)
}

func unescape(text string) string {
	for range maxUnescapes {
		next := unescapeOnce(text)
		if next == text {
			break
		}
		text = next
	}
	return text
}

var (
	hexEscape   = regexp.MustCompile(`(?i)%[0-9a-f]{2}|\\+u00[0-9a-f]{2}|\\+x[0-9a-f]{2}|0x[0-9a-f]{2}`)
	quoteEscape = regexp.MustCompile(`\\+([!-~])`)
)

// unescapeOnce reads one level of the escapes of JSON, URLs and HTML.
func unescapeOnce(text string) string {
	text = hexEscape.ReplaceAllStringFunc(text, func(escape string) string {
		value, _ := strconv.ParseUint(escape[len(escape)-2:], 16, 8)
		return string(rune(value))
	})
	return html.UnescapeString(quoteEscape.ReplaceAllString(text, "$1"))
}
