// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"encoding/base64"
	"encoding/hex"
	"html"
	"regexp"
	"slices"
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
	shown := partsOf(token)
	return func(text string) bool {
		for range maxUnescapes {
			before := text
			for _, read := range escapes { // one by one: what a token looks like may be an escape
				if shown(text) || decoded(text, shown) {
					return true
				}
				text = read(text)
			}
			if text == before {
				return false
			}
		}
		return true // nobody escapes so often without a reason
	}
}

// partsOf looks for any part of the token that no escape hides.
func partsOf(token string) func(text string) bool {
	var known []func(text string) bool
	for _, token := range []string{token, unescape(token)} { // a token may look like escapes
		known = append(known, windowsOf(withoutSpace(token), withoutSpace))
		if few := lettersAndDigits(token); len(few) >= window-2 { // fewer are not to be told from any text
			known = append(known, windowsOf(few, lettersAndDigits))
		}
	}
	return func(text string) bool {
		return slices.ContainsFunc(known, func(shown func(string) bool) bool { return shown(text) })
	}
}

// windowsOf looks for any characters in a row of a token in texts that are spelled as it is.
func windowsOf(token string, spell func(string) string) func(text string) bool {
	parts, length := map[string]bool{}, min(window, len(token))
	eachWindow(token, length, func(part string) bool { parts[part] = true; return false })
	return func(text string) bool {
		return eachWindow(spell(text), length, func(part string) bool { return parts[part] })
	}
}

// eachWindow calls found with each part of that length, until it is satisfied.
func eachWindow(text string, length int, found func(string) bool) bool {
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

// withoutSpace keeps what a token may consist of, but for the backslash, which may be of the token
// or of how it is quoted.
func withoutSpace(text string) string {
	return strings.Map(func(r rune) rune {
		if !mayBeInToken(r) || r == '\\' {
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
			raw, _ := base64.RawStdEncoding.DecodeString(plain[shift:]) // a letter too many is no harm
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
		for _, read := range escapes {
			text = read(text)
		}
	}
	return text
}

var (
	hexEscape   = regexp.MustCompile(`(?i)%[0-9a-f]{2}|\\+u00[0-9a-f]{2}|\\+x[0-9a-f]{2}|0x[0-9a-f]{2}`)
	quoteEscape = regexp.MustCompile(`\\+([[:graph:]])`)
	// escapes read one level of the escapes of URLs and JSON, of HTML, and of quoted texts.
	escapes = []func(string) string{
		func(text string) string {
			return hexEscape.ReplaceAllStringFunc(text, func(escape string) string {
				value, _ := strconv.ParseUint(escape[len(escape)-2:], 16, 8)
				return string(rune(value))
			})
		},
		html.UnescapeString,
		func(text string) string { return quoteEscape.ReplaceAllString(text, "$1") },
	}
)
