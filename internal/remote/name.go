// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package remote

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// NameKey is the same for names that an API may take for one: those that are equal after
// trimming, Unicode's composition (NFC) and case folding.
func NameKey(name string) string {
	folded := strings.Map(fold, norm.NFC.String(strings.TrimSpace(name)))
	return norm.NFC.String(folded)
}

// fold returns the least of the runes that differ from r in case alone.
func fold(r rune) rune {
	least := r
	for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
		least = min(least, other)
	}
	return least
}
