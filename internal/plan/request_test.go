// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plan

import (
	"strings"
	"testing"
	"unicode"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// A status echoed 200,000 characters, terminal escapes among them, for those who look.
func TestARequestIsEchoedWithinBoundsAndHandledOnce(t *testing.T) {
	seen := map[string]string{}
	for _, requested := range []string{
		"", "2026-03-01T12:00:00Z", "été", strings.Repeat("é", 256), strings.Repeat("é", 257), strings.Repeat("é", 300) + "again",
		"clear\x1b[2J", "clear [2J", "clear\n[2J", strings.Repeat("\x1b\r\n", 70_000), "\xff", "�", " ",
	} {
		echo := Echo(requested)
		if n := len([]rune(echo)); n > 256 || strings.ContainsFunc(echo, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("%.20q is echoed in %d characters as %q", requested, n, echo)
		}
		if other, echoed := seen[echo]; echoed {
			t.Errorf("%.20q is echoed as %.20q is: it would not be handled after it", requested, other)
		}
		seen[echo] = requested
		g := &v1alpha1.Group{}
		g.Annotations = map[string]string{v1alpha1.AnnotationReconcileRequestedAt: requested}
		if requested != "" && !Requested(g) {
			t.Errorf("%.20q asks for nothing", requested)
		}
		if g.Status.LastHandledReconcileAt = echo; Requested(g) {
			t.Errorf("%.20q is handled, and would be again", requested)
		}
	}
	for _, usual := range []string{"2026-03-01T12:00:00Z", "été", strings.Repeat("é", 256)} {
		if Echo(usual) != usual {
			t.Errorf("%q is echoed as %q, for which its author does not wait", usual, Echo(usual))
		}
	}
}
