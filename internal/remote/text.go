// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package remote

import (
	"strings"
	"unicode"
)

// IsPlain reports whether a character can be shown anywhere: what does not print, a terminal
// could obey.
func IsPlain(r rune) bool { return r != unicode.ReplacementChar && unicode.IsPrint(r) }

// Plain is a text of others as it may be shown: with a blank in the place of each character
// that is not plain.
func Plain(text string) string {
	return strings.Map(func(r rune) rune {
		if IsPlain(r) {
			return r
		}
		return ' '
	}, text)
}
