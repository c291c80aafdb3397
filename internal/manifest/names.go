// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package manifest

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/klink-cloud/klink-operator/internal/remote"
)

const (
	// longestStem leaves room for a suffix within the 63 characters of a label.
	longestStem = 50
	// nameless is the stem of a group in whose name no letter or digit is ASCII.
	nameless = "group"
)

// Names gives each remote group a metadata.name, by its id. The names are RFC 1123
// labels, distinct, and the same in each run: they depend on the groups alone, not
// on their order. Of groups whose names look alike the oldest gets the plain name,
// and the others one that ends in a digest of their id; so does each whose plain
// name is taken: taken says, by name, which id has it. A group that has a name already, as
// kept says by its id, keeps that, whatever it is called by now.
func Names(groups []remote.Group, taken, kept map[string]string) map[string]string {
	groups = slices.Clone(groups)
	slices.SortFunc(groups, func(a, b remote.Group) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), strings.Compare(a.ID, b.ID))
	})
	plain := map[string]bool{}
	for _, g := range groups {
		plain[stem(g.Name)] = true
	}
	names, used := make(map[string]string, len(groups)), map[string]bool{}
	keep := func(g remote.Group) bool {
		id, known := taken[kept[g.ID]]
		return kept[g.ID] != "" && (!known || id == g.ID)
	}
	for _, g := range groups {
		if keep(g) {
			used[kept[g.ID]], names[g.ID] = true, kept[g.ID]
		}
	}
	for _, g := range groups {
		if keep(g) {
			continue
		}
		free := func(name string) bool {
			id, known := taken[name]
			return !used[name] && (!known || id == g.ID)
		}
		name := stem(g.Name)
		if name == nameless || special.MatchString(name) || !free(name) {
			name = suffixed(g, func(name string) bool { return !plain[name] && free(name) })
		}
		used[name], names[g.ID] = true, name
	}
	return names
}

// special are the names that a file of a Group cannot have: that of the folder's own
// kustomization, and those that Windows keeps for devices, whatever their ending.
var special = regexp.MustCompile(`^(kustomization|con|prn|aux|nul|com[0-9]|lpt[0-9])$`)

// suffixed is the name of a group that cannot have its plain one. Somebody may have named
// others after its digest: a longer one then, and others than that.
func suffixed(g remote.Group, free func(name string) bool) string {
	for salt := g.ID; ; salt += "+" {
		sum := sha256.Sum256([]byte(salt))
		digest := hex.EncodeToString(sum[:])
		for length := 6; length <= longestDigest; length += 2 {
			if name := stem(g.Name) + "-" + digest[:length]; free(name) {
				return name
			}
		}
	}
}

// longestDigest is as much of a digest as fits behind the longest stem.
const longestDigest = 63 - longestStem - 1

// stem turns a remote name into the beginning of an object's name: letters without
// their marks, in lower case, and everything else as single dashes.
func stem(name string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(name) {
		r = unicode.ToLower(r)
		switch {
		case r < unicode.MaxASCII && (r >= 'a' && r <= 'z' || r >= '0' && r <= '9'):
			b.WriteRune(r)
		case unicode.Is(unicode.Mn, r): // the mark of a letter
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() >= longestStem {
			break
		}
	}
	if s := strings.Trim(b.String(), "-"); s != "" {
		return s
	}
	return nameless
}
