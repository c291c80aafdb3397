// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klink-cloud/klink-operator/internal/simulator"
	"github.com/klink-cloud/klink-operator/test/harness/worlds"
)

// awkward are texts that something between an account and a cluster has once misread: a
// shell, YAML in its versions, kustomize, or a terminal.
var awkward = []string{
	"Plaza Hotel", "plaza-hotel", "PLAZA HOTEL", "plaza  hotel!", "Kustomization", "not-declared", "con", "NUL",
	"no", "No", "yes", "y", "n", "on", "off", "true", "False", "null", "Null", "~", "0", "00", "0x1f", "0o14", "014", "0b11", "1_000", "1e3", "1.0", "-1", "+1",
	".5", ".inf", "-.INF", ".nan", "190:20:30", "2001-01-01", "2001-12-14t21:59:43.10-05:00", "<<", "=", "!!str x", "&anchor", "*alias", "%TAG", "@at", "`tick`",
	"---", "--- # x", "...", "- dash", "-", "--dash", "? key", ": value", "key: value", "a: b: c", "# no comment", "a # comment", "a\t# tab", "[a]", "{a: b}", "a, b", "|", ">", "|-\n x",
	`"quoted"`, `'quoted'`, `it's "so"`, `back\slash`, `\x41\u0041`, "a\nb", "a\n\nb", "a\r\nb", "a\rb", "a\tb", "a\u2028b", "a\u2029b", "a\u00a0b", "a\u200bb", "a\ufeffb", "\ufeffbom",
	"a\x1b[31mred\x1b[0m", "a\x07b", "a\x00b", "a\u0001b", "\u202eright-to-left\u202c", "مجموعة الفندق", "קבוצה", "宴会", "日本語 グループ", "한국어", "ไทย", "🏨", "👩‍👩‍👧‍👦 family", "🇨🇭",
	"Ünïcödé", "Cafe\u0301", "Café", "ß", "İstanbul", "ﬁ ligature", "Zalgo t̷̢e̶x̸t", "\u0301combining first", "𝓢𝓬𝓻𝓲𝓹𝓽", "\U0010fffd", "\ufffd",
	"../../etc/passwd", "/etc/passwd", `..\..\windows`, "a/b", ".hidden", "~root", "$HOME", "${HOME}", "$(id)", "`id`", "{{ .Values }}", "%s%n", "a;b|c&d", "*.yaml", "-n kube-system", "--kubeconfig=x",
	strings.Repeat("x", 255), strings.Repeat("宴", 255), strings.Repeat("🏨", 255), strings.Repeat("a b ", 63) + "end",
}

// undeclarable are texts that kustomize changes, or fails on.
var undeclarable = []string{"a\x7fb", "a\u0080b", "a\u0085b", "a\u0085", "a\u009fb", "a\ufffeb", "a\uffffb"}

// many is how many groups of awkward names are imported.
const many = 1000

// TestImportOfAThousandAwkwardGroupsWritesNothing: the files of an import are applied as
// GitOps does, and the operator adopts every group without a single write.
func TestImportOfAThousandAwkwardGroupsWritesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for n := range many {
		name := awkward[n%len(awkward)]
		g := simulator.Group{Name: name, Contacts: []simulator.Contact{}, CreatedAt: time.Unix(int64(n/len(awkward)), 0)} // several of one second
		if n >= 4*len(awkward) && len(name) < 200 {
			g.Name = fmt.Sprintf("%s %d", name, n)
		}
		g.Description = new(awkward[(n+n/len(awkward)+1)%len(awkward)] + strings.Repeat("\n", n%3))
		for m := range n % 4 {
			g.Contacts = append(g.Contacts, simulator.Contact{Username: awkward[(n+31*m)%len(awkward)]})
		}
		if n%10 == 0 {
			g.ArchivedAt = time.Unix(int64(n+1), 0)
		}
		w.sim.Seed(g)
	}
	for _, name := range undeclarable {
		w.sim.Seed(simulator.Group{Name: name})
		w.sim.Seed(simulator.Group{Name: "-", Description: &name, ArchivedAt: time.Unix(1, 0)})
	}
	folder := filepath.Join(t.TempDir(), "manifests")
	w.want(w.klink("import", "--connection", "kconn/sim", "--dir", folder, "--contacts=Exact"), 1, "1007 of 1014 groups declared, 7 of them in part; 7 cannot be declared")
	again := w.want(w.klink("import", "--connection", "kconn/sim", "--dir", folder, "--contacts=Exact"), 1)
	if again.out != "" {
		t.Error(again.out)
	}
	w.apply("--server-side", "-k", folder)
	w.sim.ResetRequests()
	w.operate()
	w.groups.awaitAll(many + len(undeclarable))
	w.listed(2) // what they would correct, they correct by now
	w.wantNoWrites()
	w.want(w.klink("import", "--connection", "kconn/sim", "-o", "name"), 1, "1007 in the cluster already")
}

// listed waits until the operator has begun to list the account so many more times.
func (w *world) listed(times int) {
	w.Helper()
	begun := func() (n int) {
		for _, r := range w.sim.Requests() {
			if r.Kind() == "GET list" && !strings.Contains(r.Query, "starting_after") {
				n++
			}
		}
		return n
	}
	before := begun()
	worlds.Eventually(w, 5*time.Minute, time.Second, func() string {
		if n := begun() - before; n < times {
			return fmt.Sprintf("%d of %d listings", n, times)
		}
		return ""
	})
}
